package sample_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lunpai/lunpai/internal/slow"
	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/sqlitestore"
	"github.com/lunpai/lunpai/sample"
	"github.com/lunpai/lunpai/workflow"
)

// year is a simulated office with its decisions.
type year struct {
	*repo.Filler
	visits    map[workflow.VisitID]*workflow.Visit
	outcomes  map[string]map[workflow.CustomerStatus]bool // by policy of the visit
	refusals  map[string]int
	commands  map[workflow.Kind]int
	done, all int
}

// filler is an empty office in a temporary folder.
func filler(t testing.TB, c sample.Config) (*repo.Filler, repo.Store) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "year.db")
	s, err := sqlitestore.Open(t.Context(), sqlitestore.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	f, err := repo.OpenFiller(t.Context(), s, cmp.Or(c.Site, "riverside"))
	if err != nil {
		t.Fatal(err)
	}
	return f, s
}

// generate runs an office on a SQLite store in a temporary folder.
func generate(t testing.TB, c sample.Config) *year {
	t.Helper()
	f, s := filler(t, c)
	y := &year{
		Filler: f, visits: map[workflow.VisitID]*workflow.Visit{},
		outcomes: map[string]map[workflow.CustomerStatus]bool{"p1": {}, "p2": {}},
		refusals: map[string]int{}, commands: map[workflow.Kind]int{},
	}
	if err := sample.Run(t.Context(), c, y.do,
		func(done, total int) { y.done, y.all = done, total }); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	rs, err := repo.Verify(t.Context(), s, repo.VerifyOptions{})
	if err != nil || repo.Sound(rs) != nil {
		t.Fatal(err, repo.Sound(rs))
	}
	return y
}

// do decides and looks at what came of it.
func (y *year) do(
	ctx context.Context, env workflow.Envelope, cmd workflow.Command,
) (*workflow.Commit, error) {
	c, err := y.Do(ctx, env, cmd)
	var fault *workflow.Fault
	if errors.As(err, &fault) {
		y.refusals[string(cmd.About().Kind)+" "+fault.Code]++
	}
	if err != nil {
		return nil, err
	}
	y.commands[cmd.About().Kind]++
	rs, err := c.Records()
	for _, r := range rs {
		if v, ok := r.(*workflow.Visit); ok {
			y.visits[workflow.VisitID(v.ID)] = v
			for _, s := range workflow.CustomerStatuses {
				if led(v, s) {
					y.outcomes[v.Policy][s] = true
				}
			}
		}
	}
	return c, err
}

// led reports whether a visit, as the first or the last one before it, led to a step of a purchase.
func led(v *workflow.Visit, s workflow.CustomerStatus) bool {
	if v.Outcome == nil {
		return false
	}
	for _, steps := range []*workflow.Steps{v.Outcome.First, v.Outcome.Last} {
		if steps == nil {
			continue
		}
		at := map[workflow.CustomerStatus]*workflow.Step{
			workflow.StatusIntention: steps.Intention, workflow.StatusHoldingFee: steps.HoldingFee,
			workflow.StatusDeposit: steps.Deposit,
			workflow.StatusSigned:  steps.Signed, workflow.StatusRefunded: steps.Refunded,
		}
		if at[s] != nil {
			return true
		}
	}
	return false
}

// TestSameYear: an office is its configuration, byte for byte.
func TestSameYear(t *testing.T) {
	c := sample.Config{Seed: 7, From: "2024-04-20", To: "2024-04-27", Visits: 250, Consultants: 9}
	first := generate(t, c).Head()
	if again := generate(t, c).Head(); again != first {
		t.Errorf("the same office has another journal: %v, first %v", again, first)
	}
	for _, other := range []func(*sample.Config){
		func(c *sample.Config) { c.Seed = 8 }, func(c *sample.Config) { c.Site = "hillside" },
		func(c *sample.Config) { c.Visits++ },
	} {
		d := c
		other(&d)
		if generate(t, d).Head().Hash == first.Hash {
			t.Errorf("%+v has the journal of %+v", d, c)
		}
	}
}

// p2Routes are the routes that only policy 2 knows.
var p2Routes = []workflow.Route{
	workflow.RouteFirst, workflow.RouteAppointment,
	workflow.RouteStandIn,
}

// TestEverythingHappens: five months at an ordinary pace show every kind of visit, every route,
// every outcome, and what else an office records.
func TestEverythingHappens(t *testing.T) {
	slow.Test(t, "five months of an office, 20 s")
	y := generate(t, sample.Config{Seed: 1, From: "2024-03-01", To: "2024-07-31"})
	seen := map[string]bool{}
	for _, v := range y.visits {
		seen[v.Policy+string(v.Route)], seen[v.Policy+string(v.Kind)],
			seen[v.Policy+string(v.State)] = true, true, true
		seen["effect "+string(v.TurnEffect)] = true
	}
	for _, p := range []string{"p1", "p2"} {
		for _, k := range workflow.VisitKinds {
			if !seen[p+string(k)] {
				t.Errorf("under %s nobody came as %s", p, k)
			}
		}
		for _, r := range workflow.Routes {
			if want := p == "p2" || !slices.Contains(p2Routes, r); seen[p+string(r)] != want {
				t.Errorf("route %s under %s: %v", r, p, !want)
			}
		}
		for _, s := range workflow.CustomerStatuses[2:] {
			if !y.outcomes[p][s] {
				t.Errorf("under %s no visit led to %s", p, s)
			}
		}
		for _, s := range []workflow.State{
			workflow.Served, workflow.Registered, workflow.Abandoned,
			workflow.Merged,
		} {
			if !seen[p+string(s)] {
				t.Errorf("under %s no visit is %s", p, s)
			}
		}
	}
	for _, e := range []workflow.TurnEffect{
		workflow.TurnUsed, workflow.TurnKept, workflow.TurnHeld,
		workflow.TurnNone,
	} {
		if !seen["effect "+string(e)] {
			t.Errorf("no turn is %s", e)
		}
	}
	for _, c := range workflow.Commands() {
		k := c.About().Kind
		if y.commands[k] == 0 && !slices.Contains(notHere, k) {
			t.Errorf("nobody ever does %s", k)
		}
	}
	y.plausible(t)
}

// notHere are commands that the office does without.
var notHere = []workflow.Kind{
	"change_roster", "note_conduct", "complete_check", "give_card", "vacate_seat", "notify_seat",
	"fill_seat", "check_vacancy", "search_customer", "show_person", "change_person", "erase_person",
	"change_names", "show_note", "erase_note", "make_key", "rotate_key", "revoke_key",
	"pair_device", "set_pin", "release_assistant",
	"plan_absence", "cancel_absence",
	"reassign_customers", "make_appointment", "change_appointment", "cancel_appointment",
	"explain_visit", "acknowledge_notice",
	"withdraw_assignment", "return_turn",
	"mark_need", // in December
}

// plausible compares shares with what sales offices know.
func (y *year) plausible(t *testing.T) {
	t.Helper()
	var left, first, deposit, signed, returning int
	for _, v := range y.visits {
		if v.State == workflow.Abandoned {
			left++
		}
		if v.Kind == workflow.KindReturning {
			returning++
		}
		if !v.FirstVisit || v.State != workflow.Registered {
			continue
		}
		first++
		if led(v, workflow.StatusDeposit) {
			deposit++
		}
		if led(v, workflow.StatusSigned) {
			signed++
		}
	}
	for _, s := range []struct {
		what            string
		part, of        int
		lowest, highest float64
	}{
		{"walk-outs", left, len(y.visits), .03, .08},
		{"returning", returning, len(y.visits), .17, .28},
		{"first visitors with a deposit", deposit, first, .055, .10},
		{"first visitors with a contract", signed, first, .04, .08},
	} {
		if p := float64(s.part) / float64(s.of); p < s.lowest || p > s.highest {
			t.Errorf("%s: %.3f, want %v to %v", s.what, p, s.lowest, s.highest)
		}
	}
}

// TestSizes: exactly as many visits as were asked for, in offices of any size, and only refusals
// that belong to the story.
func TestSizes(t *testing.T) {
	for _, c := range []sample.Config{
		{From: "2024-01-01", To: "2024-12-31", Visits: 3},
		{From: "2024-06-01", To: "2024-06-01", Visits: 40},
		{From: "2024-02-05", To: "2024-02-20", Visits: 300, Consultants: 1},
		{From: "2024-09-28", To: "2024-10-20", Visits: 700, Consultants: 2},
		{To: "2023-05-05", Visits: 500},
		{From: "2024-04-01", To: "2024-04-10", Visits: 4000, Consultants: 12},
	} {
		for seed := range uint64(2) {
			if c.Visits > 400 && seed > 0 && !slow.Wanted() {
				continue
			}
			c.Seed = seed
			t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
				y := generate(t, c)
				if len(y.visits) != c.Visits || y.done != c.Visits || y.all != c.Visits {
					t.Errorf("%d visits, progress %d of %d, want %d", len(y.visits), y.done, y.all,
						c.Visits)
				}
				for code, n := range y.refusals {
					if !slices.Contains(refusals, code) {
						t.Errorf("%d times refused: %s", n, code)
					}
				}
			})
		}
	}
}

// refusals are those that the office counts on.
var refusals = []string{
	"arrive_visit nobody_free", "assign_visit nobody_free", "arrive_visit stand_in_forbidden",
	"assign_visit nobody_on_site",
	"assign_visit stand_in_forbidden", "record_follow_up not_own", "remind_waiting not_due",
	"assign_visit not_free", "end_event no_event", "assign_visit somebody_free",
	"run_calendar not_due", "hand_ticket nobody_in_charge",
}

func TestWrongConfig(t *testing.T) {
	for _, c := range []struct {
		config sample.Config
		cure   string
	}{
		{sample.Config{From: "2024-02-30"}, "2024-03-05"},
		{sample.Config{To: "yesterday"}, "2024-03-05"},
		{sample.Config{From: "2024-02-01", To: "2024-01-01"}, "before"},
		{sample.Config{From: "2024-02-10", To: "2024-02-11", Visits: 5}, "Spring Festival"},
		{sample.Config{Visits: -1}, "negative"},
	} {
		err := sample.Run(t.Context(), c.config, nil, nil)
		if err == nil || !strings.Contains(err.Error(), c.cure) {
			t.Errorf("%+v: %v, want an error that names %q", c.config, err, c.cure)
		}
	}
}

// TestStops: an error of the store ends the run.
func TestStops(t *testing.T) {
	broken := errors.New("the disk is full")
	err := sample.Run(t.Context(), sample.Config{},
		func(context.Context, workflow.Envelope, workflow.Command) (*workflow.Commit, error) {
			return nil, broken
		}, nil)
	if !errors.Is(err, broken) {
		t.Errorf("%v, want %v", err, broken)
	}
}

// TestFestival compares the computed festival with the almanac.
func TestFestival(t *testing.T) {
	for _, day := range []string{
		"1996-02-19", "2000-02-05", "2005-02-09", "2010-02-14", "2014-01-31", "2015-02-19",
		"2016-02-08", "2017-01-28", "2018-02-16", "2019-02-05",
		"2020-01-25", "2021-02-12", "2022-02-01", "2023-01-22", "2024-02-10", "2025-01-29",
		"2026-02-17", "2027-02-06", "2030-02-03", "2034-02-19",
	} {
		d, err := time.ParseInLocation(time.DateOnly, day, time.FixedZone("CST", 8*60*60))
		if err != nil {
			t.Fatal(err)
		}
		if n := sample.FromFestival(d); n < -1 || n > 1 {
			t.Errorf("%s lies %d days from the festival", day, n)
		}
	}
}
