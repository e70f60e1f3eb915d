package scenario

import (
	"reflect"
	"strings"
	"testing"

	"github.com/lunpai/lunpai/workflow"
)

// TestVerbs: every placeholder of an address is a member of the command, which leaves the body;
// verbs that give the same command send it to the same address.
func TestVerbs(t *testing.T) {
	paths := map[reflect.Type]string{}
	for word, v := range verbs {
		if v.gives == nil {
			continue
		}
		cmd, ok := reflect.New(v.gives.Elem()).Interface().(workflow.Command)
		if !ok {
			t.Fatalf("%s: %s is no command", word, v.gives)
		}
		for i := range v.gives.Elem().NumField() {
			if f := reflect.ValueOf(cmd).Elem().Field(i); f.Kind() == reflect.String {
				f.SetString("x")
			}
		}
		req, err := v.request(NewRemote(nil, ""), cmd)
		if err != nil {
			t.Fatal(word, err)
		}
		if strings.Contains(req.path, "nil") {
			t.Errorf("%s: %s names what the command has not", word, req.path)
		}
		address := req.method + " " + req.path
		if before := paths[v.gives]; before != "" && before != address {
			t.Errorf("%s is sent to %s and to %s", v.gives, before, address)
		}
		paths[v.gives] = address
	}
}
