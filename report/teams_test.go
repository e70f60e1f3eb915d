package report_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/report"
	"github.com/lunpai/lunpai/workflow"
)

// joinTeam plays two days of an office under policy 2, in which A and B become a team between them.
func joinTeam(t *testing.T, s repo.Store) {
	t.Helper()
	filler, err := repo.OpenFiller(t.Context(), s, "teams")
	if err != nil {
		t.Fatal(err)
	}
	f := &floor{T: t, filler: filler, now: monday}
	f.do(-10, officeOf("teams", workflow.P2()))
	fresh := &workflow.Identity{Kind: workflow.KindNew}
	f.do(-5, &workflow.OpenDay{})
	f.arrive(0, "T1", "", fresh, true)
	f.register(5, "T1", "")
	f.do(540, &workflow.CloseDay{})
	f.do(541, &workflow.ChangeRoster{
		Remove: []workflow.UnitID{"A", "B"},
		Add: []workflow.Unit{{
			ID: "T", Type: workflow.TeamUnit,
			Members: []workflow.StaffID{"A", "B"},
		}},
	})
	f.now = monday.AddDate(0, 0, 1)
	f.do(-5, &workflow.OpenDay{})
	f.arrive(0, "T2", "", fresh, true)
	f.arrive(1, "T3", "", fresh, true)
	if err := filler.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// officeOf is an office of A, B and C.
func officeOf(id workflow.SiteID, p workflow.Policy) *workflow.CreateSite {
	site := &workflow.CreateSite{Site: id, Zone: "Asia/Shanghai", Policy: p}
	for i := range site.Hours {
		site.Hours[i] = workflow.DayHours{From: "09:00", To: "18:00"}
	}
	for _, who := range []workflow.StaffID{"A", "B", "C"} {
		site.Staff = append(site.Staff, workflow.NewStaff{
			Staff: who,
			Role:  workflow.RoleConsultant,
		})
	}
	return site
}

func whose(s workflow.StaffID) *workflow.StaffID { return &s }

// TestNobodysOwn: the figures of nobody are not those of everybody, and nobody's office is not
// every office.
func TestNobodysOwn(t *testing.T) {
	for _, name := range report.Names() {
		_, err := report.New(report.Query{Report: name, Site: "teams", Own: whose("")})
		if err == nil {
			t.Errorf("%s is given to nobody", name)
		}
		r, err := report.New(report.Query{Report: name})
		if err != nil {
			t.Fatal(err)
		}
		s := sqlite(t)
		joinTeam(t, s)
		err = r.Rows(t.Context(), s, func([]any) error {
			t.Errorf("%s has a row of no site", name)
			return nil
		})
		if !errors.Is(err, repo.ErrNoSite) {
			t.Errorf("%s of no site: %v", name, err)
		}
	}
}

// TestOwnTurns: a consultant sees the turns of the unit in which he stands: himself, and from the
// day on that he joins a team, the team's.
func TestOwnTurns(t *testing.T) {
	s := sqlite(t)
	joinTeam(t, s)
	for who, want := range map[workflow.StaffID]string{
		"A": "2024-03-04 A 1, 2024-03-05 T 1, ", "B": "2024-03-04 B 0, 2024-03-05 T 1, ",
		"C": "2024-03-04 C 0, 2024-03-05 C 1, ",
	} {
		_, all := rows(t, s, report.Query{Report: "turns_ledger", Site: "teams", Own: &who})
		got := ""
		for _, row := range all {
			got += fmt.Sprintf("%v %v %v, ", row[0], row[1], row[4])
		}
		if got != want {
			t.Errorf("%s sees turns used: %s, want %s", who, got, want)
		}
	}
}
