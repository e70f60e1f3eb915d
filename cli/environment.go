package cli

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/alecthomas/kong"
)

// readEnvironment makes the parser take flags from the World's environment. Left alone it would
// ask the process's, and no two tests could run side by side.
func (w *World) readEnvironment(k *kong.Kong) error {
	variables := map[*kong.Value]string{}
	err := kong.Visit(k.Model, func(node kong.Visitable, next kong.Next) error {
		if f, ok := node.(*kong.Flag); ok && len(f.Tag.Envs) > 0 {
			variables[f.Value] = f.Tag.Envs[0]
			f.Help = kong.DefaultHelpValueFormatter(f.Value) // it names the variable
			f.Tag.Envs = nil
		}
		return next(nil)
	})
	if err != nil {
		return err
	}
	return kong.Resolvers(kong.ResolverFunc(
		func(_ *kong.Context, _ *kong.Path, f *kong.Flag) (any, error) {
			variable := variables[f.Value]
			if variable == "" {
				return nil, nil
			}
			text, set := w.Env(variable)
			if !set {
				return nil, nil
			}
			return text, readable(f, variable, text)
		})).Apply(k)
}

// readable says which variable holds what its flag cannot take.
func readable(f *kong.Flag, variable, text string) error {
	scratch := reflect.New(f.Target.Type()).Elem()
	token := kong.Token{Type: kong.FlagValueToken, Value: text}
	err := f.Parse(kong.ScanFromTokens(token), scratch)
	if err == nil {
		return nil
	}
	// The parser puts the flag's name before it again.
	return fmt.Errorf("%w (from envar %s=%q)", errors.Unwrap(err), variable, text)
}
