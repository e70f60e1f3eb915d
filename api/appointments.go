package api

import "github.com/lunpai/lunpai/workflow"

// AppointmentDecision is the answer to a command about an appointment.
type AppointmentDecision struct {
	Decided
	// Appointment is the appointment after the command.
	Appointment Doc[workflow.Appointment] `json:"appointment,omitzero"`
}

// AppointmentView is an appointment.
type AppointmentView struct {
	// Appointment is the appointment and what became of it.
	Appointment *workflow.Appointment `json:"appointment"`
}

// getAppointment reads an appointment. A consultant may read only their own.
func getAppointment(c *call, _ *none) (*AppointmentView, error) {
	r, err := readMatter[*workflow.Appointment](c, anAppointment)
	return &AppointmentView{r}, err
}

// AppointmentsQuery is the query of the list of appointments.
type AppointmentsQuery struct {
	// On selects the appointments of this day.
	On workflow.Date `query:"on" compares:"day"`
	// With selects the appointments with this consultant.
	With workflow.StaffID `query:"with" compares:"with"`
	// Customer selects the appointments of this customer.
	Customer workflow.CustomerID `query:"customer" compares:"customer"`
	// State selects appointments in these states.
	State []workflow.AppointmentState `query:"state" compares:"state"`
	Paging
}

// AppointmentList is a page of appointments.
type AppointmentList struct {
	// Appointments are the appointments on this page that the caller may see.
	Appointments []Doc[workflow.Appointment] `json:"appointments"`
	Page
}

// listAppointments lists appointments, those made last first. A consultant sees only their own.
func listAppointments(c *call, query *AppointmentsQuery) (*AppointmentList, error) {
	q, err := c.asks(workflow.Appointments, query.Paging, true)
	if err != nil {
		return nil, err
	}
	if c.own() {
		q.In["with"] = []string{string(c.key.Staff)}
	}
	p, docs, err := list[workflow.Appointment](c, q)
	return &AppointmentList{docs, p}, err
}
