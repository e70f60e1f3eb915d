package scenario

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"strings"

	"github.com/lunpai/lunpai/workflow"
)

// verb is a word of the format: the command that it gives, and the request that gives it at a
// service.
type verb struct {
	gives   reflect.Type
	orders  func(*Step, known) ([]order, error)
	request func(*Remote, workflow.Command) (request, error)
}

// known tells whether a customer has a record.
type known func(string) bool

// verbs are the words of the format, each with its command and its address below the site's.
// Arguments fill the command's member of the same name; `fill` says what goes beyond that. The body
// of the request is the command without what stands in the address; `body` changes it where the
// service takes it otherwise.
var verbs = map[string]verb{
	"receive":    receives(),
	"arrive":     does("POST", "/visits", nil, arrival),
	"identify":   does("POST", "/visits/{visit}/identify", identify, identification),
	"recognise":  does[workflow.RecogniseVisit]("POST", "/visits/{visit}/recognise", nil, nil),
	"assign":     does[workflow.AssignVisit]("POST", "/visits/{visit}/assign", nil, nil),
	"reidentify": does("POST", "/visits/{visit}/reidentify", reidentify, reidentification),
	"finish":     does[workflow.ServeVisit]("POST", "/visits/{visit}/serve", nil, nil),
	"register":   does("POST", "/visits/{visit}/register", register, registration),
	"complete":   does("POST", "/visits/{visit}/register", complete, registration),
	"abandon":    does[workflow.AbandonVisit]("POST", "/visits/{visit}/abandon", nil, nil),
	"merge":      does[workflow.MergeVisit]("POST", "/visits/{visit}/merge", nil, nil),
	"change":     does[workflow.ChangeLead]("POST", "/visits/{visit}/change", nil, nil),
	"handover":   does[workflow.HandOver]("POST", "/visits/{visit}/handover", nil, nil),
	"assist_add": does[workflow.AddAssistant]("POST", "/visits/{visit}/assistants", nil, nil),
	"assist_release": does[workflow.ReleaseAssistant](
		"POST", "/visits/{visit}/release-assistant", nil, nil),

	"withdraw": does[workflow.WithdrawAssignment](
		"POST", "/visits/{visit}/withdraw", nil, nil),
	"turn_return": does[workflow.ReturnTurn]("POST", "/visits/{visit}/return-turn", nil, nil),

	"leave":        does("POST", "/staff/{who}/leave", leave, nil),
	"plan_absence": does("POST", "/staff/{who}/absences", planAbsence, nil),
	"cancel_absence": does[workflow.CancelAbsence](
		"DELETE", "/staff/{who}/absences/{from}", nil, nil),
	"return":        does[workflow.Return]("POST", "/staff/{who}/return", nil, nil),
	"busy":          does[workflow.Busy]("POST", "/staff/{who}/busy", nil, nil),
	"free":          does[workflow.Free]("POST", "/staff/{who}/free", nil, nil),
	"makeup":        does("POST", "/rota/make-ups", makeUp, nil),
	"reorder":       does[workflow.Reorder]("POST", "/rota/reorder", nil, nil),
	"event_start":   does[workflow.StartEvent]("POST", "/rota/event", nil, nil),
	"event_end":     does[workflow.EndEvent]("DELETE", "/rota/event", nil, nil),
	"day_close":     does[workflow.CloseDay]("POST", "/rota/close", nil, nil),
	"day_open":      does("POST", "/rota/open", openDay, nil),
	"roster_add":    does("POST", "/rota/roster", rosterAdd, nil),
	"roster_remove": does("POST", "/rota/roster", rosterRemove, nil),

	"staff_add":    does("POST", "/staff", staffAdd, staffBody),
	"staff_change": does("PATCH", "/staff/{staff}", staffChange, nil),
	"adopt":        does("POST", "/policy", nil, adoptBody).reads(adopt),
	"import":       does("POST", "/customers", nil, imported).reads(importCustomer),

	"follow_up": does("POST", "/customers/{customer}/follow-ups", followUp, nil),
	"deal":      does[workflow.RecordDeal]("POST", "/customers/{customer}/deals", nil, nil),
	"cover":     does[workflow.CoverCustomer]("POST", "/customers/{customer}/cover", nil, nil),
	"reassign": does[workflow.ReassignCustomer](
		"POST", "/customers/{customer}/reassign", nil, nil),
	"reassign_all": does("POST", "/staff/{from}/reassign-customers", nil, reassignAll),

	"call":    does("POST", "/calls", call, nil).mints("call"),
	"appoint": does("POST", "/appointments", nil, appointmentBody).reads(appoint),
	"appoint_change": does[workflow.ChangeAppointment](
		"PATCH", "/appointments/{appointment}", nil, nil).reads(appointChange),
	"appoint_cancel": does[workflow.CancelAppointment](
		"POST", "/appointments/{appointment}/cancel", nil, nil),
	"card_given":       does[workflow.GiveCard]("POST", "/cards", nil, nil).mints("card"),
	"approval_request": does("POST", "/approvals", approval, approvalBody),
	"approval_decide":  does("POST", "/approvals/{approval}/decide", approvalDecided, nil),
	"dispute":          does[workflow.OpenDispute]("POST", "/disputes", nil, nil).mints("dispute"),
	"ruling":           does("POST", "/rulings", nil, rulingBody).mints("ruling"),
	"conduct_note":     does[workflow.NoteConduct]("POST", "/conduct", nil, nil).mints("conduct"),
	"checklist_done": does[workflow.CompleteCheck](
		"POST", "/checklists", nil, nil).mints("check"),

	"explain": does[workflow.ExplainVisit]("POST", "/visits/{visit}/explain", nil, nil),
	"acknowledge": does(
		"POST", "/agenda/notices/{notice}/acknowledge", acknowledge, nil),

	"seat_vacant": does[workflow.VacateSeat](
		"POST", "/desk/vacancies", nil, nil).mints("vacancy"),
	"notify":        does[workflow.NotifySeat]("POST", "/desk/notices", nil, nil),
	"seat_filled":   does[workflow.FillSeat]("POST", "/desk/fill", nil, nil).byTheDesk(),
	"vacancy_check": does[workflow.CheckVacancy]("POST", "/desk/check", nil, nil),
	"desk_view":     {orders: func(*Step, known) ([]order, error) { return nil, nil }},
}

func verbOf(word string) (verb, bool) {
	if v, ok := verbs[word]; ok {
		return v, true
	}
	v, ok := serviceVerbs[word]
	return v, ok
}

// requests are the verbs by the command that they give.
var requests = func() map[reflect.Type]verb {
	m := map[reflect.Type]verb{}
	for _, all := range []map[string]verb{verbs, serviceVerbs} {
		for _, v := range all {
			if v.gives != nil {
				m[v.gives] = v
			}
		}
	}
	return m
}()

// does is a verb that gives one command.
func does[T any, P interface {
	*T
	workflow.Command
}](method, path string, fill func(*Step, known, *T), body func(*Remote, *T, map[string]any),
) verb {
	v := verb{gives: reflect.TypeFor[P]()}
	v.orders = func(s *Step, k known) ([]order, error) {
		c := new(T)
		if err := s.into(c); err != nil {
			return nil, err
		}
		if fill != nil {
			fill(s, k, c)
		}
		return []order{{s.str("by"), s.role(), P(c)}}, nil
	}
	v.request = func(r *Remote, cmd workflow.Command) (request, error) {
		c, ok := cmd.(P)
		if !ok {
			return request{}, fmt.Errorf("%T is not %s", cmd, v.gives)
		}
		b, err := r.members(c)
		if err != nil {
			return request{}, err
		}
		address := fillPath(path, b)
		if body != nil {
			body(r, c, b)
		}
		return request{method, address, b}, nil
	}
	return v
}

// reads is a verb whose command says things in other words than its step.
func (v verb) reads(read func(*Step) (workflow.Command, error)) verb {
	v.orders = func(s *Step, _ known) ([]order, error) {
		c, err := read(s)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.Do, err)
		}
		return []order{{s.str("by"), s.role(), c}}, nil
	}
	return v
}

// mints has the office make the id of a new record, which the format does not name.
func (v verb) mints(name string) verb {
	orders, sends := v.orders, v.request
	v.orders = func(s *Step, k known) ([]order, error) {
		named := *s
		named.Args = maps.Clone(s.Args)
		named.Args[name] = fmt.Sprintf("%s:%d", name, s.Number)
		return orders(&named, k)
	}
	v.request = func(r *Remote, cmd workflow.Command) (request, error) {
		req, err := sends(r, cmd)
		delete(req.body, name)
		return req, err
	}
	return v
}

// byTheDesk has the front desk give the command, whoever the step says it is about.
func (v verb) byTheDesk() verb {
	orders := v.orders
	v.orders = func(s *Step, k known) ([]order, error) {
		os, err := orders(s, k)
		for i := range os {
			os[i].by = ""
		}
		return os, err
	}
	return v
}

// orders translates a step into commands, in order.
func (s *Step) orders(k known) ([]order, error) {
	v, ok := verbOf(s.Do)
	if !ok {
		return nil, fmt.Errorf("verb %q is not known", s.Do)
	}
	return v.orders(s, k)
}

// into fills the members of a command with the step's arguments of the same name. A reason, a
// purpose or an item becomes a code.
func (s *Step) into(c any) error {
	args := make(map[string]any, len(s.Args))
	for k, v := range s.Args {
		switch k {
		case "reason", "purpose", "item":
			v = code(fmt.Sprint(v))
		}
		args[k] = v
	}
	text, err := json.Marshal(args)
	if err == nil {
		err = json.Unmarshal(text, c)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", s.Do, err)
	}
	return nil
}

// code makes a reason code of a word or a sentence; free text has no place in the journal.
func code(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	odd := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_'
	}
	if strings.ContainsFunc(s, odd) || len(s) > 40 {
		return "other"
	}
	return s
}
