package api

import (
	"encoding/json"

	"github.com/lunpai/lunpai/workflow"
)

// Identity is the answer to the first question.
type Identity struct {
	// Kind is what the visitor says he is.
	Kind workflow.VisitKind `json:"kind"`
	// Customer is who he is, where that is known; then person is not looked at.
	Customer workflow.CustomerID `json:"customer,omitempty"`
	// Person is who he says he is: a phone that is a customer's finds that customer, otherwise the person is kept under a new one.
	Person *Person `json:"person,omitempty"`
	// Named is the consultant for whom he asks.
	Named workflow.StaffID `json:"named,omitempty"`
	// BroughtBy is the customer who brought him or sent him.
	BroughtBy workflow.CustomerID `json:"brought_by,omitempty"`
	// Appointment is the consultant with whom he has an appointment.
	Appointment workflow.StaffID `json:"appointment,omitempty"`
	// Delegate is the colleague whom an absent consultant asked to receive him.
	Delegate workflow.StaffID `json:"delegate,omitempty"`
	// Groups is how many groups arranged to view together; absent: one.
	Groups int `json:"groups,omitempty"`
	// Party is how many people came; absent: as at arrival.
	Party int `json:"party,omitempty"`
	// Purpose is why somebody comes who is no visitor of the office: a code such as delivery.
	Purpose string `json:"purpose,omitempty"`
}

func (i *Identity) command(c *call) (workflow.Identity, error) {
	out := workflow.Identity{
		Kind: i.Kind, Customer: i.Customer, Named: i.Named, BroughtBy: i.BroughtBy, Appointment: i.Appointment,
		Delegate: i.Delegate, Groups: i.Groups, Party: i.Party, Purpose: i.Purpose,
	}
	if i.Customer != "" {
		return out, nil
	}
	var err error
	out.Customer, out.NewCustomer, err = c.customerOf(i.Person)
	return out, err
}

func identify(c *call, b *Identity) (*workflow.IdentifyVisit, error) {
	id, err := b.command(c)
	return &workflow.IdentifyVisit{Identity: id}, err
}

func reidentify(c *call, b *Identity) (*workflow.ReidentifyVisit, error) {
	id, err := b.command(c)
	return &workflow.ReidentifyVisit{Identity: id}, err
}

// ArriveBody is who came in.
type ArriveBody struct {
	// Party is how many people came together; absent: not counted.
	Party int `json:"party,omitempty"`
	// Channel is how they heard of the project: a code such as passing_by.
	Channel string `json:"channel,omitempty"`
	// Person is what the visitor left at a kiosk of himself.
	Person *Person `json:"person,omitempty"`
	// Identify answers the first question in the same request. A kiosk and a consultant leave it out.
	Identify *Identity `json:"identify,omitempty"`
	// Assign says whether the visit is assigned in the same request. A kiosk and a consultant leave it out.
	Assign AssignNow `json:"assign,omitempty"`
}

// AssignNow says whether an arrival is assigned at once: true, false, or "if_free", with which the visitor waits where nobody is
// free to receive him. With true nothing is recorded then.
type AssignNow struct{ wanted, ifFree bool }

// UnmarshalJSON reads what the contract lets through.
func (a *AssignNow) UnmarshalJSON(text []byte) error {
	if a.ifFree = string(text) == `"if_free"`; a.ifFree {
		a.wanted = true
		return nil
	}
	return json.Unmarshal(text, &a.wanted)
}

// arrive creates a visit. A kiosk may create it and nothing more.
func arrive(c *call, b *ArriveBody) (*workflow.ArriveVisit, error) {
	cmd := &workflow.ArriveVisit{Party: b.Party, Channel: b.Channel, Assign: b.Assign.wanted, IfFree: b.Assign.ifFree}
	if cmd.Assign && b.Identify == nil {
		return nil, bad("not_identified")
	}
	if c.key.Role == workflow.RoleKiosk || c.own() {
		if b.Identify != nil || cmd.Assign {
			return nil, forbidden("role/arrivals_only", c.key.Role)
		}
	}
	if c.key.Role == workflow.RoleKiosk {
		if wait := c.api.kiosks.take(c.key.ID, c.id+c.fingerprint(), c.now()); wait > 0 {
			return nil, tooMany("too_many", wait)
		}
	}
	var err error
	if cmd.Customer, cmd.NewCustomer, err = c.customerOf(b.Person); err != nil {
		return nil, err
	}
	if b.Identify == nil {
		return cmd, nil
	}
	id, err := b.Identify.command(c)
	cmd.Identify = &id
	return cmd, err
}
