package report_test

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lunpai/lunpai/explain"
	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/report"
	"github.com/lunpai/lunpai/workflow"
)

// floor is a small office under policy 1 whose morning is played by hand: A, B and C take turns.
type floor struct {
	*testing.T
	filler *repo.Filler
	now    time.Time
	n      int
}

// monday is 09:00 of 4 March 2024 in Shanghai.
var monday = time.Date(2024, 3, 4, 1, 0, 0, 0, time.UTC)

func (f *floor) do(minute int, cmd workflow.Command) {
	f.Helper()
	f.n++
	env := workflow.Envelope{
		ID: fmt.Sprintf("%064d", f.n),
		By: workflow.Actor{Role: workflow.RoleSystem},
		At: f.now.Add(time.Duration(minute) * time.Minute),
	}
	if _, err := f.filler.Do(f.Context(), env, cmd); err != nil {
		f.Fatalf("%s: %v", cmd.About().Kind, err)
	}
}

func (f *floor) arrive(minute int, v workflow.VisitID, channel string, id *workflow.Identity,
	assign bool,
) {
	f.Helper()
	f.do(minute, &workflow.ArriveVisit{Visit: v, Channel: channel, Identify: id, Assign: assign})
}

func (f *floor) register(minute int, v workflow.VisitID, k workflow.CustomerID) {
	f.Helper()
	f.do(minute, &workflow.RegisterVisit{
		Visit: v, Serve: &workflow.ServeVisit{Visit: v},
		Customer: k,
	})
}

// twoDays are a Monday and the Tuesday after it, small enough to count by hand.
//
//	Mon 9:00 V1 online     A receives (turn), registered 9:40: K1, who pays a deposit at once
//	                       and signs on Tuesday
//	    9:05 V2 referral   B receives (turn), left at 9:06: turn given back
//	    9:10 V3 passing_by B receives (turn), registered 9:50: K3
//	    9:15 V4 online     C has the day off; nobody is free: waits until 9:40, A receives;
//	                       C is passed, void; registered 10:00: K4
//	    9:20 V5 passing_by waits 12 minutes and leaves
//	    9:45 V6            asks the way: the last seat attends; nothing counts
//	Tue 9:00 V7            K1 again, now A's old customer: A keeps the place; not counted;
//	                       registered 9:30; signs at 9:35
//	    9:10 V8 online     B receives (turn), not over yet
func twoDays(t *testing.T, s repo.Store) {
	t.Helper()
	filler, err := repo.OpenFiller(t.Context(), s, "office")
	if err != nil {
		t.Fatal(err)
	}
	f := &floor{T: t, filler: filler, now: monday}
	fresh := &workflow.Identity{Kind: workflow.KindNew}
	f.do(-10, officeOf("office", workflow.P1()))
	f.do(-5, &workflow.OpenDay{Away: []workflow.StaffID{"C"}})
	f.arrive(0, "V1", "online", fresh, true)
	f.arrive(5, "V2", "referral", fresh, true)
	f.do(6, &workflow.AbandonVisit{Visit: "V2", Reason: "left"})
	f.arrive(10, "V3", "passing_by", fresh, true)
	f.arrive(15, "V4", "online", fresh, false)
	f.arrive(20, "V5", "passing_by", nil, false)
	f.do(32, &workflow.AbandonVisit{Visit: "V5", Reason: "waited_too_long"})
	f.register(40, "V1", "K1")
	f.do(40, &workflow.AssignVisit{Visit: "V4"})
	f.do(41, &workflow.RecordDeal{
		Customer: "K1", Status: workflow.StatusDeposit,
		Amount: 50_000_00,
	})
	f.register(50, "V3", "K3")
	f.arrive(51, "V6", "", &workflow.Identity{Kind: workflow.KindUnrelated}, true)
	f.do(52, &workflow.ServeVisit{Visit: "V6"})
	f.register(60, "V4", "K4")
	f.do(540, &workflow.CloseDay{})
	f.now = monday.AddDate(0, 0, 1)
	f.do(-5, &workflow.OpenDay{})
	f.arrive(0, "V7", "", &workflow.Identity{Kind: workflow.KindReturning, Customer: "K1"}, true)
	f.arrive(10, "V8", "online", fresh, true)
	f.register(30, "V7", "")
	f.do(35, &workflow.RecordDeal{
		Customer: "K1", Status: workflow.StatusSigned,
		Amount: 2_000_000_00,
	})
	if err := filler.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// conversion and cohorts are the columns for which … stands below.
const (
	conversion = ",visits,received,registered,customers,intention,holding_fee,deposit,signed," +
		"refunded,deposit_rate,signed_rate,deposit_amount,signed_amount,refunded_amount,flats," +
		"deposit_last,signed_last,signed_amount_last"
	cohorts = ",customers,deposit_7d,deposit_14d,deposit_28d,deposit_56d,deposit_84d,deposit," +
		"signed_7d,signed_14d,signed_28d,signed_56d,signed_84d,signed,signed_rate"
)

// TestCountedByHand: every report of the two days, as a person counts it.
func TestCountedByHand(t *testing.T) {
	s := sqlite(t)
	twoDays(t, s)
	for _, c := range []struct {
		q    report.Query
		want string
	}{
		{report.Query{Report: "conversion_daily"}, `
day…
2024-03-04,6,4,3,3,0,0,1,1,0,0.3333,0.3333,5000000,200000000,0,1,1,0,0
2024-03-05,2,2,1,0,0,0,0,0,0,,,0,0,0,0,0,1,200000000`},
		{report.Query{Report: "funnel_by_consultant"}, `
consultant…
,1,0,0,0,0,0,0,0,0,,,0,0,0,0,0,0,0
A,3,3,3,2,0,0,1,1,0,0.5,0.5,5000000,200000000,0,1,1,1,200000000
B,4,3,1,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0`},
		{report.Query{Report: "funnel_by_channel", To: "2024-03-04"}, `
channel…
,1,1,0,0,0,0,0,0,0,,,0,0,0,0,0,0,0
online,2,2,2,2,0,0,1,1,0,0.5,0.5,5000000,200000000,0,1,1,0,0
passing_by,2,1,1,1,0,0,0,0,0,0,0,0,0,0,0,0,0,0
referral,1,0,0,0,0,0,0,0,0,,,0,0,0,0,0,0,0`},
		{report.Query{Report: "cohorts_weekly"}, `
week…
2024-03-04,3,1,1,1,1,1,1,1,1,1,1,1,1,0.3333`},
		{report.Query{Report: "receptions_daily"}, `
day,rule,receptions,counted,uncounted,pending
2024-03-04,P1-42,3,3,0,0
2024-03-04,P1-44,1,0,1,0
2024-03-05,P1-42,1,0,0,1
2024-03-05,P1-47,1,0,1,0`},
		{report.Query{Report: "turns_ledger"}, `
day,unit,on_table,due,used,given_back,kept,held,void,void_with_right,hold,made_up
2024-03-04,A,1,2,2,0,0,0,0,0,0,0
2024-03-04,B,1,1,1,1,0,1,0,0,0,0
2024-03-04,C,0,1,0,0,0,0,1,0,0,0
2024-03-05,A,1,0,0,0,1,0,0,0,0,0
2024-03-05,B,1,1,1,0,0,0,0,0,0,0
2024-03-05,C,1,0,0,0,0,0,0,0,0,0`},
		{report.Query{Report: "waiting_times"}, `
hour,received,wait_avg,wait_p50,wait_p90,wait_max,over_10_min,reception_avg
9,6,250,0,1500,1500,1,1572`},
		{report.Query{Report: "walkouts", GroupBy: []string{"day"}, From: "2024-03-04"}, `
day,visits,walkouts,unreceived,given_up,rate,left_after_avg
2024-03-04,6,2,1,1,0.3333,720
2024-03-05,2,0,0,0,0,`},
		{report.Query{Report: "fairness_daily"}, `
day,units,due,served,missed,most,least,spread,gini
2024-03-04,2,3,3,0,2,1,1,0.1667
2024-03-05,3,1,1,0,1,0,1,0.6667`},
		{report.Query{
			Report: "turns_ledger", GroupBy: []string{"unit"}, From: "2024-03-05", Own: whose("B"),
		}, `
unit,on_table,due,used,given_back,kept,held,void,void_with_right,hold,made_up
B,1,1,1,0,0,0,0,0,0,0`},
		{report.Query{
			Report: "turns_ledger", GroupBy: []string{"week", "unit"}, To: "2024-03-04",
		}, `
week,unit,on_table,due,used,given_back,kept,held,void,void_with_right,hold,made_up
2024-03-04,A,1,2,2,0,0,0,0,0,0,0
2024-03-04,B,1,1,1,1,0,1,0,0,0,0
2024-03-04,C,0,1,0,0,0,0,1,0,0,0`},
		{report.Query{
			Report: "funnel_by_channel", Own: whose("A"),
			GroupBy: []string{"first_visit", "weekday"},
		}, `
first_visit,weekday…
false,2,1,1,1,0,0,0,0,0,0,,,0,0,0,0,0,1,200000000
true,1,2,2,2,2,0,0,1,1,0,0.5,0.5,5000000,200000000,0,1,1,0,0`},
	} {
		c.q.Site = "office"
		columns := conversion
		if c.q.Report == "cohorts_weekly" {
			columns = cohorts
		}
		want := strings.Replace(strings.TrimPrefix(c.want, "\n")+"\n", "…", columns, 1)
		got := strings.TrimPrefix(text(t, s, c.q, report.CSV), "\uFEFF")
		if d := cmp.Diff(want, strings.ReplaceAll(got, "\r\n", "\n")); d != "" {
			t.Errorf("%s by %v: %s", c.q.Report, c.q.GroupBy, d)
		}
	}
}

// one is a store with one document.
type one struct {
	repo.Documents
	visit workflow.Visit
}

func (o *one) Mark(context.Context, workflow.SiteID) (int64, error) { return 1, nil }

func (o *one) Scan(_ context.Context, _ repo.Span, f func(repo.Document) error) error {
	doc, err := workflow.Encode(o.visit)
	if err != nil {
		return err
	}
	return f(repo.Document{Image: workflow.Image{Ref: workflow.VisitRef("v"), Doc: doc}})
}

// TestSpreadsheetsAreSafe: no cell of a CSV file is a formula, whatever was typed in as a code.
func TestSpreadsheetsAreSafe(t *testing.T) {
	for _, typed := range []string{
		"=1+1", "+86", "-2", "@sum", "\t=1", "\r=1", "＝1", "＋1", "－1",
		"＠1", `a"b,c`, "网络", "007",
	} {
		v := workflow.Visit{
			Head: workflow.Head{ID: "v"}, State: workflow.Arrived,
			BusinessDay: "2024-03-04", Channel: typed,
		}
		got := text(t, &one{visit: v}, report.Query{Report: "funnel_by_channel"}, report.CSV)
		if !strings.HasPrefix(got, "\uFEFFchannel,") || !strings.Contains(got, "\r\n") {
			t.Errorf("%q: not as Excel wants it: %q", typed, got)
		}
		lines, err := csv.NewReader(strings.NewReader(got)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		cell := lines[1][0]
		// Go writes no carriage return inside a cell.
		if want := strings.ReplaceAll(typed, "\r", ""); cell != want && cell != "'"+want {
			t.Errorf("%q became %q", typed, cell)
		}
		if strings.ContainsAny(cell[:1], "=+-@\t\r") || strings.HasPrefix(cell, "＝") ||
			strings.HasPrefix(cell, "＋") || strings.HasPrefix(cell, "－") ||
			strings.HasPrefix(cell, "＠") {
			t.Errorf("%q may be read as a formula: %q", typed, cell)
		}
		if plain := text(t, &one{visit: v}, report.Query{Report: "funnel_by_channel"},
			report.NDJSON); strings.Contains(plain, `"channel":"'`) {
			t.Errorf("%q is changed in NDJSON, where nothing is a formula: %s", typed, plain)
		}
	}
}

// many is a store with more groups than a report adds up at once.
type many struct{ repo.Documents }

func (many) Scan(ctx context.Context, of repo.Span, f func(repo.Document) error) error {
	for i := range 100_001 {
		o := one{visit: workflow.Visit{
			State: workflow.Arrived, BusinessDay: "2024-03-04",
			Channel: fmt.Sprint(i),
		}}
		if err := o.Scan(ctx, of, f); err != nil {
			return err
		}
	}
	return nil
}

// TestTooManyGroups: what would not fit into bounded memory is refused, with a remedy.
func TestTooManyGroups(t *testing.T) {
	table, err := report.New(report.Query{Report: "funnel_by_channel"})
	if err != nil {
		t.Fatal(err)
	}
	var e *report.Error
	err = table.Rows(t.Context(), many{}, func([]any) error { return nil })
	if !errors.As(err, &e) || e.Key != "too_many_groups" || e.Args["max"] == "" {
		t.Errorf("got %v", err)
	}
}

// TestEveryDimension: each can be named, and says something about some visit.
func TestEveryDimension(t *testing.T) {
	s := sqlite(t)
	fill(t, s, two[1])
	for _, info := range report.List(explain.En) {
		for _, about := range info.Dimensions {
			dim := about.Name
			_, all := rows(t, s, report.Query{
				Report: info.Name, Site: two[1].Site,
				GroupBy: []string{dim},
			})
			said := false
			for i, row := range all {
				said = said || row[0] != nil
				if i > 0 && fmt.Sprint(all[i-1][0]) == fmt.Sprint(row[0]) {
					t.Errorf("%s by %s: %v stands there twice", info.Name, dim, row[0])
				}
			}
			if !said {
				t.Errorf("%s by %s says nothing", info.Name, dim)
			}
		}
	}
}
