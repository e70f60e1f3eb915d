package workflow

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Parameter is one field of a policy in which offices differ, with the articles that set it.
type Parameter struct {
	Name     string // as in the policy's JSON: count.unstated
	P1, P2   string // the article of each preset; a preset that is silent follows the other's article
	Bounds   string // the values it may take
	Text     string
	value    func(*Policy) any
	validate func(*Policy) bool
}

// Value is what p says for the parameter.
func (m *Parameter) Value(p *Policy) any { return m.value(p) }

// Valid reports whether p's value is within the bounds.
func (m *Parameter) Valid(p *Policy) bool { return m.validate(p) }

func yesNo(*Policy) bool { return true }

func oneOf[T comparable](get func(*Policy) T, allowed ...T) func(*Policy) bool {
	return func(p *Policy) bool {
		for _, a := range allowed {
			if get(p) == a {
				return true
			}
		}
		return false
	}
}

func within(get func(*Policy) int, lo, hi int) func(*Policy) bool {
	return func(p *Policy) bool { n := get(p); return lo <= n && n <= hi }
}

func flagParam(name, p1, p2, text string, get func(*Policy) bool) Parameter {
	return Parameter{name, p1, p2, "true, false", text, func(p *Policy) any { return get(p) }, yesNo}
}

func numParam(name, p1, p2, text, bounds string, lo, hi int, get func(*Policy) int) Parameter {
	return Parameter{name, p1, p2, bounds, text, func(p *Policy) any { return get(p) }, within(get, lo, hi)}
}

func wordParam(name, p1, p2, text, bounds string, get func(*Policy) string, allowed ...string) Parameter {
	return Parameter{name, p1, p2, bounds, text, func(p *Policy) any { return get(p) }, oneOf(get, allowed...)}
}

func passParam(name, p1, p2, text string, get func(*Policy) PassEffect) Parameter {
	return Parameter{
		name, p1, p2, "void, void_with_right, hold", text,
		func(p *Policy) any { return get(p) }, oneOf(get, PassVoid, PassVoidWithRight, PassHold),
	}
}

func routeParam(name, p1, p2, text string, get func(*Policy) Route) Parameter {
	return Parameter{
		name, p1, p2, "line, first, last_seat", text,
		func(p *Policy) any { return get(p) }, oneOf(get, RouteLine, RouteFirst, RouteLastSeat),
	}
}

// Parameters returns every parameter of a policy, in order of the policy's fields.
func Parameters() []Parameter { return parameters }

var parameters = []Parameter{
	flagParam("count.unpaid_returning", "P1-44", "P2-08a", "the visit of an old customer who has paid nothing counts", func(p *Policy) bool { return p.Count.UnpaidReturning }),
	wordParam("count.unstated", "P1-29b", "P2-09a", "a visitor who does not say why he came counts at once, or only when he asks about sales", "at_once, when_sales", func(p *Policy) string { return p.Count.Unstated }, "at_once", "when_sales"),
	flagParam("count.peers", "P1-29b", "P2-07c", "people of the trade count", func(p *Policy) bool { return p.Count.Peers }),
	flagParam("count.consumes_turn", "P1-11", "P2-08a", "what counts uses the turn of the one it counts for, wherever he stands", func(p *Policy) bool { return p.Count.ConsumesTurn }),
	flagParam("count.same_day_once", "P1-44", "P2-08b", "the same customer counts once a day for the same consultant", func(p *Policy) bool { return p.Count.OncePerDay }),
	flagParam("count.off_hours", "P1-43", "P1-43", "receptions outside hours and in duty shifts count", func(p *Policy) bool { return p.Count.OffHours }),
	flagParam("count.joint_groups_once", "P1-50", "P1-50", "groups that view together count once, not once a group", func(p *Policy) bool { return p.Count.JointGroupsOnce }),
	passParam("pass_effect.own_reception", "P1-11", "P2-10a", "passed while receiving a customer of one's own", func(p *Policy) PassEffect { return p.Pass.OwnReception }),
	passParam("pass_effect.personal", "P1-09a", "P1-09a", "passed while away for personal reasons", func(p *Policy) PassEffect { return p.Pass.Personal }),
	passParam("pass_effect.leave", "P1-09a", "P1-09a", "passed while on leave", func(p *Policy) PassEffect { return p.Pass.Leave }),
	passParam("pass_effect.day_off", "P1-09a", "P1-09a", "passed on a day off", func(p *Policy) PassEffect { return p.Pass.DayOff }),
	passParam("pass_effect.chores", "P1-06", "P2-07a", "passed while busy with work affairs on site", func(p *Policy) PassEffect { return p.Pass.Chores }),
	passParam("pass_effect.company_duty", "P1-09b", "P2-07b", "passed while away on company duty", func(p *Policy) PassEffect { return p.Pass.CompanyDuty }),
	passParam("pass_effect.leader_task", "P1-09b", "P2-07b", "passed while on a leader's errand on site", func(p *Policy) PassEffect { return p.Pass.LeaderTask }),
	passParam("pass_effect.assist", "P1-18", "P1-18", "passed while assisting", func(p *Policy) PassEffect { return p.Pass.Assist }),
	passParam("pass_effect.unrelated", "P1-29c", "P2-09b", "passed while attending to somebody who is no customer", func(p *Policy) PassEffect { return p.Pass.Unrelated }),
	passParam("pass_effect.company_staff", "P1-45", "P2-07b", "passed while attending to company people", func(p *Policy) PassEffect { return p.Pass.CompanyStaff }),
	passParam("pass_effect.off_hours", "P1-43", "P1-43", "passed while still in a reception begun outside hours or in a duty shift", func(p *Policy) PassEffect { return p.Pass.OffHours }),
	routeParam("route.peer", "P1-29b", "P2-07c", "who receives people of the trade", func(p *Policy) Route { return p.Route.Peer }),
	routeParam("route.unrelated", "P1-29c", "P2-09b", "who attends to visitors who have not come about sales", func(p *Policy) Route { return p.Route.Unrelated }),
	routeParam("route.company_staff", "P1-45", "P2-07b", "who attends to company people", func(p *Policy) Route { return p.Route.CompanyStaff }),
	wordParam("assist.when_busy", "P1-15", "P2-10a", "who may help a consultant who is busy when his customer comes", "anyone, closed_only", func(p *Policy) string { return p.Assist.WhenBusy }, "anyone", "closed_only"),
	flagParam("assist.stand_in", "P1-06", "P2-10b", "a colleague may stand in for the first of the line while he is with a closed customer", func(p *Policy) bool { return p.Assist.StandIn }),
	wordParam("phone.answered_by", "P1-38", "P2-12b", "who answers the sales telephone", "last_seat, third", func(p *Policy) string { return p.Phone.AnsweredBy }, "last_seat", "third"),
	flagParam("phone.appointment_owns", "P1-39", "P2-08a", "a customer with a telephone appointment belongs to the consultant of the appointment", func(p *Policy) bool { return p.Phone.AppointmentOwns }),
	{
		"makeup.approvers", "P1-08", "P2-07b", "one or more of supervisor, shift_leader, manager", "who grants make-ups",
		func(p *Policy) any { return p.MakeUp.Approvers },
		func(p *Policy) bool {
			for _, r := range p.MakeUp.Approvers {
				if r != RoleSupervisor && r != RoleShiftLeader && r != RoleManager {
					return false
				}
			}
			return len(p.MakeUp.Approvers) > 0
		},
	},
	numParam("desk.seats", "P2-11", "P2-11", "seats at the front desk", "1 to 20", 1, 20, func(p *Policy) int { return p.Desk.Seats }),
	numParam("desk.vacancy_grace_min", "P2-04", "P2-04", "minutes within which an empty first seat must be filled", "0 to 60", 0, 60, func(p *Policy) int { return p.Desk.VacancyGraceMin }),
	flagParam("desk.guiding", "P1-20", "P2-05", "guiding, water and standing up are asked of people", func(p *Policy) bool { return p.Desk.Guiding }),
	numParam("stale_after_months", "P1-17b", "P2-08a", "calendar months without contact after which a customer without money down is new; 0 = never", "0 to 120", 0, 120, func(p *Policy) int { return p.StaleMonths }),
	flagParam("carry_over", "P1-07", "P2-01", "the line carries over night; false: each day starts from the roster's order", func(p *Policy) bool { return p.CarryOver }),
	wordParam("rejoin_order", "P1-27", "P2-06", "order among those who come back: of coming back, or of taking their turns", "reentry, turn_taken", func(p *Policy) string { return p.RejoinOrder }, "reentry", "turn_taken"),
	numParam("abandon_grace_min", "P1-51", "P1-51", "minutes after the assignment within which an abandoned visit gives the turn back", "0 to 240", 0, 240, func(p *Policy) int { return p.AbandonGraceMin }),
	numParam("wait_reminder_min", "P1-04", "P2-02", "minutes after which a waiting visitor is brought to the supervisor's notice; 0 = never", "0 to 240", 0, 240, func(p *Policy) int { return p.WaitReminderMin }),
}

// changed reports whether p's value differs from its preset's.
func (m *Parameter) changed(p *Policy) bool {
	base, ok := Preset(p.Preset)
	return ok && !reflect.DeepEqual(m.value(p), m.value(&base))
}

// Check returns the first parameter whose value is out of bounds; nil when p is a policy.
func (p *Policy) Check() *Parameter {
	if _, ok := Preset(p.Preset); !ok {
		return &Parameter{Name: "preset", Bounds: "p1, p2"}
	}
	for i := range parameters {
		if !parameters[i].validate(p) {
			return &parameters[i]
		}
	}
	return nil
}

// cite turns the name of a parameter into the article that sets it: the preset's, or P1-51 with the parameter's name when
// the office changed the value. An article passes through.
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

// Set changes single parameters by name. The values are as in JSON; an unknown name or a value out of bounds is an error,
// and p is then unchanged.
func (p *Policy) Set(values map[string]any) error {
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
	if m := q.Check(); m != nil {
		return fmt.Errorf("%s is out of bounds: %s", m.Name, m.Bounds)
	}
	*p = q
	return nil
}
