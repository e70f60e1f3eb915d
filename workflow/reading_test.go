package workflow_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lunpai/lunpai/workflow"
)

// ranked: the table of a day names every unit once, those of the line by rank.
func ranked(r *rota) error {
	seen, rank := map[workflow.UnitID]bool{}, 0
	for _, row := range r.Table {
		if row.Rank > 0 {
			rank++
		}
		if seen[row.Unit] || row.Rank > 0 && row.Rank != rank || len(row.Members) == 0 ||
			row.Presence == "" {
			return fmt.Errorf("the table of %s: %+v", r.Day, r.Table)
		}
		seen[row.Unit] = true
	}
	if r.Schema != workflow.Schema {
		return fmt.Errorf("the table of %s has schema %d", r.Day, r.Schema)
	}
	return nil
}

// readings: what a visit says to its readers is what its times and days say.
func (o *office) readings(c *commit) error {
	rs, err := c.Records()
	if err != nil {
		return err
	}
	for _, r := range rs {
		v, ok := r.(*visit)
		if !ok {
			continue
		}
		day, err := time.Parse(time.DateOnly, string(v.BusinessDay))
		if err != nil {
			return err
		}
		week, err := time.Parse(time.DateOnly, string(v.Week))
		if err != nil || week.Weekday() != time.Monday || day.Before(week) ||
			day.Sub(week) >= 7*24*time.Hour {
			return fmt.Errorf("%s: the week of %s is %s", v.ID, v.BusinessDay, v.Week)
		}
		if d := int(day.Sub(week).Hours()/24) + 1; v.Weekday != d || v.Schema != workflow.Schema ||
			v.Hour != o.full.Local(v.ArrivedAt).Hour() {
			return fmt.Errorf("%s: reading %+v", v.ID, v.Reading)
		}
		end := v.AssignedAt
		if end.IsZero() && v.Reason != "day_over" {
			end = v.EndedAt
		}
		for _, s := range []struct {
			got      *int64
			from, to time.Time
		}{
			{v.Seconds.Waited, v.ArrivedAt, end},
			{v.Seconds.ToIdentified, v.ArrivedAt, v.IdentifiedAt},
			{v.Seconds.ToAssigned, v.IdentifiedAt, v.AssignedAt},
			{v.Seconds.ToServed, v.AssignedAt, v.ServedAt},
			{v.Seconds.ToRegistered, v.ServedAt, v.RegisteredAt},
		} {
			if (s.got == nil) != (s.from.IsZero() || s.to.IsZero()) || s.got != nil &&
				*s.got != int64(s.to.Sub(s.from).Seconds()) {
				return fmt.Errorf("%s: seconds from %s to %s: %v", v.ID, s.from, s.to, s.got)
			}
		}
	}
	return nil
}

// outcomes: every step of a purchase stands once in the customer's first visit and, if the visit
// before it is in the register as his, once in that one, with its amount; and every registered
// customer has one first visit. Customers of merged groups share their visit.
func (o *office) outcomes(*commit) error {
	type sum struct {
		count  int
		amount int64
	}
	want, wantLast, first, last := map[string]sum{}, map[string]sum{}, map[string]sum{},
		map[string]sum{}
	add := func(m map[string]sum, key string, n int, amount int64) {
		m[key] = sum{m[key].count + n, m[key].amount + amount}
	}
	for _, r := range o.all {
		switch r := r.(type) {
		case *workflow.Customer:
			for _, d := range r.Deals {
				if d.Visit != "" && r.FirstVisit != "" {
					add(want, string(r.FirstVisit)+" "+string(d.Status), 1, d.Amount)
				}
				if o.tells(d.Visit, r) {
					add(wantLast, string(d.Visit)+" "+string(d.Status), 1, d.Amount)
				}
			}
			if r.FirstVisit != "" {
				add(want, string(r.FirstVisit)+" registered", 1, 0)
				add(wantLast, string(r.FirstVisit)+" registered", 1, 0)
			}
		case *visit:
			if r.Outcome != nil {
				each(r.Outcome.First, func(status string,
					s *workflow.Step,
				) {
					add(first, r.ID+" "+status, s.Count,
						s.Amount)
				})
				each(r.Outcome.Last, func(status string,
					s *workflow.Step,
				) {
					add(last, r.ID+" "+status, s.Count,
						s.Amount)
				})
			}
		}
	}
	if d := cmp.Diff(want, first, cmp.AllowUnexported(sum{})); d != "" {
		return fmt.Errorf("outcomes of the first visits (-deals +visits):\n%s", d)
	}
	if d := cmp.Diff(wantLast, last, cmp.AllowUnexported(sum{})); d != "" {
		return fmt.Errorf("outcomes of the last visits (-deals +visits):\n%s", d)
	}
	return nil
}

// tells reports whether a visit has an outcome to which a customer belongs: it is in the register
// as his, or as that of a group merged with his.
func (o *office) tells(id workflow.VisitID, k *workflow.Customer) bool {
	v, _ := o.all[workflow.VisitRef(id)].(*visit)
	if v == nil {
		return false
	}
	with, came := false, false
	for _, c := range append([]workflow.CustomerID{v.Customer}, v.Joint...) {
		x, _ := o.all[workflow.CustomerRef(c)].(*workflow.Customer)
		with = with || c == workflow.CustomerID(k.ID)
		came = came || x != nil && slices.Contains(x.VisitIDs, id)
	}
	return with && came
}

func each(s *workflow.Steps, f func(string, *workflow.Step)) {
	if s == nil {
		return
	}
	for name, step := range map[string]*workflow.Step{
		"registered": s.Registered, "intention": s.Intention, "holding_fee": s.HoldingFee,
		"deposit": s.Deposit, "signed": s.Signed,
		"refunded": s.Refunded,
	} {
		if step != nil {
			f(name, step)
		}
	}
}

// TestOutcome: a customer comes twice and buys two flats; the first visit tells everything, the
// second what came after it.
func TestOutcome(t *testing.T) {
	o := small(t)
	register := func(v workflow.VisitID) {
		t.Helper()
		o.must(t,
			&workflow.IdentifyVisit{
				Visit: v,
				Identity: workflow.Identity{
					Kind: workflow.KindNew, Customer: "K1",
					NewCustomer: true,
				},
			},
			&workflow.AssignVisit{Visit: v}, &workflow.ServeVisit{Visit: v},
			&workflow.RegisterVisit{Visit: v},
		)
	}
	deal := func(after time.Duration, status workflow.CustomerStatus, amount int64) {
		t.Helper()
		o.now = o.now.Add(after)
		o.must(t, &workflow.RecordDeal{Customer: "K1", Status: status, Amount: amount})
	}
	register("V1")
	deal(48*time.Hour, workflow.StatusIntention, 1_000_00)
	o.must(t, &workflow.ArriveVisit{Visit: "V9"})
	register("V9")
	deal(0, workflow.StatusDeposit, 50_000_00)
	deal(72*time.Hour, workflow.StatusDeposit, 60_000_00)
	deal(24*time.Hour, workflow.StatusSigned, 2_000_000_00)

	one, two := o.visit(t, "V1"), o.visit(t, "V9")
	if one.VisitNo != 1 || two.VisitNo != 2 {
		t.Errorf("visits %d and %d", one.VisitNo, two.VisitNo)
	}
	type row struct {
		Days, Count int
		Amount      int64
	}
	rows := func(s *workflow.Steps) map[string]row {
		m := map[string]row{}
		each(s, func(name string, s *workflow.Step) { m[name] = row{s.Days, s.Count, s.Amount} })
		return m
	}
	want := map[string]row{
		"registered": {0, 1, 0}, "intention": {2, 1, 1_000_00},
		"deposit": {2, 2, 110_000_00}, "signed": {6, 1, 2_000_000_00},
	}
	if d := cmp.Diff(want, rows(one.Outcome.First)); d != "" {
		t.Error("first visit, everything since:", d)
	}
	if d := cmp.Diff(map[string]row{"registered": {0, 1, 0}, "intention": {2, 1, 1_000_00}},
		rows(one.Outcome.Last)); d != "" {
		t.Error("first visit, until the next:", d)
	}
	if two.Outcome.First != nil {
		t.Errorf("second visit is no first one: %+v", two.Outcome.First)
	}
	if d := cmp.Diff(map[string]row{"deposit": {0, 2, 110_000_00}, "signed": {4, 1, 2_000_000_00}},
		rows(two.Outcome.Last)); d != "" {
		t.Error("last visit:", d)
	}
}

// TestOutcomeOfMergedGroups: the visit tells what the customers of both groups did since, the
// earlier deal first, whoever of them bought last.
func TestOutcomeOfMergedGroups(t *testing.T) {
	o := small(t)
	o.must(t,
		&workflow.ImportCustomer{
			Customer: "K1", Owner: "A", Status: workflow.StatusReceived, LastContactAt: o.now,
		},
		&workflow.IdentifyVisit{
			Visit:    "V1",
			Identity: workflow.Identity{Kind: workflow.KindNew, Customer: "K2", NewCustomer: true},
		},
		&workflow.IdentifyVisit{
			Visit:    "V2",
			Identity: workflow.Identity{Kind: workflow.KindReturning, Customer: "K1"},
		},
		&workflow.AssignVisit{Visit: "V1"},
		&workflow.MergeVisit{Visit: "V2", Into: "V1"},
		&workflow.ServeVisit{Visit: "V1"}, &workflow.RegisterVisit{Visit: "V1"},
	)
	for _, k := range []workflow.CustomerID{"K1", "K2", "K1"} {
		o.now = o.now.Add(24 * time.Hour)
		o.must(t, &workflow.RecordDeal{
			Customer: k, Status: workflow.StatusDeposit, Amount: 100,
		})
	}
	out := o.visit(t, "V1").Outcome
	if out == nil || out.First == nil || out.First.Registered.Count != 2 {
		t.Fatalf("the outcome of both: %+v", out)
	}
	for _, s := range []*workflow.Steps{out.First, out.Last} {
		if d := s.Deposit; d == nil || d.Count != 3 || d.Amount != 300 || d.Days != 1 {
			t.Errorf("deposits: %+v", d)
		}
	}
}

// TestLateForm: a form that is written after a later visit's takes no step back in time.
func TestLateForm(t *testing.T) {
	o := small(t)
	come := func(v workflow.VisitID) {
		t.Helper()
		id := workflow.Identity{Kind: workflow.KindNew, Customer: "K1", NewCustomer: true}
		o.must(t, &workflow.IdentifyVisit{Visit: v, Identity: id}, &workflow.AssignVisit{Visit: v},
			&workflow.ServeVisit{Visit: v})
	}
	come("V1")
	o.must(t, &workflow.RecordDeal{Customer: "K1", Status: workflow.StatusDeposit, Amount: 100})
	o.now = o.now.Add(96 * time.Hour)
	o.must(t, &workflow.ArriveVisit{Visit: "V9"})
	come("V9")
	o.must(t, &workflow.RegisterVisit{Visit: "V9"}, &workflow.RegisterVisit{Visit: "V1"})
	nine, one := o.visit(t, "V9").Outcome, o.visit(t, "V1").Outcome
	if nine.First == nil || nine.First.Deposit == nil || nine.First.Deposit.Days != 0 ||
		nine.Last.Deposit != nil {
		t.Errorf("the first registered visit: %s", outcomeOf(nine))
	}
	if one.First != nil || one.Last.Deposit == nil {
		t.Errorf("the visit of the deposit: %s", outcomeOf(one))
	}
}

// TestOldOutcome: a visit of a journal from before schema 1 can be read.
func TestOldOutcome(t *testing.T) {
	doc := []byte(`{"id":"v","site":"s","seq":3,"open":false,"state":"registered",` +
		`"outcome":[{"status":"deposit","at":"2024-03-04T01:00:00Z"}],"commits":[1]}`)
	r, err := workflow.Decode(workflow.Image{Ref: workflow.VisitRef("v"), Doc: doc})
	if err != nil {
		t.Fatal(err)
	}
	if v := r.(*visit); v.Outcome == nil || v.Outcome.First != nil || v.Outcome.Last != nil ||
		v.Schema != 0 {
		t.Errorf("read as %+v", v.Outcome)
	}
}

// TestBudgetBand: the upper end decides, and belongs to its band.
func TestBudgetBand(t *testing.T) {
	for _, c := range []struct {
		from, to int64
		want     string
	}{
		{0, 0, ""},
		{0, 1, "up_to_1m"},
		{0, 1_000_000_00, "up_to_1m"},
		{0, 1_000_000_01, "1m_2m"},
		{2_500_000_00, 0, "2m_3m"},
		{1_000_000_00, 3_000_000_00, "2m_3m"},
		{0, 5_000_000_00, "3m_5m"},
		{0, 8_000_000_00, "5m_8m"},
		{0, 8_000_000_01, "over_8m"},
	} {
		o := small(t)
		o.must(t,
			&workflow.IdentifyVisit{
				Visit:    "V1",
				Identity: workflow.Identity{Kind: workflow.KindNew},
			},
			&workflow.AssignVisit{Visit: "V1"},
			&workflow.RegisterVisit{
				Visit: "V1", Serve: &workflow.ServeVisit{Visit: "V1"},
				Form: &workflow.Form{BudgetFrom: c.from, BudgetTo: c.to, BudgetBand: "asked"},
			},
		)
		if got := o.visit(t, "V1").Form.BudgetBand; got != c.want {
			t.Errorf("%d to %d: %q, want %q", c.from, c.to, got, c.want)
		}
	}
}

// visit is a visit as it stands.
func (o *office) visit(t *testing.T, id workflow.VisitID) *visit {
	t.Helper()
	v, ok := o.all[workflow.VisitRef(id)].(*visit)
	if !ok {
		t.Fatalf("there is no visit %s", id)
	}
	return v
}

// TestTurnsBack: a visit may use and give back more than one turn.
func TestTurnsBack(t *testing.T) {
	o := small(t)
	o.must(t,
		&workflow.ImportCustomer{
			Customer: "K9", Owner: "C", Status: workflow.StatusRegistered,
			LastContactAt: o.now,
		},
		&workflow.Return{Who: "C"},
		// B's turn
		&workflow.IdentifyVisit{Visit: "V1", Identity: workflow.Identity{Kind: workflow.KindNew}},
		&workflow.AssignVisit{Visit: "V1"},
		// C's customer after all
		&workflow.ReidentifyVisit{
			Visit:    "V1",
			Identity: workflow.Identity{Kind: workflow.KindReturning, Customer: "K9"},
		},
		// and yet not: C's turn
		&workflow.ReidentifyVisit{Visit: "V1", Identity: workflow.Identity{Kind: workflow.KindNew}},
		&workflow.AbandonVisit{Visit: "V1", Reason: "left"},
	)
	if v := o.visit(t, "V1"); len(v.TurnsBack) == 0 || v.TurnUnit != "" || v.TurnsBack[0] != "B" {
		t.Errorf("turns back: %v", v.TurnsBack)
	}
}

// TestTables: each table keeps the ranks and the presence of its opening.
func TestTables(t *testing.T) {
	o := small(t)
	day := func(d workflow.Date) *rota {
		t.Helper()
		r, ok := o.all[workflow.DatedRotaRef(site, d)].(*rota)
		if !ok {
			t.Fatalf("there is no table of %s", d)
		}
		return r
	}
	presence := func(r *rota, u workflow.UnitID) workflow.Presence {
		for _, row := range r.Table {
			if row.Unit == u {
				return row.Presence
			}
		}
		return ""
	}
	o.must(t, &workflow.Leave{Who: "B", Reason: workflow.OnLeave},
		&workflow.OpenDay{Away: []workflow.StaffID{"A"}})
	if r := day("2024-03-04"); presence(r, "A") != workflow.DayOff ||
		presence(r, "B") != workflow.OnSite || presence(r, "C") != workflow.OnSite {
		t.Errorf("who left during the day was expected, who was said to be away was not: %+v",
			r.Table)
	}
	o.must(t, &workflow.CloseDay{})
	o.now = o.now.Add(24 * time.Hour)
	o.must(t, &workflow.Reorder{Line: []workflow.UnitID{"A", "C", "B"}, Reason: "fair"},
		&workflow.OpenDay{})
	// The office moves: on its new clocks it is still yesterday. That table is opened anew,
	// whatever a board remembers of it.
	o.must(t, &workflow.ChangeSite{Zone: "America/New_York"}, &workflow.OpenDay{})
	if err := ranked(day("2024-03-04")); err != nil {
		t.Error(err)
	}
}

// TestMakeUpsInOneTable: a make-up stands in the table that it was closed with, in one only,
// however often the day is opened and closed, and when nobody closes it.
func TestMakeUpsInOneTable(t *testing.T) {
	o := small(t)
	grant := func() {
		t.Helper()
		o.must(t, &workflow.Leave{Who: "B", Reason: workflow.CompanyDuty})
		v := workflow.VisitID("X" + o.now.Format("0215") + fmt.Sprint(len(o.commits)))
		// goes past B
		o.must(t, &workflow.ArriveVisit{
			Visit:    v,
			Identify: &workflow.Identity{Kind: workflow.KindNew}, Assign: true,
		})
		o.must(t, &workflow.Return{Who: "B"}, &workflow.AbandonVisit{Visit: v, Reason: "left"})
		o.grantMakeUp(t, "B")
	}
	tables := func() map[workflow.Date]int {
		n := map[workflow.Date]int{}
		for _, r := range o.all {
			if table, ok := r.(*rota); ok && table.ID != string(site)+"/live" &&
				len(table.MadeUp) > 0 {
				n[table.Day] = len(table.MadeUp)
			}
		}
		return n
	}
	o.must(t, &workflow.AbandonVisit{Visit: "V1"}, &workflow.AbandonVisit{Visit: "V2"},
		&workflow.Return{Who: "C"})
	grant()
	o.must(t, &workflow.OpenDay{}, &workflow.CloseDay{}, &workflow.OpenDay{}, &workflow.CloseDay{},
		&workflow.OpenDay{})
	if d := cmp.Diff(map[workflow.Date]int{"2024-03-04": 1}, tables()); d != "" {
		t.Error("opened and closed again and again:", d)
	}
	grant() // and nobody closes this day
	o.now = o.now.Add(24 * time.Hour)
	o.must(t, &workflow.OpenDay{}, &workflow.CloseDay{})
	if d := cmp.Diff(map[workflow.Date]int{"2024-03-04": 1, "2024-03-05": 1}, tables()); d != "" {
		t.Error("a day that nobody closed:", d)
	}
}

// grantMakeUp lets the supervisor put a unit first.
func (o *office) grantMakeUp(t *testing.T, u workflow.UnitID) {
	t.Helper()
	by := actor(workflow.RoleSupervisor, "S")
	if _, f, err := o.do(step{at: o.now, by: by, cmd: &workflow.GrantMakeUp{Unit: u}}); f != nil ||
		err != nil {
		t.Fatal(f, err)
	}
}

// TestNightWithoutService: the timer closes the day that nobody closed, not the one that has begun.
func TestNightWithoutService(t *testing.T) {
	o := small(t)
	o.now = o.now.Add(24 * time.Hour)
	due := o.full.Due(o.now)
	if len(due) == 0 {
		t.Fatal("nothing is due")
	}
	o.must(t, due[0].Command)
	yesterday, _ := o.all[workflow.DatedRotaRef(site, "2024-03-04")].(*rota)
	if live := o.full.Rota(); yesterday.ClosedAt.IsZero() || live.Day != "2024-03-04" {
		t.Errorf("closed %s at %s; the live day is %s", yesterday.Day, yesterday.ClosedAt, live.Day)
	}
	o.must(t, &workflow.ArriveVisit{Visit: "V9"})
	if _, f, _ := o.decide(step{
		at: o.now, by: actor(workflow.RoleSystem, ""),
		cmd: due[0].Command,
	}); f == nil {
		t.Error("the same timer, late, closes the new day")
	}
	if live := o.full.Rota(); live.Day != "2024-03-05" || !live.ClosedAt.IsZero() {
		t.Errorf("the next command opens %s, closed at %s", live.Day, live.ClosedAt)
	}
}

// TestOldVisitsKeepTheirOutcome: a deal does not write into a visit from before schema 1.
func TestOldVisitsKeepTheirOutcome(t *testing.T) {
	o := small(t)
	o.must(t,
		&workflow.IdentifyVisit{Visit: "V1", Identity: workflow.Identity{
			Kind:     workflow.KindNew,
			Customer: "K1", NewCustomer: true,
		}},
		&workflow.AssignVisit{Visit: "V1"}, &workflow.ServeVisit{Visit: "V1"},
		&workflow.RegisterVisit{Visit: "V1"},
	)
	b := workflow.NewBoard(site)
	for _, c := range o.commits {
		if err := b.Apply(c); err != nil {
			t.Fatal(err)
		}
	}
	old := *o.visit(t, "V1")
	old.Reading, old.Outcome = workflow.Reading{}, nil
	b.Put(&old)
	c, f := workflow.Decide(b, workflow.Envelope{
		ID: "deal", By: actor(workflow.RoleSystem, ""),
		At: o.now,
	}, &workflow.RecordDeal{Customer: "K1", Status: workflow.StatusSigned})
	if f != nil {
		t.Fatal(f)
	}
	for _, i := range c.Images {
		if i.Collection == workflow.Visits {
			t.Errorf("the deal writes %s", i.Doc)
		}
	}
}
