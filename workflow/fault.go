package workflow

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

func notFound(what, id string) *Fault {
	return &Fault{Class: ClassNotFound, Code: what + "_not_found", Args: pairs("id", id)}
}

func invalid(code string, kv ...string) *Fault {
	return &Fault{Class: ClassInvalid, Code: code, Args: pairs(kv...)}
}

func refused(code, rule string, kv ...string) *Fault {
	return &Fault{Class: ClassRefused, Code: code, Rule: rule, Args: pairs(kv...)}
}

func forbidden(code, rule string, kv ...string) *Fault {
	return &Fault{Class: ClassForbidden, Code: code, Rule: rule, Args: pairs(kv...)}
}

// ErrNewer is returned when a stored commit needs a newer program.
var ErrNewer = errors.New("written by a newer lunpai")

// FaultClass sorts refusals for callers; the edge maps a class to a status.
type FaultClass string

// The classes.
const (
	ClassInvalid    FaultClass = "invalid"     // the command makes no sense as it stands
	ClassNotFound   FaultClass = "not_found"   // it names something that is not there
	ClassForbidden  FaultClass = "forbidden"   // the actor may not
	ClassWrongState FaultClass = "wrong_state" // the visit is not in a state for it
	ClassRefused    FaultClass = "refused"     // an article says no
)

// Fault is a refusal: nothing changed. Its words stand in package explain, in every language, by
// Code, Rule and Args.
type Fault struct {
	Class   FaultClass
	Code    string            // stable, one word for one cause
	Rule    string            // the article or parameter that refuses; "" when none does
	Args    map[string]string // who and what it is about: ids and words of closed sets
	Allowed []string          // the events that would be allowed instead
	Facts   []Fact            // how the rules arrived at it, where that helps
}

// Error names the code and the arguments; it is meant for logs and tests.
func (f *Fault) Error() string {
	s := f.Code
	for _, k := range slices.Sorted(maps.Keys(f.Args)) {
		s += " " + k + "=" + f.Args[k]
	}
	return s
}

// GapError is returned when a commit does not follow the board.
type GapError struct {
	Site    SiteID
	At, Got int64
}

func (e *GapError) Error() string {
	return fmt.Sprintf("site %s stands at commit %d, got %d", e.Site, e.At, e.Got)
}

// citing replaces a parameter's name in the fault's rule by its article.
func (f *Fault) citing(d *draft) *Fault {
	rule, param := d.cite(f.Rule)
	f.Rule = rule
	if param != "" {
		if f.Args == nil {
			f.Args = map[string]string{}
		}
		f.Args["parameter"] = param
	}
	return f
}
