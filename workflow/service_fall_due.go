package workflow

import "time"

// FallDue brings to notice what was not done about a record of the service desk in time.
type FallDue struct {
	// What was to be done.
	What ItemKind `json:"what"`
	// Stored id of the record.
	Record RecordID `json:"record"`
	// When it fell due.
	At time.Time `json:"at"`
}

func (*FallDue) About() About { return About{Kind: "fall_due", Scope: ScopeService, Since: 5} }

func (c *FallDue) Needs(b *Board) []Ref { return []Ref{c.ref(), serviceDeskRef(b.ID)} }

// ID is the id of the command: made of what is due and when, so that it runs once.
func (c *FallDue) ID() string {
	return "timer:due:" + string(c.What.collection()) + ":" + string(c.Record) + ":" +
		c.At.UTC().Format(time.RFC3339)
}

func (c *FallDue) ref() Ref { return recordRef(c.What.collection(), c.Record) }

// Wakers are the collections with records that the service looks at by itself (Next.WakeAt).
var Wakers = []Collection{Tickets, Projects, MajorFaults}

// collection is the one of Wakers that items of a kind are in.
func (k ItemKind) collection() Collection {
	switch k {
	case ItemTicket, ItemSlip:
		return Tickets
	case ItemFollowUp:
		return Projects
	case ItemFault:
		return MajorFaults
	default:
		return ""
	}
}

// DueRecord is the command that brings a record to notice at a moment; false when nothing is due
// about it.
func DueRecord(r Record, now time.Time) (*FallDue, bool) {
	n := nextOf(r)
	if n == nil || n.WakeAt.IsZero() || n.WakeAt.After(now) {
		return nil, false
	}
	return &FallDue{What: n.What, Record: RecordID(r.Ref().ID), At: n.WakeAt}, true
}

// decide looks at the record again: what was done meanwhile is not brought to notice. Where the
// desk has ended nothing is; a project then waits for its next call, in case there is a desk again.
func (c *FallDue) decide(d *draft) *Fault {
	r, ok := look[Record](d, c.ref())
	s := d.serviceDesk()
	if !ok || r.head().Site != d.ID {
		return refused("not_due", "P3-2.3")
	}
	n := nextOf(r)
	if n == nil || s == nil || n.What != c.What || n.WakeAt.IsZero() ||
		!n.WakeAt.Equal(c.At) || n.WakeAt.After(d.now) {
		return refused("not_due", "P3-2.3")
	}
	r = edit[Record](d, c.ref())
	n = nextOf(r)
	n.WakeAt = time.Time{}
	d.subject = c.ref()
	p, calls := r.(*Project)
	switch {
	case s.openOn(d.today):
		d.notice(s.On(d.today), r, n)
	case calls:
		d.passCall(p)
	}
	return nil
}

// notice tells whom it concerns that something was not done in time.
func (d *draft) notice(a *ServiceAdoption, r Record, n *Next) {
	switch r := r.(type) {
	case *Ticket:
		if n.What == ItemSlip {
			d.flag("P3-2.6", "slip_late:"+r.ID, r.ID)
			d.tell("P3-2.6", r.ResolvedBy, r.ID, "slip_late")
			d.tell("P3-2.6", r.Holder, r.ID, "slip_late")
			return
		}
		d.flag("P3-2.3", "ticket_waits:"+r.ID, r.ID)
		d.tell("P3-2.3", r.Holder, r.ID, "ticket_waits")
		if area := a.area(r.Area); area != nil {
			d.tell("P3-2.3", area.Leader, r.ID, "ticket_waits")
		}
	case *MajorFault:
		if r.State == FaultEnded {
			d.flag("P3-7", "analysis_late:"+r.ID, r.ID)
			d.tellHat("P3-7", TechHead, r.ID, "analysis_late")
			return
		}
		d.flag("P3-7", "relay_late:"+r.ID, r.ID)
		d.tellHat("P3-7", DivisionManager, r.ID, "relay_late")
	case *Project:
		d.callDue(r)
	}
}

// callDue reminds customer service of the latest open call of a project, once, and brings it to
// notice when it was not made some days later (policy 3, item 5).
func (d *draft) callDue(p *Project) {
	s := schedule{d.serviceDesk(), p}
	due, open := s.nextDue(d.today)
	late := d.morning(due.AddDays(s.desk.judging(due).Parameters.FollowUp.LateDays))
	item := ":" + string(p.Project) + ":" + string(due)
	if open && p.RemindedOf < due {
		p.RemindedOf = due
		d.remind("P3-5", "follow_up"+item, string(CustomerService),
			"as", "group", "project", string(p.Project), "due", string(due))
	}
	if open && p.LateSeen < due && !d.now.Before(late) { // at once where no day is allowed for it
		p.LateSeen = due
		d.flag("P3-5", "follow_up_late"+item, string(p.Project))
		d.tellGroup("P3-5", string(CustomerService), string(p.Project), "follow_up_late")
	}
	d.plan(p)
}

// passCall lets the latest open call of a project pass without a word.
func (d *draft) passCall(p *Project) {
	if due, open := (schedule{d.serviceDesk(), p}).nextDue(d.today); open {
		p.RemindedOf, p.LateSeen = due, due
	}
	d.plan(p)
}
