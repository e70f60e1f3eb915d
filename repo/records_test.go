package repo_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/repo/repotest"
	"github.com/lunpai/lunpai/workflow"
)

// desk gives an office that stands a service desk, and somebody in customer service.
func desk(t testing.TB, d *repo.Engine, site workflow.SiteID, from time.Time) {
	t.Helper()
	id := func(what string) string { return what + "-" + string(site) }
	repotest.MustDo(t, d, site, id("staff"), workflow.RoleAdministrator, &workflow.AddStaff{
		NewStaff: workflow.NewStaff{
			Staff: "c1", Role: workflow.RoleEmployee, Department: workflow.CustomerService,
		},
	})
	repotest.MustDo(t, d, site, id("service"), workflow.RoleManager, &workflow.AdoptService{
		From: workflow.Date(from.In(shanghai(t)).Format(time.DateOnly)),
	})
}

func shanghai(t testing.TB) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// openTicket opens a ticket that lies still from then on.
func openTicket(t testing.TB, d *repo.Engine, site workflow.SiteID, id string) {
	t.Helper()
	r := repotest.Request("open-"+id, workflow.RoleEmployee, &workflow.OpenTicket{
		Ticket: workflow.RecordID(id), Kind: workflow.TicketRequest, InScope: true,
	})
	r.By.Staff = "c1"
	if _, err := d.Do(t.Context(), site, r); err != nil {
		t.Fatal(err)
	}
}

// TestRecordsFallDueOnce: what is due about a record is carried out once, by two instances at once,
// after a restart and after a standstill of days; what was done meanwhile is not brought to notice.
func TestRecordsFallDueOnce(t *testing.T) {
	var clock handClock
	d, f := flawedOffice(t, repo.Config{Now: clock.now})
	desk(t, d, "s", clock.now())
	openTicket(t, d, "s", "T1")
	openTicket(t, d, "s", "T2")
	fire(t, d, 0)
	clock.forward(23 * time.Hour)
	if _, err := d.FireDue(t.Context()); err != nil { // reception's day is closed meanwhile
		t.Fatal(err)
	}
	closed := repotest.Request("close", workflow.RoleEmployee, &workflow.CloseTicket{
		Ticket: "T2", Outcome: workflow.OutcomeWithdrawn,
	})
	closed.By.Staff = "c1"
	if _, err := d.Do(t.Context(), "s", closed); err != nil {
		t.Fatal(err)
	}
	clock.forward(6 * 24 * time.Hour) // nobody was there
	var wg sync.WaitGroup
	for range 4 {
		engine := repotest.Engine(t, repo.Config{Store: f, Now: clock.now})
		wg.Go(func() {
			for range 3 {
				if _, err := engine.FireDue(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	kinds := map[workflow.Kind]int{}
	for _, c := range journalOf(t, f, "s") {
		kinds[c.Kind]++
	}
	if kinds["fall_due"] != 1 {
		t.Errorf("%v: want one fall_due", kinds)
	}
	late := repotest.Engine(t, repo.Config{Store: f, Now: clock.now})
	fire(t, late, 0)
}

// journalOf are the commits of a site's journal.
func journalOf(t testing.TB, s repo.Store, site workflow.SiteID) (all []*workflow.Commit) {
	t.Helper()
	pages, err := s.Since(t.Context(), site, 1, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pages {
		cs, err := p.Commits()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, cs...)
	}
	return all
}

// TestStuckRecordsLetOthersPass: records of a site that cannot be read are at the head of what is
// due for ever; those of other sites fall due all the same.
func TestStuckRecordsLetOthersPass(t *testing.T) {
	var clock handClock
	d, f := flawedOffice(t, repo.Config{Now: clock.now})
	found(t, d, "other")
	desk(t, d, "s", clock.now())
	desk(t, d, "other", clock.now())
	const atOnce = 20
	for i := range atOnce + 1 {
		openTicket(t, d, "s", fmt.Sprint("S", i))
	}
	openTicket(t, d, "other", "T1")
	clock.forward(25 * time.Hour)
	late := repotest.Engine(t, repo.Config{Store: f, Now: clock.now})
	repo.RecordsAtOnce(late, atOnce)
	broken := errors.New("broken")
	f.set(func(f *flawed) {
		f.onLoad = func(ctx context.Context, site workflow.SiteID) ([]repo.Document, int64, error) {
			if site == "s" {
				return nil, 0, broken
			}
			return f.below().Load(ctx, site)
		}
	})
	for range 2 {
		if _, err := late.FireDue(t.Context()); err == nil {
			t.Error("nobody was told of the site that cannot be read")
		}
	}
	last := journalOf(t, f, "other")
	if k := last[len(last)-1].Kind; k != "fall_due" {
		t.Errorf("the other site's last commit is %s", k)
	}
	f.heal()
	for range 4 {
		clock.forward(time.Minute)
		if _, err := late.FireDue(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	for _, c := range journalOf(t, f, "s") {
		if c.Kind == "fall_due" {
			n++
		}
	}
	if n != atOnce+1 {
		t.Errorf("%d records fell due, want %d", n, atOnce+1)
	}
}
