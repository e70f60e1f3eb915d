package workflow

// ArriveVisit announces a visit. With an identity and assign it is identified and assigned in the
// same commit.
type ArriveVisit struct {
	// Id of the new visit.
	Visit VisitID `json:"visit"`
	// Number of people; 0 when nobody counted.
	Party int `json:"party,omitempty"`
	// How the group heard of the office: passing_by, online, referral …
	Channel string `json:"channel,omitempty"`
	// Customer who left his person at the kiosk.
	Customer CustomerID `json:"customer,omitempty"`
	// Customer is a fresh id of somebody whose person was just recorded.
	NewCustomer bool `json:"new_customer,omitempty"`
	// What the visitor says of himself; nobody has asked him yet.
	Claim *Claim `json:"claim,omitempty"`
	// Answer to the first question, when it was asked already.
	Identify *Identity `json:"identify,omitempty"`
	// Assign the visit in the same command.
	Assign bool `json:"assign,omitempty"`
	// With assign: record the visit and let it wait where nobody may receive now, instead of
	// refusing all of it.
	IfFree bool `json:"if_free,omitempty"`
}

// Claim is what a visitor says of himself before anybody asks him. The front desk confirms it: a
// claim by itself leads to nobody.
type Claim struct {
	// Says that he was here before.
	Returning bool `json:"returning,omitempty"`
	// Consultant whom he asks for; empty when he asks for nobody.
	AskedFor StaffID `json:"asked_for,omitempty"`
}

func (*ArriveVisit) About() About {
	return About{Kind: "arrive_visit", May: announcers}
}

func (c *ArriveVisit) Needs(b *Board) []Ref {
	refs := append(c.Identify.needs(b), customerRef(c.Customer))
	if c.Assign && b.helpMatters() {
		refs = append(refs, b.customersInHouse()...)
	}
	return refs
}

func (c *ArriveVisit) texts() []string {
	if c.Identify == nil {
		return []string{c.Channel}
	}
	return []string{c.Channel, c.Identify.Purpose}
}

func (c *ArriveVisit) decide(d *draft) *Fault {
	if c.Visit == "" {
		return invalid("visit_missing")
	}
	if _, ok := look[*Visit](d, visitRef(c.Visit)); ok {
		return refused("visit_exists", "", "visit", string(c.Visit))
	}
	if c.Party < 0 || c.Party > maxParty {
		return badParty()
	}
	claim, f := d.claim(c.Claim)
	if f != nil {
		return f
	}
	v := add(d, &Visit{
		Head: Head{ID: string(c.Visit), Site: d.ID, Open: true}, State: Arrived,
		Number: d.nextNumber(), Claim: claim, BusinessDay: d.today, Policy: d.policy.Preset,
		Channel: c.Channel, Party: c.Party, ArrivedAt: d.now, Commits: []int64{},
	})
	d.subject = v.Ref()
	if c.Customer != "" {
		if f := d.takeCustomer(v, c.Customer, c.NewCustomer); f != nil {
			return f
		}
	}
	d.fact(FactVisitArrived, "", v.ID)
	if d.policy.Desk.Guiding {
		d.remind("P2-03", "stand_up", "")
	}
	if c.Identify != nil {
		if f := d.authorise(&IdentifyVisit{}); f != nil {
			return f
		}
		if f := d.identify(c.Visit, c.Identify); f != nil {
			return f
		}
	}
	if c.Assign {
		if f := d.authorise(&AssignVisit{}); f != nil {
			return f
		}
		if f := d.assignAtOnce(v, c.IfFree); f != nil {
			return f
		}
	}
	if v.State != Assigned { // who is received at once has his guide already
		d.meetAtDoor(v)
	}
	return nil
}

const maxParty = 500

// claim is what the visitor says of himself; nil when he says nothing.
func (d *draft) claim(c *Claim) (*Claim, *Fault) {
	if c == nil || *c == (Claim{}) {
		return nil, nil
	}
	if c.AskedFor != "" {
		if f := d.consultant(c.AskedFor); f != nil {
			return nil, f
		}
	}
	k := *c
	return &k, nil
}

// assignAtOnce assigns a visit in the command that announces it. When nobody may receive now and
// the command allows it, the visit waits. Otherwise the whole command is refused, and the refusal
// says that nothing was recorded.
func (d *draft) assignAtOnce(v *Visit, ifFree bool) *Fault {
	c := &AssignVisit{Visit: VisitID(v.ID)}
	if v.State != Identified {
		return c.decide(d)
	}
	p, f := d.choose(v, c) // before the step is taken: who waits has not taken it
	switch {
	case f == nil:
		if _, f = d.visit(c.Visit, EventAssign); f == nil {
			d.assign(v, p)
		}
		return f
	case f.Code == "nobody_free" && ifFree:
		d.fact(FactVisitWaits, f.Rule, v.ID, "why", "nobody_free")
		return nil
	case f.Code == "nobody_free":
		return refused("nobody_free", f.Rule, "instead", "if_free")
	case f.Code == "stand_in_forbidden" && ifFree:
		d.fact(FactVisitWaits, f.Rule, v.ID, "why", "stand_in_forbidden", "staff", f.Args["staff"])
		return nil
	case f.Code == "stand_in_forbidden":
		return refused("stand_in_forbidden", f.Rule, "staff", f.Args["staff"], "instead", "if_free")
	}
	return f
}

func badParty() *Fault {
	return invalid("bad_party")
}

// takeCustomer ties a visit to a customer; isNew makes his record.
func (d *draft) takeCustomer(v *Visit, id CustomerID, isNew bool) *Fault {
	c := d.customer(id)
	if c == nil {
		if !isNew {
			return notFound("customer", string(id))
		}
		c = add(d, &Customer{Head: Head{ID: string(id), Site: d.ID}, Status: StatusReceived})
	}
	if f := erased(c); f != nil {
		return f
	}
	v.Customer, v.FirstVisit = id, c.Visits == 0 && c.Owner == ""
	return nil
}
