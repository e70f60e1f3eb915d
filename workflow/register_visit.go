package workflow

import (
	"slices"
	"time"
)

// RegisterVisit enters the visit in the visitor register.
type RegisterVisit struct {
	// Id of the visit.
	Visit VisitID `json:"visit"`
	// End the reception in the same commit; missing when it is over already.
	Serve *ServeVisit `json:"serve,omitempty"`
	// What the visit was about, when that was learnt late.
	Topic Topic `json:"topic,omitempty"`
	// Id for the record that registration makes of a customer who has none.
	Customer CustomerID `json:"customer,omitempty"`
	// Known customer whom the form showed the visitor to be.
	Matches CustomerID `json:"matches,omitempty"`
	// The entry of the visitor register (来访客户登记表).
	Form *Form `json:"form,omitempty"`
}

func (*RegisterVisit) About() About {
	return About{Kind: "register_visit", Event: EventRegister, May: receptionists}
}

func (c *RegisterVisit) Needs(b *Board) []Ref {
	refs := append(b.visitNeeds(c.Visit), customerRef(c.Matches))
	if v, ok := b.records[visitRef(c.Visit)].(*Visit); ok && v.Customer == "" {
		refs = append(refs, customerRef(c.Customer))
	}
	return refs
}

func (c *RegisterVisit) own(d *draft) bool { return d.ownVisit(c.Visit) }

func (c *RegisterVisit) texts() []string {
	f := c.Form
	if f == nil {
		return nil
	}
	return []string{f.Channel, f.Purpose, f.District, f.Layout, f.BudgetBand, f.Intent}
}

func (c *RegisterVisit) note(SiteID) (NoteID, Ref) {
	if c.Form == nil {
		return "", Ref{}
	}
	return c.Form.Note, visitRef(c.Visit)
}

// decide makes the count final and gives the customer a record and an owner; whoever led the visit
// may come back to the line (policy 1, art. 27 and 28; RS-15).
func (c *RegisterVisit) decide(d *draft) *Fault {
	was, _ := look[*Visit](d, visitRef(c.Visit))
	late := was != nil && was.State == Served && !was.Open
	if c.Serve != nil {
		c.Serve.Visit = c.Visit
		if f := c.Serve.decide(d); f != nil {
			return f
		}
	}
	v, f := d.visit(c.Visit, EventRegister)
	if f != nil {
		return f
	}
	before := v.Topic
	if f := d.takeTopic(v, c.Topic, ""); f != nil {
		return f
	}
	if c.Topic != "" || v.TurnClaim == nil { // a bare entry in the register confirms no claim (A90)
		if f := d.followTopic(v, before, late); f != nil {
			return f
		}
	}
	d.dropUnstated(v)
	if f := d.takeForm(v, c.Form); f != nil {
		return f
	}
	v.RegisteredAt, v.Open = d.now, false
	matches := c.Matches
	if matches == "" && v.Customer == "" && d.customer(c.Customer) != nil {
		matches = c.Customer // somebody else was quicker to make the record of the same person
	}
	dup, f := d.matchCustomer(v, matches)
	if f != nil {
		return f
	}
	d.noteRegistered(v)
	d.keepCustomer(v, c.Customer, dup)
	d.keepJoint(v)
	d.beginOutcome(v)
	d.finishCount(v)
	return nil
}

// noteRegistered says whose customer the register names. Whoever had nothing to do with sales gets
// no entry; people of the trade and of the company become nobody's customers.
func (d *draft) noteRegistered(v *Visit) {
	rule := d.article("P1-28", "P2-02")
	switch {
	case v.becomesCustomer():
		d.fact(FactVisitRegistered, rule, v.ID, "server", string(v.Server),
			"principal", string(v.Principal))
	case v.CountsFor == "" && (v.Kind == KindUnrelated || v.Topic == TopicOther):
		d.fact(FactVisitRegistered, rule, v.ID, "why", "not_about_sales")
	default:
		d.fact(FactVisitRegistered, rule, v.ID, "server", string(v.Server))
	}
}

// becomesCustomer reports whether registration makes or keeps a customer's record.
func (v *Visit) becomesCustomer() bool {
	if !v.customerKind() {
		return v.Topic == TopicSales
	}
	return v.Topic != TopicOther || v.Customer != ""
}

// keptVisits is how many visits a customer's record lists.
const keptVisits = 50

// dropUnstated takes the count and the turn back from a visit whose purpose was never stated, where
// the policy says so (C08).
func (d *draft) dropUnstated(v *Visit) {
	if v.Kind == KindUnstated && v.Topic == "" && d.policy.Count.Unstated == CountWhenSales &&
		!d.identity(v).old {
		d.turnedToOther(v, d.article("P1-29b", "P2-09b"))
	}
}

// takeForm checks and keeps the register entry.
func (d *draft) takeForm(v *Visit, form *Form) *Fault {
	if form == nil {
		return nil
	}
	if form.BudgetFrom < 0 || form.BudgetTo < 0 || form.AreaSqm < 0 ||
		form.BudgetTo > 0 && form.BudgetTo < form.BudgetFrom {
		return invalid("bad_form")
	}
	f := *form
	v.Form = &f
	if f.Channel != "" && v.Channel == "" {
		v.Channel = f.Channel
	}
	return nil
}

// matchCustomer handles a form that shows the visitor to be a known customer (A62b). While the
// customer is somebody's, that one stays the owner, nobody counts, and owner and supervisors are
// told. A spent turn stays spent.
func (d *draft) matchCustomer(v *Visit, matches CustomerID) (dup bool, f *Fault) {
	if matches == "" || matches == v.Customer {
		return false, nil
	}
	k := d.customer(matches)
	if k == nil {
		return false, notFound("customer", string(matches))
	}
	if f := erased(k); f != nil {
		return false, f
	}
	v.Customer, v.FirstVisit = matches, false
	d.flag("P1-35", "duplicate_customer:"+string(matches), v.ID)
	if id := d.identity(v); !id.old {
		return false, nil
	}
	off := d.uncounted(v)
	v.CountsFor, v.CountRule = "", "P1-17a"
	if k.Owner == v.Principal || !d.works(k.Owner) { // his own customer after all, or nobody's now
		n := d.countFor(v, d.identity(v), v.Principal, off)
		v.CountsFor = n.who
		v.CountRule, _ = d.cite(n.rule)
	} else {
		d.notify("P1-17a", k.Owner, v.ID, "why", "duplicate_customer", "staff", string(v.Server))
	}
	d.noteLeft(v)
	d.notifySupervisors("P1-04", v.ID, "why", "duplicate_customer", "staff", string(v.Server))
	return true, nil
}

// keepCustomer makes or updates the customer's record. The principal owns him from now on, unless a
// duplicate showed that he is somebody else's.
func (d *draft) keepCustomer(v *Visit, newID CustomerID, dup bool) {
	if !v.becomesCustomer() {
		return
	}
	if v.Customer == "" {
		if newID == "" {
			newID = CustomerID(v.ID) // every registered customer has a record
		}
		add(d, &Customer{Head: Head{ID: string(newID), Site: d.ID}, Status: StatusReceived})
		v.Customer = newID
	}
	k := d.editCustomer(v.Customer)
	back := k.Status == StatusRefunded && d.asked(v) != k.Owner
	if !dup && k.Owner != v.Principal && !d.waits(v, k) && !v.overtaken(k) && d.wins(v, k) &&
		(!d.keeps(v, k) || !d.askedForJoint(v)) {
		d.fact(FactOwned, d.ownRule(v, k), string(v.Customer), "owner", string(v.Principal),
			"before", string(k.Owner))
		d.own(k, v.Principal)
	}
	if back {
		k.Status = StatusRegistered
	}
	k.came(v, d.refreshes(v, k))
	v.VisitNo = k.Visits
	if k.BroughtBy == "" {
		k.BroughtBy = v.BroughtBy
	}
}

// came records a registered visit as a contact with the customer.
func (k *Customer) came(v *Visit, refreshes bool) {
	if k.Status == StatusReceived {
		k.Status = StatusRegistered
	}
	// A follow-up may be later than the reception.
	if refreshes && v.ServedAt.After(k.LastContactAt) {
		k.LastContactAt = v.ServedAt
	}
	k.Visits++
	k.VisitIDs = append(k.VisitIDs, VisitID(v.ID))
	k.VisitIDs = k.VisitIDs[max(0, len(k.VisitIDs)-keptVisits):]
	if k.FirstVisit == "" {
		k.FirstVisit = VisitID(v.ID)
	}
	k.LastVisit = VisitID(v.ID)
}

// own gives a customer to somebody: he waits for nobody any more.
func (d *draft) own(k *Customer, to StaffID) {
	k.Owner, k.OwnerSinceAt, k.WaitsSinceAt = to, d.now, time.Time{}
}

// overtaken reports whether somebody was given the customer since the visit got its lead: the
// manager's word, or a registration, stands.
func (v *Visit) overtaken(k *Customer) bool {
	led := v.AssignedAt
	if n := len(v.Changes); n > 0 {
		led = v.Changes[n-1].At
	}
	return k.Owner != "" && k.OwnerSinceAt.After(led)
}

// wins reports whether the visit makes its principal the owner of a customer. It does when it
// counts for somebody, or would count but for the hour; when an old customer asked for the
// principal; and when the customer was counted for him on that day already. A visit that was no
// reception wins nobody (A90).
func (d *draft) wins(v *Visit, k *Customer) bool {
	switch {
	case v.CountsFor != "":
		return true
	case v.Kind == KindCompanyStaff || d.noReception(v):
		return false
	case d.uncounted(v) != withinHours:
		return true
	}
	return d.identity(v).old || k.CountedDay == v.BusinessDay &&
		slices.Contains(k.CountedFor, v.Principal)
}

// noReception reports whether the policy counts only sales matters and the visit was about none.
func (d *draft) noReception(v *Visit) bool {
	return d.policy.Count.Unstated == CountWhenSales && !v.aboutSales()
}

// refreshes reports whether the visit keeps a customer fresh: not a colleague's, by a visit that
// was no reception.
func (d *draft) refreshes(v *Visit, k *Customer) bool {
	return !d.noReception(v) || k.Owner == v.Principal
}

// ownRule is the article that gives a customer to the principal of his visit.
func (d *draft) ownRule(v *Visit, k *Customer) string {
	switch {
	case k.Owner == "":
		return d.article("P1-17a", "P2-08a")
	case k.Status == StatusRefunded:
		return "P1-13b"
	case !d.freshOn(k, d.dayOf(v)):
		return d.policy.staleRule()
	}
	return "P1-16b"
}

// finishCount makes the count final (policy 1, ch. 6).
func (d *draft) finishCount(v *Visit) {
	v.Count = 0
	if v.CountsFor == "" {
		d.fact(FactNotCounted, v.CountRule, v.ID)
		return
	}
	v.Count = 1
	if !d.policy.Count.JointGroupsOnce {
		v.Count = max(1, v.Groups)
	}
	d.fact(FactCounted, v.CountRule, string(v.CountsFor), "visit", v.ID, "count", itoa(v.Count))
	if v.Customer == "" {
		return
	}
	k := d.editCustomer(v.Customer)
	if k.CountedDay < v.BusinessDay {
		k.CountedDay, k.CountedFor = v.BusinessDay, nil
	}
	if k.CountedDay == v.BusinessDay && !slices.Contains(k.CountedFor, v.CountsFor) {
		k.CountedFor = append(k.CountedFor, v.CountsFor)
	}
}
