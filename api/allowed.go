package api

import (
	"errors"
	"path"
	"strings"

	"github.com/lunpai/lunpai/workflow"
)

// eventKinds ties the events of a visit to the commands that cause them.
var eventKinds = map[workflow.Event]workflow.Kind{
	workflow.EventIdentify: workflow.KindIdentifyVisit, workflow.EventRecognise: workflow.KindRecogniseVisit,
	workflow.EventAssign: workflow.KindAssignVisit, workflow.EventReidentify: workflow.KindReidentifyVisit,
	workflow.EventHandOver: workflow.KindHandOver, workflow.EventChange: workflow.KindChangeLead,
	workflow.EventAddAssistant: workflow.KindAddAssistant, workflow.EventServe: workflow.KindServeVisit,
	workflow.EventRegister: workflow.KindRegisterVisit, workflow.EventAbandon: workflow.KindAbandonVisit,
	workflow.EventMerge: workflow.KindMergeVisit,
}

// stepsOf are the last words of the addresses of a visit's steps, by the command that each gives.
func stepsOf(routes []*route) map[workflow.Kind]string {
	steps := map[workflow.Kind]string{}
	for _, r := range routes {
		if rest, ok := strings.CutPrefix(r.path, site+"/visits/:visit/"); ok && r.kind != "" {
			steps[r.kind] = path.Base(rest)
		}
	}
	return steps
}

// allowed are the steps of a visit that are open to the caller, named like their addresses: none when it is over. A consultant
// takes those of his own visits, invites assistants where he receives, and may recognise whoever comes.
func (c *call) allowed(v *workflow.Visit) []string {
	steps := []string{}
	for _, e := range workflow.AllowedEvents(v) {
		kind := eventKinds[e]
		ok, own := workflow.MayCommand(kind, c.key.Role)
		switch {
		case !ok:
		case own && kind == workflow.KindAddAssistant && v.Server != c.key.Staff:
		case own && kind != workflow.KindRecogniseVisit && !v.Of(c.key.Staff):
		default:
			steps = append(steps, c.api.steps[kind])
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
