package workflow_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/lunpai/lunpai/workflow"
)

// commands is an empty command of every type.
var commands = []command{
	&workflow.CreateSite{}, &workflow.ChangeSite{}, &workflow.AdoptPolicy{}, &workflow.AddStaff{}, &workflow.ChangeStaff{},
	&workflow.MakeKey{}, &workflow.RotateKey{}, &workflow.RevokeKey{},
	&workflow.OpenDay{}, &workflow.CloseDay{}, &workflow.Reorder{}, &workflow.GrantMakeUp{}, &workflow.StartEvent{},
	&workflow.EndEvent{}, &workflow.ChangeRoster{}, &workflow.Leave{}, &workflow.Return{}, &workflow.Busy{}, &workflow.Free{},
	&workflow.ArriveVisit{}, &workflow.IdentifyVisit{}, &workflow.RecogniseVisit{}, &workflow.AssignVisit{},
	&workflow.ReidentifyVisit{}, &workflow.ServeVisit{}, &workflow.RegisterVisit{}, &workflow.AbandonVisit{},
	&workflow.MergeVisit{}, &workflow.ChangeLead{}, &workflow.HandOver{}, &workflow.AddAssistant{},
	&workflow.RecordFollowUp{}, &workflow.RecordDeal{}, &workflow.ReassignCustomer{}, &workflow.CoverCustomer{},
	&workflow.SearchCustomer{}, &workflow.ShowPerson{}, &workflow.ChangePerson{}, &workflow.ErasePerson{}, &workflow.ShowNote{}, &workflow.EraseNote{},
	&workflow.ImportCustomer{}, &workflow.TakeCall{}, &workflow.RequestApproval{}, &workflow.DecideApproval{},
	&workflow.OpenDispute{}, &workflow.MakeRuling{}, &workflow.NoteConduct{}, &workflow.CompleteCheck{}, &workflow.GiveCard{},
	&workflow.VacateSeat{}, &workflow.NotifySeat{}, &workflow.FillSeat{}, &workflow.CheckVacancy{}, &workflow.RemindWaiting{},
}

// TestKinds: every name of a command has one type, a row in the table of roles and a case in Decide, and the empty command is
// answered, not broken by.
func TestKinds(t *testing.T) {
	var kinds []workflow.Kind
	for _, c := range commands {
		kinds = append(kinds, c.About().Kind)
		t.Run(string(c.About().Kind), func(t *testing.T) {
			someone := false
			for _, r := range workflow.Roles {
				ok, _ := workflow.MayCommand(c.About().Kind, r)
				someone = someone || ok
			}
			if due := c.About().Kind == workflow.KindRemindWaiting; someone == due {
				t.Errorf("somebody may give it: %t; due by itself: %t", someone, due)
			}
			o := small(t)
			if c.About().Kind == workflow.KindCreateSite {
				o = newOffice()
			}
			_, f, err := o.decide(step{at: o.now, by: actor(workflow.RoleSystem, ""), cmd: c})
			if err != nil {
				t.Fatal(err)
			}
			if f != nil && (f.Class == "" || f.Code == "") {
				t.Errorf("the refusal lacks a class, a code, a sentence or a remedy: %+v", f)
			}
		})
	}
	for _, k := range workflow.Kinds {
		if n := count(kinds, k); n != 1 {
			t.Errorf("%s has %d types", k, n)
		}
	}
	if len(kinds) != len(workflow.Kinds) {
		t.Errorf("%d types, %d names", len(kinds), len(workflow.Kinds))
	}
}

func count[T comparable](xs []T, x T) int {
	n := 0
	for _, y := range xs {
		if y == x {
			n++
		}
	}
	return n
}

// TestAuthority: analysts and kiosks give no command but an arrival; nobody but the system and those named may give any.
func TestAuthority(t *testing.T) {
	for _, k := range workflow.Kinds {
		if ok, _ := workflow.MayCommand(k, workflow.RoleAnalyst); ok {
			t.Errorf("an analyst may %s", k)
		}
		if ok, _ := workflow.MayCommand(k, workflow.RoleKiosk); ok != (k == workflow.KindArriveVisit) {
			t.Errorf("a kiosk may %s: %t", k, ok)
		}
		if ok, _ := workflow.MayCommand(k, "stranger"); ok {
			t.Errorf("an unknown role may %s", k)
		}
	}
}

// TestArticles: every article that a fact or a refusal can cite is in the catalogue, and so is every parameter's.
func TestArticles(t *testing.T) {
	known := workflow.Articles()
	for _, m := range workflow.Parameters() {
		for _, a := range []string{m.P1, m.P2} {
			if !slices.Contains(known, a) {
				t.Errorf("parameter %s cites %q", m.Name, a)
			}
		}
		for _, name := range []string{"p1", "p2"} {
			p, _ := workflow.Preset(name)
			if !m.Valid(&p) {
				t.Errorf("preset %s breaks the bounds of %s", name, m.Name)
			}
		}
	}
	if !slices.IsSortedFunc(known, func(a, b string) int { return strings.Compare(a, b) }) {
		t.Error("the articles are not in order")
	}
}
