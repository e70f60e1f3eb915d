package workflow

import "time"

// Card is a business card given to a customer (policy 1, art. 33).
type Card struct {
	Head
	// Customer who got the card.
	Customer CustomerID `json:"customer"`
	// Consultant who gave it.
	By StaffID `json:"by"`
	// Owner of the customer at that time; empty for a customer of nobody.
	Owner StaffID `json:"owner,omitempty"`
	// Whether the customer asked for the card.
	Requested bool `json:"requested_by_customer,omitempty"`
	// Whether the owner of the customer agreed.
	Consent bool `json:"consent,omitempty"`
	// When the card was given.
	At time.Time `json:"at"`
}

// Ref names the record.
func (c *Card) Ref() Ref { return Ref{Cards, c.ID} }

func (c *Card) clone() Record { k := *c; return &k }

func (c *Card) reader() int { return since(4, c.Owner != "") }

// GiveCard records a business card given to a customer (policy 1, art. 33).
type GiveCard struct {
	// Id of the new record.
	Card RecordID `json:"card"`
	// Customer who got the card.
	Customer CustomerID `json:"customer"`
	// Consultant who gave it; empty for the one whose key it is.
	By StaffID `json:"by,omitempty"`
	// Whether the customer asked for the card.
	Requested bool `json:"requested_by_customer,omitempty"`
	// Whether the owner of the customer agreed.
	Consent bool `json:"consent,omitempty"`
}

func (*GiveCard) About() About {
	return About{Kind: "give_card", May: receptionists, Rule: "P1-33"}
}

func (c *GiveCard) Needs(*Board) []Ref { return []Ref{customerRef(c.Customer)} }

// own lets him give a card to a colleague's customer too: the owner is told.
func (c *GiveCard) own(d *draft) bool { return d.himself(c.By) }

// decide tells the owner that his customer got another consultant's card. It is flagged unless the
// customer asked for it or the owner agreed.
func (c *GiveCard) decide(d *draft) *Fault {
	k := d.customer(c.Customer)
	if k == nil {
		return notFound("customer", string(c.Customer))
	}
	by := d.actor(c.By)
	if f := d.consultant(by); f != nil {
		return f
	}
	h, f := d.newHead(Cards, c.Card, false)
	if f != nil {
		return f
	}
	card := add(d, &Card{
		Head: h, Customer: c.Customer, By: by, Owner: k.Owner, Requested: c.Requested,
		Consent: c.Consent, At: d.now,
	})
	d.fact(FactCardGiven, "P1-33", card.ID, "customer", k.ID, "by", string(by))
	// Nobody speaks for the owner in his own favour.
	if k.Owner == "" || k.Owner == by || c.Consent && d.env.By.Staff != by {
		return nil
	}
	if !c.Requested && !c.Consent {
		d.flag("P1-33", "card_without_consent", card.ID)
	}
	d.notify("P1-33", k.Owner, card.ID, "why", "card_given", "staff", string(by))
	return nil
}
