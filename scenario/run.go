package scenario

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// Answer is an office's answer to one command.
type Answer struct {
	Facts []workflow.Fact
	// Refusal is the code of a refusal, with its article and its sentence; empty if the command was
	// accepted.
	Refusal, Rule, Detail string
}

// Office is where a scenario is played: the decision core itself, or a running service.
type Office interface {
	// Do gives a command at a moment; by is a label with its role ("" for the front desk).
	Do(
		ctx context.Context, at time.Time, by string, role workflow.Role, cmd workflow.Command,
	) (Answer, error)
	// Timers carries out what has fallen due by itself up to a moment, and returns its facts.
	Timers(ctx context.Context, at time.Time) ([]workflow.Fact, error)
	// Ask answers a question about the service desk: lists by what is expected of the step.
	Ask(ctx context.Context, at time.Time, q Question) (map[string][]string, error)
	// View is the board as it is now.
	View(ctx context.Context, at time.Time) (*View, error)
}

// View is everything that an expectation may be about.
type View struct {
	Rota      *workflow.Rota
	Next      workflow.UnitID  // the unit whose turn it is
	NextStaff workflow.StaffID // its member who would receive
	Visits    map[string]*workflow.Visit
	Customers map[string]*workflow.Customer
	Messages  map[string]*workflow.Message // the newest, by addressee
	Approvals map[string]*workflow.Approval
	// Appointments by label.
	Appointments map[string]*workflow.Appointment
	Vacancy      *workflow.Vacancy // the newest
	Dispute      *workflow.Dispute // the newest
	Call         *workflow.Call    // the newest
	Desk         workflow.Desk
	// Agenda is the agenda of a label of staff, of the desk or of everybody.
	Agenda func(label string) ([]string, error)
	// Zone is the office's.
	Zone *time.Location

	Tickets      map[string]*workflow.Ticket
	Faults       map[string]*workflow.MajorFault
	Arbitrations map[string]*workflow.Arbitration
	Projects     map[string]*workflow.Project
}

// Difference is one expectation that was not met.
type Difference struct {
	Key  string `json:"key"`
	Want string `json:"want"`
	Got  string `json:"got"`
}

// StepResult is what happened at one step.
type StepResult struct {
	At          string          `json:"at"`
	Do          string          `json:"do"`
	Visit       string          `json:"visit,omitempty"`
	Refusal     string          `json:"refusal,omitempty"`
	Rule        string          `json:"rule,omitempty"`
	Detail      string          `json:"detail,omitempty"`
	Facts       []workflow.Fact `json:"facts"`
	Differences []Difference    `json:"differences,omitempty"`

	found map[string][]string // what the step asked for
}

// Result is what happened in one scenario.
type Result struct {
	ID    string       `json:"id"`
	Title string       `json:"title"`
	Steps []StepResult `json:"steps"`
}

// Passed reports whether every expectation was met.
func (r *Result) Passed() bool {
	return !slices.ContainsFunc(r.Steps, func(s StepResult) bool { return len(s.Differences) > 0 })
}

// Run plays a scenario at an office that nobody else uses. An error means that the scenario could
// not be played, because it is malformed or the office failed.
func (sc *Scenario) Run(ctx context.Context, o Office) (*Result, error) {
	loc, err := time.LoadLocation(sc.Zone)
	if err != nil {
		return nil, fmt.Errorf("%s: zone: %w", sc.ID, err)
	}
	setUp, err := sc.setUp()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", sc.ID, err)
	}
	day, err := time.ParseInLocation(time.DateOnly, sc.Date, loc)
	if err != nil {
		return nil, fmt.Errorf("%s: date: %w", sc.ID, err)
	}
	for _, s := range setUp {
		if a, err := o.Do(ctx, day, "", setUpRole(s.cmd), s.cmd); err != nil || a.Refusal != "" {
			return nil, fmt.Errorf("%s: setting up with %s: %s %w", sc.ID, s.cmd.About().Kind,
				a.Detail, err)
		}
	}
	res := &Result{ID: sc.ID, Title: sc.Title}
	for i := range sc.Steps {
		s := &sc.Steps[i]
		if s.Do == "day_open" && s.str("date") != "" {
			if day, err = time.ParseInLocation(time.DateOnly, s.str("date"), loc); err != nil {
				return nil, fmt.Errorf("%s step %d: date: %w", sc.ID, i+1, err)
			}
		}
		at, err := clock(day, s.At)
		if err != nil {
			return nil, fmt.Errorf("%s step %d: %w", sc.ID, i+1, err)
		}
		s.Date = day.Format(time.DateOnly)
		r, err := sc.play(ctx, o, s, at)
		if err != nil {
			return nil, fmt.Errorf("%s step %d (%s): %w", sc.ID, i+1, s.Do, err)
		}
		res.Steps = append(res.Steps, *r)
	}
	return res, nil
}

// Playable reports whether the scenario's policy is supported.
func (sc *Scenario) Playable() bool {
	_, ok := sc.preset()
	return ok
}

// setUpRole is the role that gives a command of the setup.
func setUpRole(c workflow.Command) workflow.Role {
	switch c.(type) {
	case *workflow.CreateSite:
		return workflow.RoleAdministrator
	case *workflow.ImportCustomer:
		return workflow.RoleManager
	default:
		return workflow.RoleFrontDesk
	}
}

func clock(day time.Time, at string) (time.Time, error) {
	t, err := time.Parse("15:04", at)
	if err != nil {
		return time.Time{}, fmt.Errorf("at: %w", err)
	}
	return time.Date(day.Year(), day.Month(), day.Day(), t.Hour(), t.Minute(), 0, 0,
		day.Location()).UTC(), nil
}

// play carries out one step and compares what is expected of it.
func (sc *Scenario) play(
	ctx context.Context, o Office, s *Step, at time.Time,
) (*StepResult, error) {
	before, err := o.View(ctx, at)
	if err != nil {
		return nil, err
	}
	orders, err := s.orders(func(k string) bool { return before.Customers[k] != nil })
	if err != nil {
		return nil, err
	}
	if s.Do == "day_open" && sc.Policy == deskOnly && len(sc.Given.Line) == 0 {
		orders = nil // it only moves the day
	}
	r := &StepResult{At: s.At, Do: s.Do, Visit: s.str("visit")}
	if err := s.ask(ctx, o, at, r); err != nil {
		return nil, err
	}
	for _, od := range orders {
		by := sc.actor(od, before)
		role := od.as
		if role == "" {
			role = sc.roleOf(by)
		}
		a, err := o.Do(ctx, at, by, role, od.cmd)
		if err != nil {
			return nil, err
		}
		r.Facts = append(r.Facts, a.Facts...)
		if a.Refusal != "" {
			r.Refusal, r.Rule, r.Detail = a.Refusal, a.Rule, a.Detail
			break
		}
	}
	after, err := o.View(ctx, at)
	if err != nil {
		return nil, err
	}
	if after.Zone, err = time.LoadLocation(sc.Zone); err != nil {
		return nil, fmt.Errorf("zone: %w", err)
	}
	r.compare(s, after)
	return r, nil
}

// compare checks what the step expects; an unexpected refusal is itself a difference.
func (r *StepResult) compare(s *Step, v *View) {
	if _, wanted := s.Expect["reject"]; wanted != (r.Refusal != "") {
		got := "accepted"
		if r.Refusal != "" {
			got = r.Refusal + " (" + r.Rule + "): " + r.Detail
		}
		r.Differences = append(r.Differences, Difference{"reject", show(s.Expect["reject"]), got})
	}
	for _, k := range slices.Sorted(maps.Keys(s.Expect)) {
		if k == "reject" {
			continue
		}
		want := s.Expect[k]
		got, err := observe(k, want, r, v, s)
		if err != nil {
			r.Differences = append(r.Differences, Difference{k, show(want), err.Error()})
			continue
		}
		if a, b := show(normal(k, want)), show(normal(k, got)); a != b {
			r.Differences = append(r.Differences, Difference{k, a, b})
		}
	}
}

// normal sorts values that are sets.
func normal(k string, v any) any {
	switch k {
	case "voided", "makeup_right", "notified", "flags", "evidence", "remind", "tasks", "missing",
		"late", "asked":
		return sorted(asList(v))
	case "agenda":
		return sets(v)
	}
	return v
}

// show formats a value in the same way whatever its type was.
func show(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case []any, []string:
		items := asList(v)
		if ss, ok := v.([]string); ok {
			items = ss
		}
		return "[" + strings.Join(items, " ") + "]"
	case map[string]any:
		parts := make([]string, 0, len(v))
		for _, k := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, k+":"+show(v[k]))
		}
		return "{" + strings.Join(parts, " ") + "}"
	default:
		return fmt.Sprint(v)
	}
}
