package workflow_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

var shanghai = func() *time.Location {
	loc, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		panic(err)
	}
	return loc
}()

// generator draws an office and commands for it: mostly such as make sense on its board, now and
// then nonsense.
type generator struct {
	*office
	rng       *rand.Rand
	people    []workflow.StaffID    // consultants
	customers []workflow.CustomerID // of the paper book
	made      int                   // ids made so far
}

func pick[T any](g *generator, from ...T) T { return from[g.rng.IntN(len(from))] }

// between is a number from lo to hi.
func (g *generator) between(lo, hi int) int { return lo + g.rng.IntN(hi-lo+1) }

func (g *generator) chance(percent int) bool {
	return g.rng.IntN(100) < percent
}

func (g *generator) id(kind string) string {
	g.made++
	return fmt.Sprintf("%s%d", kind, g.made)
}

// changes are values for single parameters; each office of the test takes some of them.
var changes = map[string][]any{
	"count.unpaid_returning": {true, false}, "count.unstated": {"at_once", "when_sales"},
	"count.peers":         {true, false},
	"count.consumes_turn": {true, false}, "count.same_day_once": {true, false},
	"count.off_hours":           {true, false},
	"count.joint_groups_once":   {true, false},
	"pass_effect.own_reception": {"void", "void_with_right", "hold"},
	"pass_effect.personal":      {"void", "hold"},
	"pass_effect.assist":        {"void", "hold", "void_with_right"},
	"pass_effect.helping":       {"void", "hold", "void_with_right"},
	"pass_effect.chores":        {"void", "hold"}, "pass_effect.unrelated": {"hold", "void"},
	"route.peer":          {"line", "last_seat", "first"},
	"route.unrelated":     {"last_seat", "first"},
	"route.company_staff": {"line", "last_seat", "first"},
	"assist.when_busy":    {"anyone", "closed_only"}, "assist.stand_in": {true, false},
	"phone.answered_by":      {"third", "last_seat"},
	"phone.appointment_owns": {true, false}, "stale_after_months": {0, 1, 2},
	"stale_after_days": {0, 10}, "makeup.expires_days": {0, 1, 7},
	"carry_over":   {true, false},
	"rejoin_order": {"reentry", "turn_taken"}, "abandon_grace_min": {0, 10, 30},
	"makeup.approvers": {[]string{"supervisor"}, []string{"shift_leader"}},
}

func (g *generator) policy() workflow.Policy {
	p, _ := workflow.Preset(pick(g, "p1", "p2"))
	if g.chance(50) {
		return p
	}
	set := map[string]any{}
	for _, name := range sorted(changes) {
		if g.chance(15) {
			set[name] = pick(g, changes[name]...)
		}
	}
	if set["stale_after_days"] != nil { // instead of months
		delete(set, "stale_after_months")
	}
	if err := p.Set(set); err != nil {
		panic(fmt.Sprintf("parameters %v: %v", set, err))
	}
	return p
}

func sorted[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// names are labels of consultants; L, M, S and Z are others.
const names = "ABCDEFGHIJKNOPQRTUVWXY"

// found is the office before the first step, told and as commands: the site with its staff,
// customers, perhaps a duty shift.
func (g *generator) found() (string, []step) {
	p := g.policy()
	c := &workflow.CreateSite{Site: site, Zone: "Asia/Shanghai", Policy: p}
	hours := workflow.DayHours{From: "09:00", To: "18:00"}
	if g.chance(25) {
		hours = workflow.DayHours{
			From: "09:00", To: "12:00",
			More: []workflow.Interval{{From: "13:30", To: "18:00"}},
		}
	}
	for i := range c.Hours {
		c.Hours[i] = hours
	}
	var line []string
	teams := map[string]any{}
	for i := range g.between(1, 8) {
		members, team := 1, ""
		if len(g.people) < 14 && g.chance(20) {
			members, team = g.between(2, 3), fmt.Sprintf("T%d", i+1)
		}
		var of []any
		for range members {
			who := workflow.StaffID(names[len(g.people) : len(g.people)+1])
			g.people, of = append(g.people, who), append(of, string(who))
			c.Staff = append(c.Staff, workflow.NewStaff{
				Staff: who, Role: workflow.RoleConsultant,
				Team: workflow.UnitID(team),
			})
		}
		if team == "" {
			team = of[0].(string)
		} else {
			teams[team] = of
		}
		line = append(line, team)
	}
	if g.chance(25) {
		c.Duty = []workflow.DutyShift{{From: "12:00", To: "13:30", Staff: g.who()}}
	}
	for who, role := range map[workflow.StaffID]workflow.Role{
		"S": workflow.RoleSupervisor,
		"M": workflow.RoleManager, "L": workflow.RoleShiftLeader,
	} {
		c.Staff = append(c.Staff, workflow.NewStaff{Staff: who, Role: role})
	}
	slices.SortFunc(
		c.Staff[len(g.people):],
		func(a, b workflow.NewStaff) int { return int(a.Staff[0]) - int(b.Staff[0]) },
	)
	book := map[string]any{}
	imports := []step{{at: g.now, by: actor(workflow.RoleAdministrator, ""), cmd: c}}
	for range g.between(0, 5) {
		k := workflow.CustomerID(g.id("K"))
		g.customers = append(g.customers, k)
		i := &workflow.ImportCustomer{
			Customer: k, Owner: g.who(),
			Status: pick(g, workflow.CustomerStatuses...),
		}
		i.LastContactAt = g.now.AddDate(0, 0, -g.between(0, 45))
		imports = append(imports, step{at: g.now, by: actor(workflow.RoleManager, "M"), cmd: i})
		book[string(k)] = map[string]any{
			"owner": string(i.Owner), "status": string(i.Status),
			"last_contact": i.LastContactAt.Format(time.DateOnly),
		}
	}
	return given(p, hours, line, teams, c.Duty, book), imports
}

// given writes the office of a story.
func given(
	p workflow.Policy,
	hours workflow.DayHours,
	line []string,
	teams map[string]any,
	duty []workflow.DutyShift,
	book map[string]any,
) string {
	var shifts []any
	for _, d := range duty {
		shifts = append(shifts, map[string]any{
			"from": string(d.From), "to": string(d.To),
			"staff": string(d.Staff),
		})
	}
	open := []any{[]any{string(hours.From), string(hours.To)}}
	for _, i := range hours.More {
		open = append(open, []any{string(i.From), string(i.To)})
	}
	places := make([]any, len(line))
	for i, u := range line {
		places[i] = u
	}
	changed := map[string]any{}
	base, _ := workflow.Preset(p.Preset)
	for _, m := range workflow.Parameters() {
		if a, b := fmt.Sprint(m.Value(&p)), fmt.Sprint(m.Value(&base)); a != b {
			changed[m.Name] = m.Value(&p)
		}
	}
	return fmt.Sprintf("  policy: %s\n  given: %s\n", p.Preset, flow(map[string]any{
		"line": places, "teams": teams, "hours": open, "duty": shifts, "customers": book,
		"parameters": changed,
	}))
}

// pass lets time go on: minutes, sometimes hours, now and then to the next morning.
func (g *generator) pass() {
	switch n := g.between(0, 99); {
	case n < 3:
		local := g.now.In(shanghai)
		g.now = time.Date(local.Year(), local.Month(), local.Day()+1, 8, 55, 0, 0, shanghai).UTC()
	case n < 8:
		g.now = g.now.Add(2 * time.Hour)
	case n < 70:
		g.now = g.now.Add(time.Duration(n%7) * time.Minute)
	}
}

// day is a day from lo to hi days on.
func (g *generator) day(lo, hi int) workflow.Date {
	return workflow.Date(g.now.In(shanghai).AddDate(0, 0, g.between(lo, hi)).Format(time.DateOnly))
}

// decodeCommit reads a commit back as a store would hold it.
func decodeCommit(text []byte) (*commit, error) {
	var c commit
	if err := json.Unmarshal(text, &c); err != nil {
		return nil, fmt.Errorf("decode commit: %w", err)
	}
	return &c, nil
}

// who is a consultant, mostly one of the floor.
func (g *generator) who() workflow.StaffID { return pick(g, g.people...) }

// anyone is mostly a consultant, now and then somebody else or nobody at all.
func (g *generator) anyone() workflow.StaffID {
	if g.chance(4) {
		return pick[workflow.StaffID](g, "S", "Z", "")
	}
	return g.who()
}

func (g *generator) maybe(percent int) workflow.StaffID {
	if g.chance(percent) {
		return g.anyone()
	}
	return ""
}

// anyVisit is a visit on record, mostly an open one; nil when there is none yet.
func (g *generator) anyVisit() *visit {
	vs := g.full.OpenVisits()
	if len(vs) == 0 || g.chance(5) {
		vs = g.visits(func(*visit) bool { return true })
		slices.SortFunc(
			vs,
			func(a, b *visit) int {
				return cmp.Or(a.ArrivedAt.Compare(b.ArrivedAt), strings.Compare(a.ID, b.ID))
			},
		)
	}
	if len(vs) == 0 {
		return nil
	}
	return pick(g, vs...)
}

// in is an open visit in one of the states, or any visit when there is none.
func (g *generator) in(states ...workflow.State) workflow.VisitID {
	var vs []workflow.VisitID
	for _, v := range g.full.OpenVisits() {
		if slices.Contains(states, v.State) {
			vs = append(vs, workflow.VisitID(v.ID))
		}
	}
	if len(vs) > 0 && !g.chance(4) {
		return pick(g, vs...)
	}
	if v := g.anyVisit(); v != nil {
		return workflow.VisitID(v.ID)
	}
	return "V0"
}
