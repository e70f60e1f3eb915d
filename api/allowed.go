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
	if id := c.Param("ticket"); id != "" && f.Class != workflow.ClassNotFound {
		if _, err := readDesk[*workflow.Ticket](c, aTicket.ref(c)); err == nil {
			p.Allowed, _ = c.ticketSteps(workflow.RecordID(id))
		}
	}
	return p
}

// ticketStepsOf are the last words of the addresses that move a ticket on, by their commands.
func ticketStepsOf(routes []*route) map[workflow.Kind]string {
	steps := map[workflow.Kind]string{}
	for _, r := range routes {
		rest, below := strings.CutPrefix(r.path, site+"/tickets/:ticket/")
		if below && r.kind != "" {
			steps[r.kind] = path.Base(rest)
		}
	}
	return steps
}

// ticketSteps lists the steps of a ticket that are open to the caller, named like their addresses.
func (c *call) ticketSteps(id workflow.RecordID) ([]string, error) {
	names := []string{}
	ref := workflow.RecordRef(workflow.Tickets, id)
	var needs []workflow.Ref
	if err := c.view([]workflow.Ref{ref}, func(b *workflow.Board) error {
		needs = b.TicketNeeds(id)
		return nil
	}); err != nil {
		return names, err
	}
	err := c.view(needs, func(b *workflow.Board) error {
		for _, k := range b.TicketAllows(c.key.Actor(), id, c.now()) {
			names = append(names, c.api.ticketSteps[k])
		}
		return nil
	})
	return names, err
}
