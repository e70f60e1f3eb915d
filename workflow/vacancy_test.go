package workflow_test

import (
	"testing"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// TestVacancyTimer: after one judgement the clock goes on and judges the next holder, once each,
// and what was judged stays when the seat is filled.
func TestVacancyTimer(t *testing.T) {
	o := newOffice()
	site := officeOf("A", "B", "C")
	site.Policy = workflow.P2()
	o.must(t, site, &workflow.OpenDay{}, &workflow.VacateSeat{Vacancy: "x"})
	fire := func(after time.Duration, want int) {
		t.Helper()
		o.now = o.now.Add(after)
		due := o.full.Due(o.now)
		if len(due) != want {
			t.Errorf("%d timers are due at %s, want %d", len(due), o.now, want)
		}
		for _, timer := range due {
			o.must(t, timer.Command)
		}
		if err := o.dueAgrees(); err != nil {
			t.Error(err)
		}
	}
	fire(2*time.Minute, 0)
	fire(time.Millisecond, 1)
	fire(time.Hour, 0)
	o.must(t, &workflow.NotifySeat{From: "A", To: "B"})
	fire(2*time.Minute+time.Millisecond, 1)
	o.must(t, &workflow.FillSeat{By: "C"})
	fire(time.Hour, 0)
	r, _ := o.full.Record(ref{Collection: workflow.Vacancies, ID: "x"})
	v, _ := r.(*workflow.Vacancy)
	if len(v.Judgements) != 2 || v.Judgements[0].Who != "A" || v.Judgements[1].Who != "B" ||
		v.Accountable != "B" || v.FilledBy != "C" {
		t.Errorf("the vacancy reads %+v", v)
	}
}

// TestDutyNamesConsultants: a site neither begins with, nor changes to, a duty shift of somebody
// who is no consultant of it.
func TestDutyNamesConsultants(t *testing.T) {
	for who, want := range map[workflow.StaffID]string{
		"A": "", "nobody": "consultant_not_found", "S": "consultant_not_found",
	} {
		shifts := []workflow.DutyShift{{From: "12:00", To: "13:00", Staff: who}}
		site := officeOf("A")
		supervisor := workflow.NewStaff{Staff: "S", Role: workflow.RoleSupervisor}
		site.Staff = append(site.Staff, supervisor)
		o := newOffice()
		o.must(t, site)
		o.refused(t, want, &workflow.ChangeSite{Duty: &shifts})
		site.Duty = shifts
		newOffice().refused(t, want, site)
	}
}

// refused gives a command as the system, which must be refused with a code; "" if it must not.
func (o *office) refused(t *testing.T, code string, cmd command) {
	t.Helper()
	_, f, err := o.do(step{at: o.now, by: actor(workflow.RoleSystem, ""), cmd: cmd})
	switch {
	case err != nil:
		t.Error(err)
	case f == nil && code != "", f != nil && f.Code != code:
		t.Errorf("%s: got %v, want %q", cmd.About().Kind, f, code)
	}
}
