package workflow

// RecordFollowUp records a contact with a customer outside a reception (policy 1, art. 17).
type RecordFollowUp struct {
	// Id of the customer.
	Customer CustomerID `json:"customer"`
	// Consultant who made the contact; empty for the one whose key it is.
	By StaffID `json:"by,omitempty"`
	// How: phone, message, visit …
	Channel string `json:"channel,omitempty"`
	// Nobody answered; such a contact does not keep the customer fresh.
	Unreached bool `json:"unreached,omitempty"`
	// Id of the note on what was said.
	Note NoteID `json:"note,omitempty"`
}

func (*RecordFollowUp) About() About { return About{Kind: "record_follow_up", May: clerks} }

func (c *RecordFollowUp) Needs(*Board) []Ref { return []Ref{customerRef(c.Customer)} }

func (c *RecordFollowUp) own(d *draft) bool { return d.ownCustomer(c.Customer) && d.himself(c.By) }

func (c *RecordFollowUp) texts() []string { return []string{c.Channel} }

func (c *RecordFollowUp) note(SiteID) (NoteID, Ref) { return c.Note, customerRef(c.Customer) }

// decide keeps the customer fresh unless nobody was reached (A13). After the month it is too late:
// the ownership has ended, and a contact does not bring it back (A86).
func (c *RecordFollowUp) decide(d *draft) *Fault {
	k, f := d.knownCustomer(c.Customer)
	if f != nil {
		return f
	}
	by := d.actor(c.By)
	if f := d.colleague(by); f != nil {
		return f
	}
	late := k.Owner != "" && !d.fresh(k)
	k.FollowUps = append(k.FollowUps, FollowUp{
		By: by, Channel: c.Channel, Reached: !c.Unreached, Late: late,
		Note: c.Note, At: d.now,
	})
	k.FollowUps = k.FollowUps[max(0, len(k.FollowUps)-keptFollowUps):]
	if !c.Unreached && !late {
		k.LastContactAt = d.now
	}
	if late {
		d.fact(FactFollowedUp, "P1-17b", k.ID, "by", string(by), "channel", c.Channel,
			"why", "too_late")
		return nil
	}
	d.fact(FactFollowedUp, "P1-17b", k.ID, "by", string(by), "channel", c.Channel)
	return nil
}

// keptFollowUps is how many contacts a customer's record keeps; the journal keeps all.
const keptFollowUps = 20
