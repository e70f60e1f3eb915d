package workflow

import (
	"slices"
	"time"
)

// OpenMatter is a ticket of a customer that is not closed. The reception page shows it when he
// arrives.
type OpenMatter struct {
	// Id of the ticket.
	Ticket RecordID `json:"ticket"`
	// Field of the matter; empty where nobody said one.
	Area AreaCode `json:"area,omitempty"`
}

// keptOpenTickets is how many open tickets a customer's record lists.
const keptOpenTickets = 20

// openTicket is the first open ticket of the customer in an area; empty when there is none.
func (c *Customer) openTicket(area AreaCode) RecordID {
	i := slices.IndexFunc(c.OpenTickets, func(m OpenMatter) bool { return m.Area == area })
	if i < 0 {
		return ""
	}
	return c.OpenTickets[i].Ticket
}

func (c *Customer) closeTicket(id RecordID) {
	is := func(m OpenMatter) bool { return m.Ticket == id }
	if c.OpenTickets = slices.DeleteFunc(c.OpenTickets, is); len(c.OpenTickets) == 0 {
		c.OpenTickets = nil
	}
}

// contacted notes that the service desk spoke with a customer on a day. It keeps a fresh customer
// fresh; once the month is over it is too late (policy 1, art. 17; A63).
func (d *draft) contacted(id CustomerID, on Date) {
	k := d.customer(id)
	if k == nil || !d.fresh(k) {
		return
	}
	at := d.now
	if on < d.today {
		at = d.begins(on)
	}
	if at.After(k.LastContactAt) {
		d.editCustomer(id).LastContactAt = at
	}
}

// Need is what customer service did for a customer at the end of a year (policy 3, item 3).
type Need struct {
	// Year of the round.
	Year int `json:"year"`
	// When a gift was sent.
	GiftAt time.Time `json:"gift_at,omitzero"`
	// When the customer's plans for the next year were learnt.
	NeedsAt time.Time `json:"needs_at,omitzero"`
	// When it was noted that the customer wants neither.
	SkippedAt time.Time `json:"skipped_at,omitzero"`
	// Id of the note on the plans.
	Note NoteID `json:"note,omitempty"`
}

// NeedMark is what is marked as done.
type NeedMark string

// The marks.
const (
	MarkGift  NeedMark = "gift"
	MarkNeeds NeedMark = "needs"
	MarkSkip  NeedMark = "skip" // no address, or he wants nothing
)

// NeedTasks are what is still to be done for a customer in the round of a year: gift, needs, both
// or nothing. There are tasks in the month of the round only, for customers of the statuses that
// the office chose whose person was not erased (A73).
func (s *ServiceDesk) NeedTasks(k *Customer, today Date) []NeedMark {
	if !s.inCampaign(today) || !slices.Contains(s.On(today).Parameters.Campaign.Statuses,
		k.Status) || !k.ErasedAt.IsZero() {
		return nil
	}
	n := k.Need
	if n == nil || n.Year != today.time().Year() {
		return []NeedMark{MarkGift, MarkNeeds}
	}
	var tasks []NeedMark
	if n.GiftAt.IsZero() && n.SkippedAt.IsZero() {
		tasks = append(tasks, MarkGift)
	}
	if n.NeedsAt.IsZero() && n.SkippedAt.IsZero() {
		tasks = append(tasks, MarkNeeds)
	}
	return tasks
}

// inCampaign reports whether a day is in the month of gifts and needs.
func (s *ServiceDesk) inCampaign(day Date) bool {
	return s.openOn(day) && int(day.time().Month()) == s.On(day).Parameters.Campaign.Month
}

// MarkNeed marks a gift as sent, plans as learnt, or a customer as one who wants neither
// (policy 3, item 3).
type MarkNeed struct {
	// Id of the customer.
	Customer CustomerID `json:"customer"`
	// What was done: gift, needs or skip.
	What NeedMark `json:"what"`
	// Id of the note on the customer's plans.
	Note NoteID `json:"note,omitempty"`
}

func (*MarkNeed) About() About {
	return About{Kind: "mark_need", May: serviceStaff, Rule: "P3-3", Scope: ScopeService, Since: 5}
}

func (c *MarkNeed) Needs(*Board) []Ref { return []Ref{customerRef(c.Customer)} }

func (c *MarkNeed) note(SiteID) (NoteID, Ref) { return c.Note, customerRef(c.Customer) }

func (c *MarkNeed) decide(d *draft) *Fault {
	if _, f := d.desk(); f != nil {
		return f
	}
	if f := d.ofDepartment("P3-3", CustomerService); f != nil {
		return f
	}
	k := d.customer(c.Customer)
	switch {
	case k == nil:
		return notFound("customer", string(c.Customer))
	case !contains(c.What):
		return invalidUnder("bad_mark", "P3-3", "what", string(c.What))
	case !d.serviceDesk().hasNeed(k, d.today):
		return refused("not_in_campaign", "P3-3", "customer", k.ID)
	}
	tasks := d.serviceDesk().NeedTasks(k, d.today)
	if c.What == MarkSkip && len(tasks) == 0 ||
		c.What != MarkSkip && !slices.Contains(tasks, c.What) {
		return refused("already_done", "P3-3", "customer", k.ID, "what", string(c.What))
	}
	k = d.editCustomer(c.Customer)
	if year := d.today.time().Year(); k.Need == nil || k.Need.Year != year {
		if k.Need != nil {
			k.PastNeeds = keep(k.PastNeeds, *k.Need)
		}
		k.Need = &Need{Year: year}
	}
	switch c.What {
	case MarkGift:
		k.Need.GiftAt = d.now
	case MarkNeeds:
		k.Need.NeedsAt = d.now
	case MarkSkip:
		k.Need.SkippedAt = d.now
	}
	if c.Note != "" {
		k.Need.Note = c.Note
	}
	if c.What == MarkNeeds {
		d.contacted(c.Customer, d.today)
	}
	d.subject = k.Ref()
	d.fact(FactNeedMarked, "P3-3", k.ID, "what", string(c.What), "by", string(d.env.By.Staff))
	return nil
}

// hasNeed reports whether there were tasks for a customer at the beginning of this year's round.
func (s *ServiceDesk) hasNeed(k *Customer, today Date) bool {
	fresh := *k
	fresh.Need = nil
	return len(s.NeedTasks(&fresh, today)) > 0
}
