package api

import (
	"errors"
	"path"
	"strings"

	"github.com/lunpai/lunpai/workflow"
)

// step is what moves a visit on: the last word of its address, and the command that it gives.
type step struct {
	name string
	kind workflow.Kind
}

// stepsOf are the steps of a visit by their events.
func stepsOf(routes []*route) map[workflow.Event]step {
	steps := map[workflow.Event]step{}
	for _, r := range routes {
		rest, below := strings.CutPrefix(r.path, site+"/visits/:visit/")
		if cmd, ok := workflow.CommandOf(r.kind); below && ok {
			steps[cmd.About().Event] = step{path.Base(rest), r.kind}
		}
	}
	return steps
}

// allowed are the steps of a visit that are open to the caller, named like their addresses: none when it is over. A consultant
// takes those of his own visits, invites assistants where he receives, and may recognise whoever comes.
func (c *call) allowed(v *workflow.Visit) []string {
	steps := []string{}
	for _, e := range workflow.AllowedEvents(v) {
		s := c.api.steps[e]
		ok, own := workflow.MayCommand(s.kind, c.key.Role)
		switch {
		case !ok:
		case own && e == workflow.EventAddAssistant && v.Server != c.key.Staff:
		case own && e != workflow.EventRecognise && !v.Of(c.key.Staff):
		default:
			steps = append(steps, s.name)
		}
	}
	return steps
}

// refused is a refusal as the caller reads it: beside a visit's step stand those that are open to him, and somebody in the
// address who is no consultant here is an address that is not there.
func (c *call) refused(err error) error {
	var f *workflow.Fault
	if !errors.As(err, &f) {
		return err
	}
	p := fromFault(f, lang(c))
	if who := c.Param("staff"); who != "" && f.Class == workflow.ClassInvalid && f.Code == "consultant_not_found" && f.Args["id"] == who {
		p.Status = faultStatus[workflow.ClassNotFound]
	}
	p.Allowed = nil
	if c.Param("visit") != "" && f.Class != workflow.ClassNotFound {
		if v, err := c.readVisit(); err == nil { // what he may not see he learns nothing about
			p.Allowed = c.allowed(v)
		}
	}
	return p
}
