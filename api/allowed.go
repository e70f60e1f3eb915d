package api

import (
	"errors"
	"path"
	"strings"

	"github.com/lunpai/lunpai/workflow"
)

// step moves a visit on: the last word of its address, and the command it gives.
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

// allowed lists the steps of a visit that are open to the caller, named like their addresses. None
// are left when the visit is over. A consultant may take the steps of his own visits, invite
// assistants where he receives, and recognise any visitor.
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

// refused turns a refusal into what the caller reads. Beside a step of a visit it lists the steps
// that are open to the caller. A staff id in the address that names no consultant is answered as an
// address that does not exist.
func (c *call) refused(err error) error {
	var f *workflow.Fault
	if !errors.As(err, &f) {
		return err
	}
	p := fromFault(f, lang(c))
	if who := c.Param("staff"); who != "" && f.Class == workflow.ClassInvalid &&
		f.Code == "consultant_not_found" && f.Args["id"] == who {
		p.Status = faultStatus[workflow.ClassNotFound]
	}
	p.Allowed = nil
	if c.Param("visit") != "" && f.Class != workflow.ClassNotFound {
		if v, err := c.readVisit(); err == nil { // a visit the caller may not see is not mentioned
			p.Allowed = c.allowed(v)
		}
	}
	return p
}
