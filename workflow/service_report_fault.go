package workflow

import (
	"slices"
	"time"
)

// ReportFault reports a major fault (policy 3, item 7): whoever learns of it first tells when and
// where it happened, what is wrong and what is done about it.
type ReportFault struct {
	// Id of the new record.
	Fault RecordID `json:"fault"`
	// When it happened, now or earlier.
	OccurredAt time.Time `json:"occurred_at"`
	// Id of the note on where it happened.
	Place NoteID `json:"place"`
	// Id of the note on what is wrong.
	Symptoms NoteID `json:"symptoms"`
	// Id of the note on what is done about it, or tried first (A70).
	Plan NoteID `json:"plan"`
	// Departments that are concerned and told.
	Departments []Department `json:"departments,omitempty"`
	// Project that has the fault.
	Project ProjectID `json:"project,omitempty"`
	// Ticket that led to it.
	Ticket RecordID `json:"ticket,omitempty"`
	// Earlier fault that has come back.
	Recurs RecordID `json:"recurs,omitempty"`
}

func (*ReportFault) About() About {
	return About{
		Kind: "report_fault", May: serviceStaff, Rule: "P3-7", Scope: ScopeService, Since: 5,
	}
}

func (c *ReportFault) Needs(b *Board) []Ref {
	return []Ref{
		recordRef(MajorFaults, c.Fault), projectRef(b.ID, c.Project),
		recordRef(Tickets, c.Ticket), recordRef(MajorFaults, c.Recurs),
	}
}

func (c *ReportFault) texts() []string {
	all := []string{string(c.Project)}
	for _, dep := range c.Departments {
		all = append(all, string(dep))
	}
	return all
}

func (c *ReportFault) notes(SiteID) ([]NoteID, Ref) {
	return []NoteID{c.Place, c.Symptoms, c.Plan}, recordRef(MajorFaults, c.Fault)
}

func (c *ReportFault) decide(d *draft) *Fault {
	a, f := d.openDesk()
	if f != nil {
		return f
	}
	me, f := d.me("P3-7")
	if f != nil {
		return f
	}
	if f := c.check(d); f != nil {
		return f
	}
	h, f := d.newHead(MajorFaults, c.Fault, false)
	if f != nil {
		return f
	}
	x := add(d, &MajorFault{
		Head: h, State: FaultReported, ReportedBy: me.Staff, OccurredAt: c.OccurredAt,
		Place: c.Place, Symptoms: c.Symptoms, Plan: c.Plan,
		Departments: slices.Clone(c.Departments), Project: c.Project, Ticket: c.Ticket,
		Recurs: c.Recurs, ReportedAt: d.now, BusinessDay: d.today, Month: d.today.month(),
	})
	d.fact(FactFaultReported, "P3-7", x.ID, "by", string(me.Staff))
	d.tellHat("P3-7", DivisionManager, x.ID, "fault_reported")
	if signer := d.signerOf(c.Project); signer != "" {
		d.tell("P3-7", signer, x.ID, "fault_reported")
	} else {
		d.tellHat("P3-7", ContractSigner, x.ID, "fault_reported")
	}
	for _, dep := range c.Departments {
		d.tellGroup("P3-7", string(dep), x.ID, "fault_reported")
	}
	d.due(x, &a.Parameters)
	return nil
}

// check refuses a report that says too little, or names what is not there.
func (c *ReportFault) check(d *draft) *Fault {
	switch {
	case c.OccurredAt.IsZero() || c.Place == "" || c.Symptoms == "" || c.Plan == "":
		return invalidUnder("incomplete", "P3-7", "missing", missing(
			"place", c.Place, "symptoms", c.Symptoms, "plan", c.Plan))
	case c.OccurredAt.After(d.now):
		return refused("in_future", "P3-7", "moment", d.byTheClock(c.OccurredAt), "now",
			d.byTheClock(d.now))
	case slices.ContainsFunc(c.Departments, func(x Department) bool { return !isCode(string(x)) }):
		return invalidUnder("bad_department", "P3-7")
	}
	if c.Project != "" {
		if _, ok := look[*Project](d, projectRef(d.ID, c.Project)); !ok {
			return notFound("project", string(c.Project))
		}
	}
	if c.Ticket != "" {
		if _, f := d.seeTicket(c.Ticket); f != nil {
			return f
		}
	}
	if c.Recurs == "" {
		return nil
	}
	if x, ok := look[*MajorFault](d, recordRef(MajorFaults, c.Recurs)); !ok || x.Site != d.ID {
		return notFound("fault", string(c.Recurs))
	}
	return nil
}

// byTheClock is a moment by the site's clock.
func (d *draft) byTheClock(t time.Time) string { return d.Local(t).Format("2006-01-02 15:04:05") }

// missing names the first text that was not given.
func missing(names ...any) string {
	for i := 0; i+1 < len(names); i += 2 {
		if names[i+1] == NoteID("") {
			name, _ := names[i].(string)
			return name
		}
	}
	return "occurred_at"
}
