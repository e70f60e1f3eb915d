package api

import (
	"errors"
	"path"
	"strings"

	"github.com/lunpai/lunpai/workflow"
)

// stepsOf are the last words of the addresses that move a visit on, by their events.
func stepsOf(routes []*route) map[workflow.Event]string {
	steps := map[workflow.Event]string{}
	for _, r := range routes {
		rest, below := strings.CutPrefix(r.path, site+"/visits/:visit/")
		if cmd, ok := workflow.CommandOf(r.kind); below && ok {
			steps[cmd.About().Event] = path.Base(rest)
		}
	}
	return steps
}

// allowed lists the steps of a visit that are open to the caller, named like their addresses. None
// are left when the visit is over.
func (c *call) allowed(v *workflow.Visit) []string {
	names := []string{}
	for _, e := range workflow.AllowedTo(c.key.Actor(), v) {
		names = append(names, c.api.steps[e])
	}
	return names
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
