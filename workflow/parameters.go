package workflow

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Parameter is one field of a policy in which offices differ, with the articles that set it. Its
// words stand in package explain.
type Parameter struct {
	Name   string // as in the policy's JSON: count.unstated
	P1, P2 string // the article of each preset; a preset that is silent follows the other's article
	Bounds string // the values it may take
	admits func(any) bool
	field  []int // of Policy, by index
}

// parameters are all parameters, in order of the policy's fields.
var parameters = []Parameter{
	parameter("count.unpaid_returning", "P1-44", "P2-08a", yesNo),
	parameter("count.unstated", "P1-29b", "P2-09a", oneOf(CountAtOnce, CountWhenSales)),
	parameter("count.peers", "P1-29b", "P2-07c", yesNo),
	parameter("count.consumes_turn", "P1-11", "P2-08a", yesNo),
	parameter("count.same_day_once", "P1-44", "P2-08b", yesNo),
	parameter("count.off_hours", "P1-43", "P1-43", yesNo),
	parameter("count.joint_groups_once", "P1-50", "P1-50", yesNo),
	parameter("pass_effect.own_reception", "P1-11", "P2-10a", passing),
	parameter("pass_effect.personal", "P1-09a", "P1-09a", passing),
	parameter("pass_effect.leave", "P1-09a", "P1-09a", passing),
	parameter("pass_effect.day_off", "P1-09a", "P1-09a", passing),
	parameter("pass_effect.chores", "P1-06", "P2-07a", passing),
	parameter("pass_effect.company_duty", "P1-09b", "P2-07b", passing),
	parameter("pass_effect.leader_task", "P1-09b", "P2-07b", passing),
	parameter("pass_effect.helping", "P1-18", "P1-18", passing),
	parameter("pass_effect.assist", "P1-18", "P1-18", passing),
	parameter("pass_effect.unrelated", "P1-29c", "P2-09b", passing),
	parameter("pass_effect.company_staff", "P1-45", "P2-07b", passing),
	parameter("pass_effect.off_hours", "P1-43", "P1-43", passing),
	parameter("route.peer", "P1-29b", "P2-07c", routing),
	parameter("route.unrelated", "P1-29c", "P2-09b", oneOf(RouteFirst, RouteLastSeat)),
	parameter("route.company_staff", "P1-45", "P2-07b", routing),
	parameter("assist.when_busy", "P1-15", "P2-10a", oneOf(HelpAnyone, HelpClosedOnly)),
	parameter("assist.stand_in", "P1-06", "P2-10b", yesNo),
	parameter("phone.answered_by", "P1-38", "P2-12b", oneOf(AnswerLastSeat, AnswerThird)),
	parameter("phone.appointment_owns", "P1-39", "P2-08a", yesNo),
	parameter("makeup.approvers", "P1-08", "P2-07b",
		someOf(RoleSupervisor, RoleShiftLeader, RoleManager)),
	parameter("makeup.expires_days", "P1-08", "P2-07b", between(0, 366)),
	parameter("desk.seats", "P2-11", "P2-11", between(1, 20)),
	parameter("desk.vacancy_grace_min", "P2-04", "P2-04", between(0, 60)),
	parameter("desk.guiding", "P1-20", "P2-05", yesNo),
	parameter("stale_after_months", "P1-17b", "P2-08a", between(0, 120)),
	parameter("stale_after_days", "P1-17b", "P2-08a", between(0, 366)),
	parameter("carry_over", "P1-07", "P2-01", yesNo),
	parameter("rejoin_order", "P1-27", "P2-06", oneOf(RejoinReentry, RejoinTurnTaken)),
	parameter("abandon_grace_min", "P1-51", "P1-51", between(0, 30)),
	parameter("wait_reminder_min", "P1-04", "P2-02", between(0, 240)),
}

// Parameters returns every parameter of a policy, in order of the policy's fields.
func Parameters() []Parameter { return parameters }

func parameter(name, p1, p2 string, b bounds) Parameter {
	return Parameter{name, p1, p2, b.text, b.admits, fieldOf(reflect.TypeFor[Policy](), name)}
}

// fieldOf finds a field by its path of names in JSON; nil when there is none.
func fieldOf(t reflect.Type, path string) []int {
	head, rest, nested := strings.Cut(path, ".")
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name != head:
		case nested:
			return append([]int{i}, fieldOf(f.Type, rest)...)
		default:
			return []int{i}
		}
	}
	return nil
}

// bounds are the values that a parameter may take, and their description.
type bounds struct {
	text   string
	admits func(any) bool
}

var (
	yesNo   = bounds{"true, false", func(any) bool { return true }}
	passing = oneOf(PassVoid, PassVoidWithRight, PassHold)
	routing = oneOf(RouteLine, RouteFirst, RouteLastSeat)
)

func oneOf[T ~string](words ...T) bounds {
	return bounds{join(words), func(v any) bool {
		w, ok := v.(T)
		return ok && slices.Contains(words, w)
	}}
}

func someOf[T ~string](words ...T) bounds {
	return bounds{"one or more of " + join(words), func(v any) bool {
		ws, ok := v.([]T)
		unknown := func(w T) bool { return !slices.Contains(words, w) }
		return ok && len(ws) > 0 && !slices.ContainsFunc(ws, unknown)
	}}
}

func between(low, high int) bounds {
	return bounds{itoa(low) + " to " + itoa(high), func(v any) bool {
		n, ok := v.(int)
		return ok && low <= n && n <= high
	}}
}

func join[T ~string](words []T) string {
	texts := make([]string, len(words))
	for i, w := range words {
		texts[i] = string(w)
	}
	return strings.Join(texts, ", ")
}

// Value is what p says for the parameter. A pass effect of which p says nothing, because it is
// younger than p, is hold.
func (m *Parameter) Value(p *Policy) any {
	v := reflect.ValueOf(p).Elem().FieldByIndex(m.field).Interface()
	if v == PassEffect("") {
		return PassHold
	}
	return v
}

// Valid reports whether p's value is within the bounds.
func (m *Parameter) Valid(p *Policy) bool { return m.admits(m.Value(p)) }

// changed reports whether p's value differs from its preset's.
func (m *Parameter) changed(p *Policy) bool {
	base, ok := Preset(p.Preset)
	return ok && !reflect.DeepEqual(m.Value(p), m.Value(&base))
}

// Check returns the first parameter whose value is out of bounds; nil when p is a policy. It is
// asked when a policy is adopted. One that was adopted under wider bounds stays in force.
func (p *Policy) Check() *Parameter {
	if _, ok := Preset(p.Preset); !ok {
		return &Parameter{Name: "preset", Bounds: "p1, p2"}
	}
	for i := range parameters {
		if !parameters[i].Valid(p) {
			return &parameters[i]
		}
	}
	if p.StaleDays > 0 && p.StaleMonths > 0 {
		return &Parameter{Name: "stale_after_days", Bounds: "0 beside stale_after_months"}
	}
	return nil
}

// OutOfBounds is a value that a parameter may not take.
type OutOfBounds struct{ Name, Bounds string }

func (e *OutOfBounds) Error() string { return e.Name + " is out of bounds: " + e.Bounds }

// cite turns the name of a parameter into the article that sets it: the preset's, or P1-51 with the
// parameter's name when the office changed the value. An article passes through.
func (d *draft) cite(rule string) (article, parameter string) {
	if len(rule) > 1 && rule[0] == 'P' {
		return rule, ""
	}
	for i := range parameters {
		m := &parameters[i]
		if m.Name != rule {
			continue
		}
		if m.changed(d.policy) {
			return "P1-51", m.Name
		}
		if d.policy.Preset == "p2" {
			return m.P2, ""
		}
		return m.P1, ""
	}
	return "", ""
}

// article picks the clause of the policy in force.
func (d *draft) article(p1, p2 string) string {
	if d.policy.Preset == "p2" {
		return p2
	}
	return p1
}

// Set changes single parameters by name. The values are as in JSON; an unknown name or a value out
// of bounds is an error, and p is then unchanged.
func (p *Policy) Set(values map[string]any) error {
	q := *p
	if err := q.Fill(values); err != nil {
		return err
	}
	if m := q.Check(); m != nil {
		return &OutOfBounds{m.Name, m.Bounds}
	}
	*p = q
	return nil
}

// Fill is Set without a look at the bounds. Days until a customer is stale replace the preset's
// months, unless values says both.
func (p *Policy) Fill(values map[string]any) error {
	if len(values) == 0 {
		return nil
	}
	doc := map[string]any{}
	for name, v := range values {
		if !slices.ContainsFunc(parameters, func(m Parameter) bool { return m.Name == name }) {
			return fmt.Errorf("there is no parameter %q", name)
		}
		at := doc
		for {
			head, rest, nested := strings.Cut(name, ".")
			if !nested {
				at[head] = v
				break
			}
			next, ok := at[head].(map[string]any)
			if !ok {
				next = map[string]any{}
				at[head] = next
			}
			at, name = next, rest
		}
	}
	text, err := json.Marshal(doc)
	if err != nil {
		return fmt.Errorf("parameters: %w", err)
	}
	q := *p
	q.MakeUp.Approvers = slices.Clone(p.MakeUp.Approvers)
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&q); err != nil {
		return fmt.Errorf("parameters: %w", err)
	}
	if _, months := values["stale_after_months"]; q.StaleDays > 0 && !months {
		q.StaleMonths = 0
	}
	*p = q
	return nil
}
