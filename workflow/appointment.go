package workflow

import (
	"cmp"
	"slices"
	"time"
)

// AppointmentState is how far an appointment has come.
type AppointmentState string

// The states of an appointment.
const (
	AppointmentExpected  AppointmentState = "expected"
	AppointmentCame      AppointmentState = "came" // the visit says when
	AppointmentMissed    AppointmentState = "missed"
	AppointmentCancelled AppointmentState = "cancelled"
)

// Appointment is a time that a customer or a caller arranged with a consultant, by telephone or at
// the office (policy 1, art. 39; policy 2, item 08).
type Appointment struct {
	Head
	// Whether the customer is still expected, came, did not come, or called it off.
	State AppointmentState `json:"state"`
	// Consultant with whom it is.
	With StaffID `json:"with"`
	// Customer who comes; empty for a caller of whom there is no record.
	Customer CustomerID `json:"customer,omitempty"`
	// When the customer is expected.
	At time.Time `json:"at"`
	// The same day in the site's zone.
	Day Date `json:"day"`
	// How it was made: phone or office.
	Channel AppointmentChannel `json:"channel,omitempty"`
	// Call that made it; empty when none did.
	Call RecordID `json:"call,omitempty"`
	// Visit to which the customer came.
	Visit VisitID `json:"visit,omitempty"`
	// Why it was called off, as a code.
	Reason string `json:"reason,omitempty"`
	// Id of the note with the caller's name and contact.
	Note NoteID `json:"note,omitempty"`
	// Member of staff who made it; empty for a device.
	By StaffID `json:"by,omitempty"`
	// When it was made.
	MadeAt time.Time `json:"made_at"`
	// When it was last changed.
	ChangedAt time.Time `json:"changed_at,omitzero"`
	// When the customer came, called it off, or the day closed without him.
	EndedAt time.Time `json:"ended_at,omitzero"`
}

// AppointmentChannel is how an appointment was made.
type AppointmentChannel string

// The channels.
const (
	ByPhone  AppointmentChannel = "phone"
	AtOffice AppointmentChannel = "office"
)

// Ref names the record.
func (a *Appointment) Ref() Ref { return Ref{Appointments, a.ID} }

func (a *Appointment) clone() Record { k := *a; return &k }

// AppointmentEvent is what moves an appointment.
type AppointmentEvent string

// The events.
const (
	AppointmentChange  AppointmentEvent = "change"
	AppointmentCancel  AppointmentEvent = "cancel"
	AppointmentCome    AppointmentEvent = "come"
	AppointmentMistake AppointmentEvent = "mistake" // it was somebody else who came
	AppointmentMiss    AppointmentEvent = "miss"
)

var appointmentMachine = NewMachine(
	Row[AppointmentState, AppointmentEvent]{
		AppointmentChange, []AppointmentState{AppointmentExpected}, AppointmentExpected,
	},
	Row[AppointmentState, AppointmentEvent]{
		AppointmentCancel, []AppointmentState{AppointmentExpected}, AppointmentCancelled,
	},
	Row[AppointmentState, AppointmentEvent]{
		AppointmentCome, []AppointmentState{AppointmentExpected}, AppointmentCame,
	},
	Row[AppointmentState, AppointmentEvent]{
		AppointmentMistake, []AppointmentState{AppointmentCame}, AppointmentExpected,
	},
	Row[AppointmentState, AppointmentEvent]{
		AppointmentMiss, []AppointmentState{AppointmentExpected}, AppointmentMissed,
	},
)

// AppointmentTransitions are the rows of the appointment's state machine.
func AppointmentTransitions() []Row[AppointmentState, AppointmentEvent] {
	return appointmentMachine.Rows()
}

// Expected are the appointments that customers are still expected to, in order of time: on one day,
// or on every day when it is empty; with one consultant, or with everybody. Callers must not change
// them.
func (b *Board) Expected(on Date, with StaffID) []*Appointment {
	var as []*Appointment
	for _, r := range b.matters {
		if a, ok := r.(*Appointment); ok && (on == "" || a.Day == on) &&
			(with == "" || a.With == with) {
			as = append(as, a)
		}
	}
	slices.SortFunc(as, func(a, b *Appointment) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID))
	})
	return as
}

// appointment finds an appointment to change and takes it through an event.
func (d *draft) appointment(id RecordID, e AppointmentEvent) (*Appointment, *Fault) {
	ref := recordRef(Appointments, id)
	a, ok := look[*Appointment](d, ref)
	if !ok || a.Site != d.ID {
		return nil, notFound("appointment", string(id))
	}
	to, ok := appointmentMachine.Target(a.State, e)
	if !ok {
		return nil, refused("appointment_over", "", "state", string(a.State))
	}
	a = edit[*Appointment](d, ref)
	a.State, a.Open = to, to == AppointmentExpected
	a.EndedAt = time.Time{}
	if !a.Open {
		a.EndedAt = d.now
	}
	return a, nil
}

// keepAppointment finds the appointment that an identified visitor came to: the one that the front
// desk picked, or today's of this customer. Its consultant becomes the visit's, unless somebody
// else was said. Under policy 1 that makes nobody the owner (art. 39), under policy 2 it does (item
// 08).
func (d *draft) keepAppointment(v *Visit, picked RecordID) *Fault {
	id := picked
	if id == "" {
		id = d.expectedToday(v)
	}
	if v.AppointmentID != "" && v.AppointmentID != id {
		if a, f := d.appointment(v.AppointmentID, AppointmentMistake); f == nil {
			a.Visit = ""
		}
		v.AppointmentID = ""
	}
	if id == "" {
		return nil
	}
	if v.AppointmentID == "" {
		a, f := d.appointment(id, AppointmentCome)
		if f != nil {
			return f
		}
		a.Visit, v.AppointmentID = VisitID(v.ID), id
		if a.Customer == "" {
			a.Customer = v.Customer
		}
		d.fact(FactAppointmentKept, d.appointmentRule(), v.ID, "with", string(a.With),
			"appointment", a.ID)
		if d.works(a.With) {
			d.notify(d.appointmentRule(), a.With, v.ID, "why", "appointment_came")
		}
	}
	if a, ok := look[*Appointment](d, recordRef(Appointments, id)); ok && v.Appointment == "" {
		v.Appointment = a.With
	}
	return nil
}

// expectedToday is the appointment of the visit's customer today: the one that the visit has
// already, otherwise the earliest that is still expected.
func (d *draft) expectedToday(v *Visit) RecordID {
	if v.Customer == "" {
		return ""
	}
	had, ok := look[*Appointment](d, recordRef(Appointments, v.AppointmentID))
	if ok && had.Customer == v.Customer {
		return v.AppointmentID
	}
	for _, a := range d.Expected(d.today, "") {
		if now, _ := look[*Appointment](d, a.Ref()); now.Open && now.Customer == v.Customer {
			return RecordID(a.ID)
		}
	}
	return ""
}

func (d *draft) appointmentRule() string { return d.article("P1-39", "P2-08a") }

// missAppointments ends the appointments of a day that is over.
func (d *draft) missAppointments(day Date) {
	for _, a := range d.Expected("", "") {
		if a.Day > day {
			continue
		}
		if k, f := d.appointment(RecordID(a.ID), AppointmentMiss); f == nil {
			d.fact(FactAppointmentMissed, d.appointmentRule(), k.ID, "with", string(k.With),
				"customer", string(k.Customer))
		}
	}
}
