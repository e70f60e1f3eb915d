package workflow

import "time"

// MakeAppointment records that somebody will come to a consultant at a time (policy 2, item 08).
type MakeAppointment struct {
	// Id of the new record.
	Appointment RecordID `json:"appointment"`
	// Consultant with whom it is.
	With StaffID `json:"with"`
	// Customer who comes; empty for a caller of whom there is no record.
	Customer CustomerID `json:"customer,omitempty"`
	// When the customer is expected.
	At time.Time `json:"at"`
	// How it was made: phone or office.
	Channel AppointmentChannel `json:"channel,omitempty"`
	// Call that made it; empty when none did.
	Call RecordID `json:"call,omitempty"`
	// Id of the note with the caller's name and contact.
	Note NoteID `json:"note,omitempty"`
}

func (*MakeAppointment) About() About {
	return About{Kind: "make_appointment", May: receptionists, Since: 4}
}

func (c *MakeAppointment) Needs(*Board) []Ref {
	return []Ref{customerRef(c.Customer), recordRef(Calls, c.Call)}
}

// own is true for unknown callers too: a consultant answers the telephone whoever is asked for.
func (c *MakeAppointment) own(d *draft) bool {
	return c.Customer == "" || d.ownCustomer(c.Customer)
}

func (c *MakeAppointment) note(SiteID) (NoteID, Ref) {
	return c.Note, recordRef(Appointments, c.Appointment)
}

// farthest is how many days ahead an appointment may be.
const farthest = 366

func (c *MakeAppointment) decide(d *draft) *Fault {
	h, f := d.newHead(Appointments, c.Appointment, true)
	if f != nil {
		return f
	}
	switch {
	case c.Customer != "" && d.customer(c.Customer) == nil:
		return notFound("customer", string(c.Customer))
	case c.Channel != "" && c.Channel != ByPhone && c.Channel != AtOffice:
		return invalid("bad_channel", "channel", string(c.Channel))
	}
	if k := d.customer(c.Customer); k != nil {
		if f := erased(k); f != nil {
			return f
		}
	}
	if c.Call != "" {
		if k, ok := look[*Call](d, recordRef(Calls, c.Call)); !ok || k.Site != d.ID {
			return notFound("call", string(c.Call))
		}
	}
	if f := d.appointable(c.With, c.At); f != nil {
		return f
	}
	a := add(d, &Appointment{
		Head: h, State: AppointmentExpected, With: c.With, Customer: c.Customer, At: c.At,
		Day: dateOf(d.Local(c.At)), Channel: c.Channel, Call: c.Call, Note: c.Note,
		By: d.env.By.Staff, MadeAt: d.now,
	})
	d.fact(FactAppointmentMade, d.appointmentRule(), a.ID, "with", string(a.With),
		"customer", string(a.Customer), "date", d.when(a.At))
	d.tellAppointment(a)
	return nil
}

// appointable refuses a consultant who has left, and a time that is over or more than a year ahead.
func (d *draft) appointable(with StaffID, at time.Time) *Fault {
	if f := d.working(with); f != nil {
		return f
	}
	if at.Before(d.now) || d.today.daysTo(dateOf(d.Local(at))) > farthest {
		return invalid("bad_appointment_time", "count", itoa(farthest))
	}
	return nil
}

// when is a moment as people at the site say it.
func (d *draft) when(t time.Time) string { return d.Local(t).Format("2006-01-02 15:04") }

// tellAppointment tells the consultant of an appointment, unless he has just recorded it himself.
func (d *draft) tellAppointment(a *Appointment) {
	if a.With != d.env.By.Staff && d.works(a.With) {
		d.notify(d.appointmentRule(), a.With, a.ID, "why", "appointment", "date", d.when(a.At),
			"state", string(a.State))
	}
}

// ChangeAppointment moves an appointment to another time, or to another consultant.
type ChangeAppointment struct {
	// Id of the appointment.
	Appointment RecordID `json:"appointment"`
	// When the customer is expected; missing to keep the time.
	At time.Time `json:"at,omitzero"`
	// Consultant with whom it is; empty to keep the present one.
	With StaffID `json:"with,omitempty"`
	// Id of the note that explains it.
	Note NoteID `json:"note,omitempty"`
}

func (*ChangeAppointment) About() About {
	return About{Kind: "change_appointment", May: receptionists, Since: 4}
}

func (c *ChangeAppointment) Needs(*Board) []Ref {
	return []Ref{recordRef(Appointments, c.Appointment)}
}

func (c *ChangeAppointment) own(d *draft) bool { return d.ownAppointment(c.Appointment) }

func (c *ChangeAppointment) note(SiteID) (NoteID, Ref) {
	return c.Note, recordRef(Appointments, c.Appointment)
}

func (c *ChangeAppointment) decide(d *draft) *Fault {
	a, f := d.appointment(c.Appointment, AppointmentChange)
	if f != nil {
		return f
	}
	before := a.With
	if c.With != "" {
		a.With = c.With
	}
	if !c.At.IsZero() {
		a.At, a.Day = c.At, dateOf(d.Local(c.At))
	}
	if c.With != "" || !c.At.IsZero() {
		if f := d.appointable(a.With, a.At); f != nil {
			return f
		}
	}
	if c.Note != "" {
		a.Note = c.Note
	}
	a.ChangedAt = d.now
	d.subject = a.Ref()
	d.fact(FactAppointmentChanged, d.appointmentRule(), a.ID, "with", string(a.With),
		"date", d.when(a.At))
	d.tellAppointment(a)
	if before != a.With && before != d.env.By.Staff && d.works(before) {
		d.notify(d.appointmentRule(), before, a.ID, "why", "appointment_moved",
			"staff", string(a.With))
	}
	return nil
}

// CancelAppointment records that the customer called it off.
type CancelAppointment struct {
	// Id of the appointment.
	Appointment RecordID `json:"appointment"`
	// Why, as a code.
	Reason string `json:"reason,omitempty"`
}

func (*CancelAppointment) About() About {
	return About{Kind: "cancel_appointment", May: receptionists, Since: 4}
}

func (c *CancelAppointment) Needs(*Board) []Ref {
	return []Ref{recordRef(Appointments, c.Appointment)}
}

func (c *CancelAppointment) own(d *draft) bool { return d.ownAppointment(c.Appointment) }

func (c *CancelAppointment) texts() []string { return []string{c.Reason} }

func (c *CancelAppointment) decide(d *draft) *Fault {
	a, f := d.appointment(c.Appointment, AppointmentCancel)
	if f != nil {
		return f
	}
	a.Reason = c.Reason
	d.subject = a.Ref()
	d.fact(FactAppointmentCancelled, d.appointmentRule(), a.ID, "with", string(a.With),
		"reason", c.Reason)
	d.tellAppointment(a)
	return nil
}

func (d *draft) ownAppointment(id RecordID) bool {
	a, ok := look[*Appointment](d, recordRef(Appointments, id))
	return ok && a.With == d.env.By.Staff && a.With != ""
}
