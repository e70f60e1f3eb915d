package workflow

import "time"

// TicketStep is something that can be done about a ticket, by the kind of its command.
type TicketStep struct {
	Kind Kind
	try  func(RecordID) []Command // any of them carries the step out
}

// ticketSteps are all of them, in the order of a ticket's life. The note stands for the text that
// somebody would write.
var ticketSteps = []TicketStep{
	{"record_ticket", func(id RecordID) []Command {
		return []Command{&RecordTicket{Ticket: id, Note: "text"}}
	}},
	{"hand_ticket", func(id RecordID) []Command { return []Command{&HandTicket{Ticket: id}} }},
	{"escalate_ticket", func(id RecordID) []Command {
		return []Command{&EscalateTicket{Ticket: id}}
	}},
	{"call_again", func(id RecordID) []Command { return []Command{&CallAgain{Ticket: id}} }},
	{"resolve_ticket", func(id RecordID) []Command {
		return []Command{&ResolveTicket{Ticket: id}}
	}},
	{"submit_slip", func(id RecordID) []Command { return []Command{&SubmitSlip{Ticket: id}} }},
	{"close_ticket", func(id RecordID) []Command {
		return []Command{
			&CloseTicket{Ticket: id}, &CloseTicket{Ticket: id, Outcome: OutcomeWithdrawn},
		}
	}},
}

// TicketNeeds names the records that TicketAllows looks at, beside the board's own.
func (b *Board) TicketNeeds(id RecordID) []Ref { return b.ticketNeeds(id) }

// TicketAllows are the steps that somebody may take about a ticket now, by the kinds of their
// commands. They are asked of the rules themselves: a step is open when its command would be
// carried out, or would be with another area or at another moment of the day.
func (b *Board) TicketAllows(by Actor, id RecordID, now time.Time) (open []Kind) {
	for _, s := range ticketSteps {
		for _, cmd := range s.try(id) {
			_, f := Decide(b, Envelope{ID: "allowed", By: by, At: now}, cmd)
			if f == nil || f.Code == "area_missing" || f.Code == "nobody_in_charge" {
				open = append(open, s.Kind)
				break
			}
		}
	}
	return open
}

// FollowUpsDue is whose the calls are that customers of projects wait for, and the moment before
// which one began to be due that is due by a day.
func (b *Board) FollowUpsDue(day Date) (whose []string, before time.Time) {
	return []string{forDepartment(CustomerService)}, b.begins(day.AddDays(1))
}

// NeedsOf are the year of the round of gifts and needs that goes on, and the statuses of customers
// that have tasks in it; no statuses where there is none today (A73).
func (s *ServiceDesk) NeedsOf(today Date) (year int, of []CustomerStatus) {
	if !s.inCampaign(today) {
		return 0, nil
	}
	return today.time().Year(), s.On(today).Parameters.Campaign.Statuses
}

// ActsFor refuses whoever acts for none of the departments: its members do, and the manager where
// nobody is in it (A95).
func (b *Board) ActsFor(by Actor, now time.Time, rule string, deps ...Department) *Fault {
	return newDraft(b, Envelope{At: now, By: by}).ofDepartment(rule, deps...)
}
