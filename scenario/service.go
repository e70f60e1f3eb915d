package scenario

import (
	"fmt"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// The verbs of the service desk. Texts that a step does not spell out are supplied: what they say
// is of no account.
const spoken = workflow.NoteID("as spoken")

// serviceVerbs are the words of the format about the service desk.
var serviceVerbs = map[string]verb{
	"service_adopt": does("POST", "/service", adoptService, nil),

	"ticket_open":   does("POST", "/tickets", openTicket, ticketBody),
	"ticket_record": does("POST", "/tickets/{ticket}/record", recordTicket, nil),
	"ticket_handover": does[workflow.HandTicket](
		"POST", "/tickets/{ticket}/handover", nil, nil),
	"ticket_escalate": does[workflow.EscalateTicket](
		"POST", "/tickets/{ticket}/escalate", nil, nil),
	"ticket_call_again": does[workflow.CallAgain](
		"POST", "/tickets/{ticket}/call-again", nil, nil),
	"ticket_resolve": does[workflow.ResolveTicket](
		"POST", "/tickets/{ticket}/resolve", nil, nil),
	"ticket_slip":  does("POST", "/tickets/{ticket}/slip", submitSlip, nil),
	"ticket_close": does[workflow.CloseTicket]("POST", "/tickets/{ticket}/close", nil, nil),

	"deliver":        does("POST", "/projects", deliver, nil),
	"project_retire": does[workflow.RetireProject]("POST", "/projects/{project}/retire", nil, nil),
	"followup_done":  does("POST", "/projects/{project}/follow-ups", followedUp, nil),

	"fault_report": does[workflow.ReportFault](
		"POST", "/faults", nil, faultBody).reads(reportFault),
	"fault_file":     does[workflow.FileFault]("POST", "/faults/{fault}/file", nil, nil),
	"fault_relay":    does[workflow.RelayFault]("POST", "/faults/{fault}/relay", nil, nil),
	"fault_track":    does[workflow.TrackFault]("POST", "/faults/{fault}/track", nil, nil),
	"fault_end":      does[workflow.EndFault]("POST", "/faults/{fault}/end", nil, nil),
	"fault_analysis": does[workflow.AnalyseFault]("POST", "/faults/{fault}/analysis", nil, nil),
	"fault_feedback": does[workflow.FeedBackFault]("POST", "/faults/{fault}/feedback", nil, nil),

	"report_submit": does("POST", "/service-reports", submitReport, nil),
	"need":          does[workflow.MarkNeed]("POST", "/needs/{customer}", nil, nil),

	"xdispute_open":    does("POST", "/arbitrations", openArbitration, arbitrationBody),
	"xdispute_opinion": does("POST", "/arbitrations/{arbitration}/opinions", addOpinion, nil),
	"xdispute_rule":    does("POST", "/arbitrations/{arbitration}/ruling", rule, nil),
	"xdispute_confirm": does("POST", "/arbitrations/{arbitration}/executed", confirm, nil),

	"holiday_watch": does[workflow.SetWatch]("PUT", "/watches/{date}", nil, nil).reads(setWatch),
	"holiday_log":   does[workflow.LogWatch]("POST", "/watches/{date}/log", nil, nil),

	"agenda":            asks(),
	"timers":            asks(),
	"followup_schedule": asks(),
	"followup_overdue":  asks(),
	"report_audit":      asks(),
	"yearly_tasks":      asks(),
	"holiday_audit":     asks(),
}

// asks is a verb that gives no command: its expectations ask the office.
func asks() verb {
	return verb{orders: func(*Step, known) ([]order, error) { return nil, nil }}
}

func adoptService(*Step, known, *workflow.AdoptService) {}

func openTicket(s *Step, _ known, c *workflow.OpenTicket) {
	c.Channel, c.Note = workflow.TicketChannel(s.str("via")), note(s.str("record"))
}

func recordTicket(s *Step, _ known, c *workflow.RecordTicket) { c.Note = note(s.str("record")) }

// note stands for a text where there is one.
func note(text string) workflow.NoteID {
	if text == "" {
		return ""
	}
	return workflow.NoteID(text)
}

func submitSlip(_ *Step, _ known, c *workflow.SubmitSlip) { c.Note = spoken }

func deliver(s *Step, _ known, c *workflow.DeliverProject) {
	c.DeliveredOn = workflow.Date(s.str("date"))
}

func followedUp(s *Step, _ known, c *workflow.FollowUpProject) {
	c.On = workflow.Date(s.str("date"))
	c.Unreached = s.has("reached") && !s.flag("reached")
}

// reportFault reads when it happened as a time of the step's day.
func reportFault(s *Step) (workflow.Command, error) {
	c := &workflow.ReportFault{}
	rest := *s
	rest.Args = without(s.Args, "occurred_at")
	if err := rest.into(c); err != nil {
		return nil, err
	}
	at := s.str("occurred_at")
	if at == "" {
		return c, nil
	}
	loc, err := time.LoadLocation(s.Zone)
	if err != nil {
		return nil, fmt.Errorf("zone: %w", err)
	}
	t, err := time.ParseInLocation(time.DateOnly+" 15:04", s.Date+" "+at, loc)
	if err != nil {
		return nil, fmt.Errorf("occurred_at: %w", err)
	}
	c.OccurredAt = t.UTC()
	return c, nil
}

func submitReport(s *Step, _ known, c *workflow.SubmitReport) {
	if c.Note = spoken; c.Kind == workflow.ReportSupervision {
		c.Month = workflow.Month(s.period("month"))
		return
	}
	c.Week = workflow.Date(s.period("week"))
}

// period is the month or the week that a step names, the current one if it names none.
func (s *Step) period(k string) string {
	if s.has(k) {
		return s.str(k)
	}
	if k == "month" && len(s.Date) >= len("2006-01") {
		return s.Date[:len("2006-01")]
	}
	return s.Date
}

func openArbitration(s *Step, _ known, c *workflow.OpenArbitration) {
	c.Arbitration = workflow.RecordID(s.str("id"))
}

func addOpinion(s *Step, _ known, c *workflow.AddOpinion) {
	c.Arbitration, c.Note = workflow.RecordID(s.str("id")), spoken
}

func rule(s *Step, _ known, c *workflow.RuleArbitration) {
	c.Arbitration, c.Note = workflow.RecordID(s.str("id")), spoken
}

func confirm(s *Step, _ known, c *workflow.ConfirmArbitration) {
	c.Arbitration = workflow.RecordID(s.str("id"))
}

// setWatch takes one member of staff or several.
func setWatch(s *Step) (workflow.Command, error) {
	c := &workflow.SetWatch{Date: workflow.Date(s.str("date"))}
	for _, who := range s.people("staff") {
		c.Staff = append(c.Staff, staff(who))
	}
	return c, nil
}

// people are those whom an argument names, one or several.
func (s *Step) people(k string) []string {
	if one, ok := s.Args[k].(string); ok {
		return []string{one}
	}
	return s.list(k)
}

func without(args map[string]any, name string) map[string]any {
	rest := make(map[string]any, len(args))
	for k, v := range args {
		if k != name {
			rest[k] = v
		}
	}
	return rest
}

// The service makes up the ids of tickets, faults and cases.

func ticketBody(_ *Remote, _ *workflow.OpenTicket, body map[string]any) { delete(body, "ticket") }

func faultBody(_ *Remote, _ *workflow.ReportFault, body map[string]any) { delete(body, "fault") }

func arbitrationBody(_ *Remote, _ *workflow.OpenArbitration, body map[string]any) {
	delete(body, "arbitration")
}
