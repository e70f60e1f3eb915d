package api

import (
	"encoding/json"

	"github.com/lunpai/lunpai/workflow"
)

// Identity is the answer to the first question.
type Identity struct {
	// Kind is the kind of visitor.
	Kind workflow.VisitKind `json:"kind"`
	// Customer is the customer's id, if known. Then person is ignored.
	Customer workflow.CustomerID `json:"customer,omitempty"`
	// Person is the visitor's name and phone. If the phone belongs to a customer, that customer is
	// meant; otherwise the person is stored under a new customer.
	Person *Person `json:"person,omitempty"`
	// Named is the consultant the visitor asks for.
	Named workflow.StaffID `json:"named,omitempty"`
	// BroughtBy is the customer who brought or sent the visitor.
	BroughtBy workflow.CustomerID `json:"brought_by,omitempty"`
	// Appointment is the consultant the visitor has an appointment with.
	Appointment workflow.StaffID `json:"appointment,omitempty"`
	// AppointmentID is the appointment the visitor came to, of those expected; it says with whom,
	// and which customer. Absent: today's appointment of the customer, if there is one.
	AppointmentID workflow.RecordID `json:"appointment_id,omitempty"`
	// Delegate is the colleague whom an absent consultant asked to receive the visitor.
	Delegate workflow.StaffID `json:"delegate,omitempty"`
	// Groups is the number of groups that agreed to view together. Absent: one.
	Groups int `json:"groups,omitempty"`
	// Party is the number of people. Absent: as at arrival.
	Party int `json:"party,omitempty"`
	// Purpose is why a visitor comes who is not interested in buying: a code such as delivery.
	Purpose string `json:"purpose,omitempty"`
}

func (i *Identity) command(c *call) (workflow.Identity, error) {
	out := workflow.Identity{
		Kind:          i.Kind,
		Customer:      i.Customer,
		Named:         i.Named,
		BroughtBy:     i.BroughtBy,
		Appointment:   i.Appointment,
		AppointmentID: i.AppointmentID,
		Delegate:      i.Delegate,
		Groups:        i.Groups,
		Party:         i.Party,
		Purpose:       i.Purpose,
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

// ArriveBody is a visitor who came in.
type ArriveBody struct {
	// Party is the number of people. Absent: not counted.
	Party int `json:"party,omitempty"`
	// Channel is how the visitor heard of the project: a code such as passing_by.
	Channel string `json:"channel,omitempty"`
	// Person is the name and phone the visitor gave at a kiosk.
	Person *Person `json:"person,omitempty"`
	// Claim is what the visitor says of himself at a kiosk. The front desk confirms it; by itself
	// it leads to nobody. Absent: nothing.
	Claim *workflow.Claim `json:"claim,omitempty"`
	// Identify answers the first question in the same request. Kiosks and consultants must leave it
	// out.
	Identify *Identity `json:"identify,omitempty"`
	// Assign says whether to assign the visit in the same request. Kiosks and consultants must
	// leave it out.
	Assign AssignNow `json:"assign,omitempty"`
}

// AssignNow says whether to assign an arrival at once: true, false, or "if_free". If nobody is
// free, "if_free" records the visitor as waiting; true records nothing.
type AssignNow struct{ wanted, ifFree bool }

// UnmarshalJSON reads a boolean or "if_free".
func (a *AssignNow) UnmarshalJSON(text []byte) error {
	if a.ifFree = string(text) == `"if_free"`; a.ifFree {
		a.wanted = true
		return nil
	}
	return json.Unmarshal(text, &a.wanted)
}

// arrive creates a visit. A kiosk may do no more than that.
func arrive(c *call, b *ArriveBody) (*workflow.ArriveVisit, error) {
	cmd := &workflow.ArriveVisit{
		Party: b.Party, Channel: b.Channel, Claim: b.Claim,
		Assign: b.Assign.wanted, IfFree: b.Assign.ifFree,
	}
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
