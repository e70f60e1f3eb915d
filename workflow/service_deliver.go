package workflow

import "slices"

// DeliverProject enters something that was delivered and is in use (policy 3, item 5).
type DeliverProject struct {
	// Office's own id of the project; no name of a person.
	Project ProjectID `json:"project"`
	// Day of the delivery, today or earlier.
	DeliveredOn Date `json:"delivered_on"`
	// Customer who uses it, where known.
	Customer CustomerID `json:"customer,omitempty"`
	// Member of staff who signed the contract.
	Signer StaffID `json:"signer,omitempty"`
}

func (*DeliverProject) About() About {
	return About{
		Kind: "deliver_project", May: serviceStaff, Rule: "P3-5", Scope: ScopeService, Since: 5,
	}
}

func (c *DeliverProject) Needs(b *Board) []Ref {
	return []Ref{projectRef(b.ID, c.Project), customerRef(c.Customer)}
}

func (c *DeliverProject) texts() []string { return []string{string(c.Project)} }

func (c *DeliverProject) decide(d *draft) *Fault {
	if _, f := d.openDesk(); f != nil {
		return f
	}
	if f := d.ofDepartment("P3-5", Business, CustomerService); f != nil {
		return f
	}
	switch {
	case !ValidID(string(c.Project)):
		return invalidUnder("bad_project_id", "P3-5", "project", string(c.Project))
	case !c.DeliveredOn.Valid():
		return invalidUnder("bad_date", "P3-5", "date", string(c.DeliveredOn))
	case c.DeliveredOn > d.today:
		return refused("in_future", "P3-5", "date", string(c.DeliveredOn), "today",
			string(d.today))
	case c.Customer != "" && d.customer(c.Customer) == nil:
		return notFound("customer", string(c.Customer))
	}
	if f := d.colleague(c.Signer); f != nil {
		return f
	}
	ref := projectRef(d.ID, c.Project)
	if _, ok := look[Record](d, ref); ok {
		return refused("record_exists", "P3-5", "id", string(c.Project))
	}
	p := add(d, &Project{
		Head: Head{ID: ref.ID, Site: d.ID}, Project: c.Project, Customer: c.Customer,
		Signer: c.Signer, State: ProjectInUse, DeliveredOn: c.DeliveredOn, EnteredOn: d.today,
	})
	d.plan(p)
	d.subject = ref
	d.fact(FactProjectDelivered, "P3-5", string(p.Project), "delivered_on",
		string(p.DeliveredOn), "next_due", string(p.NextDue))
	return nil
}

// project finds a project and takes it through an event.
func (d *draft) project(id ProjectID, e ProjectEvent) (*Project, *Fault) {
	ref := projectRef(d.ID, id)
	p, ok := look[*Project](d, ref)
	switch {
	case !ok:
		f := notFound("project", string(id))
		f.Rule = "P3-5"
		return nil, f
	case p.State == ProjectRetired:
		return nil, refused("retired", "P3-5", "project", string(id), "date",
			string(p.RetiredOn))
	}
	to, f := moveTo(projectMachine, "project", string(id), p.State, e, "P3-5")
	if f != nil {
		return nil, f
	}
	p = edit[*Project](d, ref)
	p.State = to
	d.subject = ref
	return p, nil
}

// FollowUpProject records a call to the customer of a project (policy 3, item 5).
type FollowUpProject struct {
	// Office's own id of the project.
	Project ProjectID `json:"project"`
	// Day of the call, today or earlier; empty for today.
	On Date `json:"on,omitempty"`
	// Nobody was reached; the call that is due stays open.
	Unreached bool `json:"unreached,omitempty"`
	// How, as a code such as phone.
	Channel string `json:"channel,omitempty"`
	// Id of the note on what was said.
	Note NoteID `json:"note,omitempty"`
}

func (*FollowUpProject) About() About {
	return About{
		Kind: "follow_up_project", May: serviceStaff, Rule: "P3-5", Scope: ScopeService, Since: 5,
	}
}

func (c *FollowUpProject) Needs(b *Board) []Ref {
	refs := []Ref{projectRef(b.ID, c.Project)}
	if p, ok := b.records[refs[0]].(*Project); ok {
		refs = append(refs, customerRef(p.Customer))
	}
	return refs
}

func (c *FollowUpProject) texts() []string { return []string{c.Channel} }

func (c *FollowUpProject) note(s SiteID) (NoteID, Ref) { return c.Note, projectRef(s, c.Project) }

func (c *FollowUpProject) decide(d *draft) *Fault {
	if _, f := d.desk(); f != nil {
		return f
	}
	if f := d.ofDepartment("P3-5", CustomerService); f != nil {
		return f
	}
	p, f := d.project(c.Project, ProjectFollowUp)
	if f != nil {
		return f
	}
	on := c.On
	if on == "" {
		on = d.today
	}
	switch {
	case !on.Valid():
		return invalidUnder("bad_date", "P3-5", "date", string(on))
	case on > d.today:
		return refused("in_future", "P3-5", "date", string(on), "today", string(d.today))
	case on < p.DeliveredOn:
		return refused("before_delivery", "P3-5", "date", string(on), "delivered_on",
			string(p.DeliveredOn))
	}
	call := ProjectCall{
		On: on, Reached: !c.Unreached, By: d.env.By.Staff, Channel: c.Channel, Note: c.Note,
	}
	kind := FactFollowUpTried
	if call.Reached {
		if kind = FactFollowUpExtra; d.answer(p, &call) {
			kind = FactFollowUpDone
		}
		d.contacted(p.Customer, on)
	}
	p.Calls = keep(p.Calls, call)
	d.plan(p)
	d.fact(kind, "P3-5", string(p.Project), "due", string(call.Due), "by", string(call.By),
		"next_due", string(p.NextDue))
	return nil
}

// answer finds the call that was due and is answered by this one: the latest open by its day, whose
// forerunners are missed (A67), else the next if it is near enough (A96). false: it is an extra
// one.
func (d *draft) answer(p *Project, call *ProjectCall) bool {
	s := schedule{d.serviceDesk(), p}
	of := d.serviceDesk().judging(call.On).Parameters.FollowUp
	open := s.open(call.On)
	switch next := s.after(call.On); {
	case len(open) > 0:
		d.miss(p, call.On)
		call.Due, call.Missed = open[len(open)-1], len(open)-1
	case next != "" && next <= call.On.AddDays(of.EarlyDays):
		call.Due = next
	default:
		return false
	}
	of = d.serviceDesk().judging(call.Due).Parameters.FollowUp
	call.Late = call.On > call.Due.AddDays(of.LateDays)
	p.Answered = call.Due
	p.Missed = slices.DeleteFunc(p.Missed, func(due Date) bool { return due == call.Due })
	if len(p.Missed) == 0 {
		p.Missed = nil
	}
	return true
}

// RetireProject says that a project is no longer in use: nobody is called any more (policy 3, item
// 5).
type RetireProject struct {
	// Office's own id of the project.
	Project ProjectID `json:"project"`
	// Why, as a code such as sold.
	Reason string `json:"reason"`
}

func (*RetireProject) About() About {
	return About{
		Kind: "retire_project", May: serviceStaff, Rule: "P3-5", Scope: ScopeService, Since: 5,
	}
}

func (c *RetireProject) Needs(b *Board) []Ref { return []Ref{projectRef(b.ID, c.Project)} }

func (c *RetireProject) texts() []string { return []string{c.Reason} }

func (c *RetireProject) decide(d *draft) *Fault {
	if _, f := d.desk(); f != nil {
		return f
	}
	if f := d.ofDepartment("P3-5", Business, CustomerService); f != nil {
		return f
	}
	if !isCode(c.Reason) {
		return invalidUnder("no_reason", "P3-5")
	}
	p, f := d.project(c.Project, ProjectRetire)
	if f != nil {
		return f
	}
	d.miss(p, d.today)
	p.RetiredOn, p.RetiredFor = d.today, c.Reason
	d.plan(p)
	d.fact(FactProjectRetired, "P3-5", string(p.Project), "reason", c.Reason, "by",
		string(d.env.By.Staff))
	return nil
}

// signerOf is who is told of a fault of a project; empty when nobody is named or he has left.
func (d *draft) signerOf(id ProjectID) StaffID {
	p, ok := look[*Project](d, projectRef(d.ID, id))
	if !ok {
		return ""
	}
	active := d.activeStaff(func(s *Staff) bool { return s.Staff == p.Signer })
	if !slices.Contains(active, p.Signer) {
		return ""
	}
	return p.Signer
}
