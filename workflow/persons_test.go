package workflow_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// persons is an office with a customer K of A, whom A received today, an older customer O of B, and
// a supervisor.
func persons(t *testing.T) *office {
	t.Helper()
	o := small(t)
	o.must(
		t,
		&workflow.AddStaff{NewStaff: workflow.NewStaff{Staff: "S", Role: workflow.RoleSupervisor}},
		&workflow.AddStaff{NewStaff: workflow.NewStaff{Staff: "T", Role: workflow.RoleSupervisor}},
		&workflow.ImportCustomer{
			Customer: "K", Owner: "A", Status: workflow.StatusRegistered,
			LastContactAt: o.now.Add(-time.Hour),
		},
		&workflow.ImportCustomer{
			Customer: "O", Owner: "B", Status: workflow.StatusRegistered,
			LastContactAt: o.now.Add(-time.Hour),
		},
		&workflow.ArriveVisit{
			Visit:    "V3",
			Identify: &workflow.Identity{Kind: workflow.KindReturning, Customer: "K"},
			Assign:   true,
		},
		&workflow.TakeCall{Call: "call", For: "A", Note: "n"},
		&workflow.RequestApproval{Approval: "ask", Subject: "discount", By: "A", Note: "n"},
		&workflow.OpenDispute{
			Dispute: "dispute", Customer: "K",
			Claimants: []workflow.StaffID{"A", "B"}, Note: "n",
		},
		&workflow.MakeRuling{Ruling: "ruling", Dispute: "dispute", Note: "n"},
		&workflow.MakeRuling{Ruling: "rule", Note: "n"},
		&workflow.NoteConduct{Conduct: "conduct", Rule: "P1-31", Who: "A", Note: "n"},
	)
	return o
}

// asks is what somebody is told; "" when the command passes. Nothing is done.
func (o *office) asks(t *testing.T, role workflow.Role, who workflow.StaffID, cmd command) string {
	t.Helper()
	_, f, err := o.decide(step{at: o.now, by: actor(role, who), cmd: cmd})
	if err != nil {
		t.Fatalf("%s as %s %s: %v", cmd.About().Kind, role, who, err)
	}
	if f != nil {
		return f.Code
	}
	return ""
}

const (
	frontDesk  = workflow.RoleFrontDesk
	consultant = workflow.RoleConsultant
	leader     = workflow.RoleShiftLeader
	supervisor = workflow.RoleSupervisor
	manager    = workflow.RoleManager
)

// TestNotesFollowTheirRecord: who may read the record's personal data may read its notes, and
// nobody else.
func TestNotesFollowTheirRecord(t *testing.T) {
	o := persons(t)
	matter := workflow.RecordRef
	for _, tt := range []struct {
		of                  workflow.Ref
		desk, mine, foreign string // the front desk's, A's and B's answer
	}{
		{workflow.VisitRef("V3"), "", "", "not_yours"},
		{workflow.CustomerRef("K"), "", "", "not_yours"},
		{workflow.CustomerRef("O"), "not_here_today", "not_yours", ""},
		{matter(workflow.Calls, "call"), "", "", "not_yours"},
		{matter(workflow.Approvals, "ask"), "", "", "not_yours"},
		{matter(workflow.Disputes, "dispute"), "not_here_today", "", "not_yours"},
		{matter(workflow.Rulings, "ruling"), "not_here_today", "not_yours", "not_yours"},
		{matter(workflow.Conduct, "conduct"), "not_here_today", "not_yours", "not_yours"},
		{workflow.LiveRotaRef(site), "not_here_today", "not_yours", "not_yours"},
	} {
		show := func(role workflow.Role, who workflow.StaffID) string {
			return o.asks(t, role, who, &workflow.ShowNote{
				Note: "n", Of: tt.of,
				Reason: "call_back",
			})
		}
		for name, got := range map[string][2]string{
			"the desk": {show(frontDesk, ""), tt.desk}, "A": {show(consultant, "A"), tt.mine},
			"B":                {show(consultant, "B"), tt.foreign},
			"the shift leader": {show(leader, "L"), "not_yours"},
			"the supervisor":   {show(supervisor, "S")}, "the manager": {show(manager, "M")},
			"an analyst": {show(workflow.RoleAnalyst, ""), "role"},
			"a kiosk":    {show(workflow.RoleKiosk, ""), "role"},
		} {
			if got[0] != got[1] {
				t.Errorf("a note of %s %s: %s is told %q, want %q", tt.of.Collection, tt.of.ID,
					name, got[0], got[1])
			}
		}
	}
	for _, role := range []workflow.Role{frontDesk, consultant, leader, supervisor} {
		if got := o.asks(t, role, "B", &workflow.ShowNote{
			Note: "n",
			Of:   matter(workflow.Rulings, "rule"), Reason: "study",
		}); got != "" {
			t.Errorf("a ruling that is meant for all, as %s: %s", role, got)
		}
	}
	if got := o.asks(t, manager, "M", &workflow.ShowNote{
		Note: "n",
		Of:   workflow.CustomerRef("K"),
	}); got != "no_reason" {
		t.Errorf("without a reason: %q", got)
	}
}

// TestTheKeyIsTheActor: nobody asks in another's name but the front desk, and nobody decides what
// he asked for.
func TestTheKeyIsTheActor(t *testing.T) {
	o := persons(t)
	ask := func(by workflow.StaffID) command {
		return &workflow.RequestApproval{Approval: "new", Subject: "discount", By: by}
	}
	check := func(by workflow.StaffID, v workflow.VisitID) command {
		return &workflow.CompleteCheck{Check: "new", Item: "table_cleaned", By: by, Visit: v}
	}
	card := func(k workflow.CustomerID, by workflow.StaffID) command {
		return &workflow.GiveCard{Card: "new", Customer: k, By: by}
	}
	dispute := func(k workflow.CustomerID, claimants ...workflow.StaffID) command {
		return &workflow.OpenDispute{Dispute: "new", Customer: k, Claimants: claimants}
	}
	for i, tt := range []struct {
		role workflow.Role
		who  workflow.StaffID
		cmd  command
		want string
	}{
		{consultant, "A", ask(""), ""},
		{consultant, "A", ask("A"), ""},
		{consultant, "A", ask("B"), "not_own"},
		{supervisor, "S", ask("A"), "other_named"},
		{leader, "L", ask("A"), "other_named"},
		{supervisor, "S", ask("S"), ""},
		{frontDesk, "", ask("A"), ""},
		{consultant, "A", check("", "V3"), ""},
		{consultant, "B", check("", "V3"), "not_own"},
		{consultant, "A", check("B", ""), "not_own"},
		{consultant, "A", check("", ""), ""},
		{supervisor, "S", check("A", ""), "other_named"},
		{frontDesk, "", check("A", ""), ""},
		{consultant, "A", card("K", ""), ""},
		{consultant, "A", card("O", ""), ""},
		{consultant, "A", card("O", "B"), "not_own"},
		{frontDesk, "", card("K", "A"), ""},
		{supervisor, "S", card("K", "A"), ""},
		{consultant, "A", dispute("K", "A", "B"), ""},
		{consultant, "B", dispute("K", "B"), "not_own"},
		{consultant, "A", dispute("K", "B"), "not_own"},
		{supervisor, "S", dispute("K", "A", "B"), ""},
		{frontDesk, "", dispute("K", "A"), "role"},
		{leader, "L", dispute("K", "A"), "role"},
		{consultant, "A", &workflow.TakeCall{Call: "new", For: "B"}, ""},
		{consultant, "A", &workflow.TakeCall{Call: "new", Customer: "O"}, "not_own"},
		{consultant, "A", &workflow.TakeCall{Call: "new", Customer: "K"}, ""},
		{consultant, "A", &workflow.ShowPerson{Customer: "O", Reason: "x"}, "not_own"},
		{consultant, "A", &workflow.ChangePerson{Customer: "O"}, "not_own"},
		{consultant, "A", &workflow.ShowPerson{Customer: "K", Reason: "x"}, ""},
		{leader, "L", &workflow.ShowPerson{Customer: "K", Reason: "x"}, "role"},
		{frontDesk, "", &workflow.ShowPerson{Customer: "K", Reason: "x"}, ""},
		{frontDesk, "", &workflow.ShowPerson{Customer: "O", Reason: "x"}, "not_here_today"},
		{supervisor, "S", &workflow.ErasePerson{Customer: "K"}, "role"},
		{manager, "M", &workflow.ErasePerson{Customer: "K"}, ""},
	} {
		if got := o.asks(t, tt.role, tt.who, tt.cmd); got != tt.want {
			t.Errorf("%d: %s %s: %s %+v: %q, want %q", i, tt.role, tt.who, tt.cmd.About().Kind,
				tt.cmd, got, tt.want)
		}
	}
	// A supervisor who sent the request for somebody else, as the front desk at that time, does not
	// decide it.
	if _, f, err := o.do(step{at: o.now, by: actor(frontDesk, "S"), cmd: ask("A")}); f != nil ||
		err != nil {
		t.Fatal(f, err)
	}
	for who, want := range map[workflow.StaffID]string{
		"S": "own_benefit", "A": "own_benefit",
		"T": "",
	} {
		if got := o.asks(t, supervisor, who, &workflow.DecideApproval{
			Approval: "new",
			Grant:    true,
		}); got != want {
			t.Errorf("%s decides: %q, want %q", who, got, want)
		}
	}
}

// TestOwnersAreToldOfCards: that the owner agreed counts only when somebody else than the giver
// says so.
func TestOwnersAreToldOfCards(t *testing.T) {
	for giver, want := range map[workflow.Actor]int{
		actor(consultant, "B"): 1,
		actor(frontDesk, ""):   0,
	} {
		o := persons(t)
		c, f, err := o.do(step{
			at: o.now, by: giver,
			cmd: &workflow.GiveCard{
				Card: "card", Customer: "K", By: "B", Consent: true,
				Requested: true,
			},
		})
		if f != nil || err != nil {
			t.Fatal(f, err)
		}
		told := 0
		for _, x := range c.Facts {
			if x.Kind == workflow.FactNotified && x.Subject == "A" {
				told++
			}
		}
		if told != want {
			t.Errorf("%s: the owner is told %d times, want %d", giver.Role, told, want)
		}
	}
}

// TestErasedCustomers: nothing personal can be tied to a customer once his erasure is in the
// journal.
func TestErasedCustomers(t *testing.T) {
	o := persons(t)
	o.must(t, &workflow.ErasePerson{Customer: "K"})
	last := o.commits[len(o.commits)-1]
	if k, _ := o.all[workflow.CustomerRef("K")].(*workflow.Customer); k.ErasedAt.IsZero() ||
		last.MinReader != 3 {
		t.Errorf("erased at %v, min_reader %d", k.ErasedAt, last.MinReader)
	}
	o.must(t, &workflow.ErasePerson{Customer: "K"}) // asked for again
	for _, cmd := range []command{
		&workflow.ChangePerson{Customer: "K"},
		&workflow.RecordFollowUp{Customer: "K", By: "A", Note: "n"},
		&workflow.ReassignCustomer{Customer: "K", To: "B", Note: "n"},
		&workflow.TakeCall{Call: "c", Customer: "K", Note: "n"},
		&workflow.OpenDispute{
			Dispute: "d", Customer: "K", Claimants: []workflow.StaffID{"A"},
			Note: "n",
		},
		&workflow.RegisterVisit{
			Visit: "V3", Serve: &workflow.ServeVisit{Visit: "V3"},
			Form: &workflow.Form{Note: "n"},
		},
		&workflow.AbandonVisit{Visit: "V3", Reason: "left", Note: "n"},
		&workflow.IdentifyVisit{Visit: "V1", Identity: workflow.Identity{
			Kind: workflow.KindReturning, Customer: "K",
		}},
		&workflow.ArriveVisit{Visit: "V9", Customer: "K"},
		&workflow.RecogniseVisit{Visit: "V1", Who: "B", Customer: "K"},
	} {
		if got := o.asks(t, workflow.RoleSystem, "", cmd); got != "customer_erased" {
			t.Errorf("%s %+v: %q", cmd.About().Kind, cmd, got)
		}
	}
	o.must(t, // what the office did goes on
		&workflow.RecordFollowUp{Customer: "K", By: "A"},
		&workflow.ReassignCustomer{Customer: "K", To: "B"},
		&workflow.RecordDeal{Customer: "K", Status: workflow.StatusSigned},
		&workflow.RegisterVisit{
			Visit: "V3", Serve: &workflow.ServeVisit{Visit: "V3"},
			Form: &workflow.Form{Channel: "online"},
		})
	o.must(t, &workflow.ArriveVisit{
		Visit:    "V4",
		Identify: &workflow.Identity{Kind: workflow.KindNew}, Assign: true,
	})
	if got := o.asks(t, workflow.RoleSystem, "",
		&workflow.RegisterVisit{
			Visit: "V4", Serve: &workflow.ServeVisit{Visit: "V4"},
			Matches: "K",
		}); got != "customer_erased" {
		t.Errorf("a match: %q", got)
	}
}

// TestSamePersonTwice: a form whose person has got a record meanwhile is a match, and leaves that
// record as it is.
func TestSamePersonTwice(t *testing.T) {
	o := persons(t)
	o.must(t, &workflow.ArriveVisit{
		Visit:    "V4",
		Identify: &workflow.Identity{Kind: workflow.KindNew}, Assign: true,
	},
		&workflow.RegisterVisit{
			Visit: "V4", Serve: &workflow.ServeVisit{Visit: "V4"},
			Customer: "O",
		})
	k, _ := o.all[workflow.CustomerRef("O")].(*workflow.Customer)
	if v, _ := o.all[workflow.VisitRef("V4")].(*visit); v.Customer != "O" || k.Owner != "B" ||
		k.Visits != 1 {
		t.Errorf("visit of %s, owner %s, %d visits", v.Customer, k.Owner, k.Visits)
	}
}

// TestLookingOpensNoDay: the commands about personal data change no line, open no day and write no
// record but an erased customer's.
func TestLookingOpensNoDay(t *testing.T) {
	o := persons(t)
	o.now = o.now.Add(24 * time.Hour)
	for _, cmd := range []command{
		&workflow.SearchCustomer{Customer: "K"}, &workflow.SearchCustomer{},
		&workflow.ShowPerson{Customer: "K", Reason: "x"},
		&workflow.ChangePerson{Customer: "K"},
		&workflow.ShowNote{Note: "n", Of: workflow.VisitRef("V3"), Reason: "x"},
		&workflow.EraseNote{Note: "n"},
	} {
		o.must(t, cmd)
		if c := o.commits[len(o.commits)-1]; len(c.Images) != 0 || len(c.Facts) != 1 ||
			c.MinReader > 2 {
			t.Errorf("%s: %d images, facts %v, min_reader %d", cmd.About().Kind, len(c.Images),
				c.Facts, c.MinReader)
		}
	}
}

func TestHoldsPhone(t *testing.T) {
	for s, want := range map[string]bool{
		"13800138000": true, "138 0013 8000": true, "138-0013-8000": true,
		"+86 138.0013.8000": true, "１３８００１３８０００": true, "(021) 6888-88": true,
		"call_1380_0138_000": true, "Lao Wang 1234567": true, "1‑2‑3‑4‑5‑6‑7": true,
		"①②③④⑤⑥⑦": true, "1\u200b2\u200b3\u200b4567": true, "12-1-1502": true,
		"": false, "123456": false, "3-1202": false, "12#1-1502": false, "12B1-1502": false,
		"09:00-18:00": false, "desk 2": false, "a1b2c3d4e5f6g7": false,
	} {
		if got := workflow.HoldsPhone(s); got != want {
			t.Errorf("%q: %t", s, got)
		}
	}
}

// TestShortTextsHoldNoPhone: every text of every command that is no id of a record refuses a phone.
// Ids that an office makes up are texts too. A field that is added later enters by itself.
func TestShortTextsHoldNoPhone(t *testing.T) {
	const phone = "1380_0138_000"
	// What is a word of a set, a day or a zone is refused as such; ids of records and of staff who
	// are there are not made up.
	sets := map[string]bool{
		"CreateSite.Site": true, "CreateSite.Zone": true, "ChangeSite.Zone": true,
		"MakeKey.Key": true, "PairDevice.Key": true,
	}
	o := persons(t)
	tried := 0
	var fill func(cmd command, at string, v reflect.Value)
	fill = func(cmd command, at string, v reflect.Value) {
		switch v.Kind() {
		case reflect.Pointer:
			if v.IsNil() && v.CanSet() {
				v.Set(reflect.New(v.Type().Elem()))
			}
			fill(cmd, at, v.Elem())
		case reflect.Struct:
			for i := range v.NumField() {
				if v.Type().PkgPath() != "" && v.Type() != reflect.TypeFor[time.Time]() &&
					v.Type() != reflect.TypeFor[workflow.Policy]() {
					fill(cmd, at+"."+v.Type().Field(i).Name, v.Field(i))
				}
			}
		case reflect.String:
			made := v.Type() == reflect.TypeFor[string]()
			switch cmd.(type) {
			case *workflow.AddStaff:
				made = made || v.Type() == reflect.TypeFor[workflow.StaffID]() ||
					v.Type() == reflect.TypeFor[workflow.UnitID]()
			case *workflow.ImportCustomer:
				made = made || v.Type() == reflect.TypeFor[workflow.StaffID]()
			default:
			}
			if !made || sets[at] || at == "ShowNote.Of.ID" {
				return
			}
			old := v.String()
			v.SetString(phone)
			tried++
			if got := o.asks(t, workflow.RoleSystem, "", cmd); got != "holds_phone" {
				t.Errorf("%s takes a phone: %q", at, got)
			}
			v.SetString(old)
		default:
		}
	}
	for _, cmd := range workflow.Commands() {
		fresh := reflect.New(reflect.TypeOf(cmd).Elem())
		c, _ := fresh.Interface().(command)
		if c.About().Kind != "create_site" {
			fill(c, fresh.Elem().Type().Name(), fresh)
		}
	}
	if got := o.asks(t, workflow.RoleSystem, "",
		&workflow.ChangeRoster{Add: []workflow.Unit{{ID: phone}}}); got != "holds_phone" {
		t.Errorf("a unit's id: %q", got)
	}
	if tried < 20 {
		t.Errorf("only %d fields were tried", tried)
	}
}
