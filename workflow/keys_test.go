package workflow_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// keyOffice is a small office with a supervisor and a manager, and a way to give commands that says
// what was refused.
func keyOffice(t *testing.T) (*office, func(role workflow.Role, cmd command) string) {
	t.Helper()
	o := small(t)
	give := func(role workflow.Role, cmd command) string {
		t.Helper()
		_, f, err := o.do(step{at: o.now, by: actor(role, ""), cmd: cmd})
		if err != nil {
			t.Fatal(err)
		}
		if f != nil {
			return f.Code
		}
		return ""
	}
	for who, role := range map[workflow.StaffID]workflow.Role{
		"S": workflow.RoleSupervisor,
		"M": workflow.RoleManager,
	} {
		if o.full.Admits(role, who) {
			continue
		}
		if code := give(workflow.RoleAdministrator,
			&workflow.AddStaff{NewStaff: workflow.NewStaff{Staff: who, Role: role}}); code != "" {
			t.Fatal(code)
		}
	}
	return o, give
}

func (o *office) key(id workflow.KeyID) *workflow.Key {
	k, _ := o.all[workflow.KeyRef(id)].(*workflow.Key)
	return k
}

// TestMakeKey: who may make which key, and for whom.
func TestMakeKey(t *testing.T) {
	o, give := keyOffice(t)
	past, later := o.now.Add(-time.Hour), o.now.Add(time.Hour)
	for name, c := range map[string]struct {
		by   workflow.Role
		make workflow.MakeKey
		want string
	}{
		"kiosk": {
			workflow.RoleManager,
			workflow.MakeKey{Role: workflow.RoleKiosk},
			"",
		},
		"manager": {
			workflow.RoleManager,
			workflow.MakeKey{Role: workflow.RoleManager, Staff: "M"},
			"",
		},
		"a manager as consultant": {
			workflow.RoleManager,
			workflow.MakeKey{Role: workflow.RoleConsultant, Staff: "M"},
			"",
		},
		"by an administrator": {
			workflow.RoleAdministrator,
			workflow.MakeKey{Role: workflow.RoleSupervisor, Staff: "S"},
			"",
		},
		"for a while": {
			workflow.RoleManager,
			workflow.MakeKey{Role: workflow.RoleKiosk, ExpiresAt: later},
			"",
		},
		"analyst of two sites": {
			workflow.RoleAdministrator,
			workflow.MakeKey{Role: workflow.RoleAnalyst, Sites: []workflow.SiteID{"z"}},
			"",
		},
		"more than he is": {
			workflow.RoleManager,
			workflow.MakeKey{Role: workflow.RoleManager, Staff: "S"},
			"bad_key",
		},
		"staff never added": {
			workflow.RoleManager,
			workflow.MakeKey{Role: workflow.RoleConsultant, Staff: "nobody"},
			"bad_key",
		},
		"staff not named": {
			workflow.RoleManager,
			workflow.MakeKey{Role: workflow.RoleShiftLeader},
			"bad_key",
		},
		"kiosk with staff": {
			workflow.RoleManager,
			workflow.MakeKey{Role: workflow.RoleKiosk, Staff: "M"},
			"bad_key",
		},
		"no role": {workflow.RoleManager, workflow.MakeKey{}, "bad_key"},
		"the system's role": {
			workflow.RoleAdministrator,
			workflow.MakeKey{Role: workflow.RoleSystem},
			"bad_key",
		},
		"front desk of two sites": {
			workflow.RoleAdministrator,
			workflow.MakeKey{Role: workflow.RoleFrontDesk, Sites: []workflow.SiteID{"z"}},
			"bad_key",
		},
		"further sites without id": {
			workflow.RoleAdministrator,
			workflow.MakeKey{Role: workflow.RoleAnalyst, Sites: []workflow.SiteID{""}},
			"bad_key",
		},
		"administrator": {
			workflow.RoleAdministrator,
			workflow.MakeKey{Role: workflow.RoleAdministrator},
			"key_beyond",
		},
		"further sites by a manager": {
			workflow.RoleManager,
			workflow.MakeKey{Role: workflow.RoleAnalyst, Sites: []workflow.SiteID{"z"}},
			"key_beyond",
		},
		"over already": {
			workflow.RoleManager,
			workflow.MakeKey{Role: workflow.RoleKiosk, ExpiresAt: past},
			"bad_expiry",
		},
		"by a supervisor": {
			workflow.RoleSupervisor,
			workflow.MakeKey{Role: workflow.RoleKiosk},
			"role",
		},
		"by a shift leader": {
			workflow.RoleShiftLeader,
			workflow.MakeKey{Role: workflow.RoleKiosk},
			"role",
		},
		"by the front desk": {
			workflow.RoleFrontDesk,
			workflow.MakeKey{Role: workflow.RoleKiosk},
			"role",
		},
	} {
		c.make.Key = workflow.KeyID(name)
		if got := give(c.by, &c.make); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		k := o.key(c.make.Key)
		if (k != nil) != (c.want == "") {
			t.Errorf("%s: the record is %+v", name, k)
		}
		if k != nil && (k.CreatedBy != "key" || !k.Works(1, o.now) || k.Works(0, o.now) ||
			k.Works(2, o.now)) {
			t.Errorf("%s: %+v", name, k)
		}
	}
	if got := give(workflow.RoleManager, &workflow.MakeKey{
		Key:  "kiosk",
		Role: workflow.RoleKiosk,
	}); got != "record_exists" {
		t.Errorf("the same id again: %q", got)
	}
	if k := o.key("for a while"); !k.Works(1, later.Add(-time.Millisecond)) || k.Works(1, later) {
		t.Error("it does not end at its time")
	}
}

// TestRotateAndRevoke: a rotated key has two secrets for a while, a revoked one none.
func TestRotateAndRevoke(t *testing.T) {
	o, give := keyOffice(t)
	made := func(id workflow.KeyID, role workflow.Role, who workflow.StaffID) {
		t.Helper()
		if code := give(workflow.RoleManager,
			&workflow.MakeKey{
				Key: id, Role: role, Staff: who,
				ExpiresAt: o.now.Add(24 * time.Hour),
			}); code != "" {
			t.Fatal(code)
		}
	}
	made("k", workflow.RoleKiosk, "")
	made("s", workflow.RoleSupervisor, "S")
	for _, c := range []struct {
		by   workflow.Role
		cmd  command
		want string
	}{
		{workflow.RoleSupervisor, &workflow.RotateKey{Key: "k"}, "role"},
		{workflow.RoleManager, &workflow.RotateKey{Key: "none"}, "key_not_found"},
		{workflow.RoleManager, &workflow.RotateKey{Key: "k", Overlap: -1}, "bad_overlap"},
		{
			workflow.RoleManager, &workflow.RotateKey{Key: "k", Overlap: workflow.MaxOverlap + 1},
			"bad_overlap",
		},
		{workflow.RoleManager, &workflow.RotateKey{Key: "k", Overlap: 60}, ""},
		{workflow.RoleManager, &workflow.RotateKey{Key: "s"}, ""},
		{workflow.RoleSupervisor, &workflow.RevokeKey{Key: "s"}, "kiosk_only"},
		{workflow.RoleShiftLeader, &workflow.RevokeKey{Key: "k"}, "role"},
		{workflow.RoleConsultant, &workflow.RevokeKey{Key: "k"}, "role"},
		{workflow.RoleManager, &workflow.RevokeKey{Key: "none"}, "key_not_found"},
	} {
		if got := give(c.by, c.cmd); got != c.want {
			t.Errorf("%s gives %+v: %q, want %q", c.by, c.cmd, got, c.want)
		}
	}
	k, s := o.key("k"), o.key("s")
	if !k.Works(2, o.now) || !k.Works(1, o.now.Add(59*time.Second)) ||
		k.Works(1, o.now.Add(time.Minute)) || k.Works(3, o.now) {
		t.Errorf("overlap of a minute: %+v", k)
	}
	for range 3 {
		if code := give(workflow.RoleManager,
			&workflow.RotateKey{Key: "k", Overlap: 30}); code != "" {
			t.Fatal(code)
		}
	}
	if k = o.key("k"); !k.Works(5, o.now) || !k.Works(1, o.now.Add(29*time.Second)) ||
		k.Works(1, o.now.Add(30*time.Second)) || len(k.Old) != 4 {
		t.Errorf("rotated again and again: %+v", k)
	}
	for range 20 {
		give(workflow.RoleManager, &workflow.RotateKey{Key: "k", Overlap: 60})
	}
	if k = o.key("k"); len(k.Old) != 8 || k.Works(1, o.now) {
		t.Errorf("the record grows: %+v", k)
	}
	if code := give(workflow.RoleManager, &workflow.RotateKey{Key: "k"}); code != "" ||
		len(o.key("k").Old) != 0 {
		t.Errorf("no overlap leaves earlier secrets at work: %q, %+v", code, o.key("k"))
	}
	if !s.Works(2, o.now) || s.Works(1, o.now) || s.RotatedBy != "key" {
		t.Errorf("no overlap: %+v", s)
	}
	for _, want := range []string{"", "key_revoked"} {
		if got := give(workflow.RoleSupervisor, &workflow.RevokeKey{Key: "k"}); got != want {
			t.Errorf("revoked: %q, want %q", got, want)
		}
	}
	if got := give(workflow.RoleManager, &workflow.RotateKey{Key: "k"}); got != "key_revoked" {
		t.Errorf("a revoked key is rotated: %q", got)
	}
	if k = o.key("k"); k.Works(k.Secret, o.now) || k.RevokedBy != "key" || len(o.full.Keys()) != 1 {
		t.Errorf("revoked: %+v", k)
	}
	o.now = o.now.Add(25 * time.Hour)
	if got := give(workflow.RoleManager, &workflow.RotateKey{Key: "s"}); got != "key_expired" {
		t.Errorf("an expired key is rotated: %q", got)
	}
}

// TestFormerKey: a key from before keys stood in the journal enters it when it is changed.
func TestFormerKey(t *testing.T) {
	o, give := keyOffice(t)
	was := &workflow.FormerKey{Role: workflow.RoleKiosk, CreatedAt: o.now.Add(-time.Hour)}
	if got := give(workflow.RoleManager, &workflow.RotateKey{
		Key: "old", Was: was,
		Overlap: 60,
	}); got != "" {
		t.Fatal(got)
	}
	if k := o.key("old"); k == nil || k.Role != workflow.RoleKiosk || !k.Works(1, o.now) ||
		!k.Works(2, o.now) || !k.CreatedAt.Equal(was.CreatedAt) {
		t.Errorf("%+v", k)
	}
	// What the journal says of a key wins over what a caller says it was.
	if got := give(workflow.RoleSupervisor, &workflow.RevokeKey{
		Key: "other",
		Was: &workflow.FormerKey{Role: workflow.RoleManager, Staff: "M"},
	}); got != "kiosk_only" {
		t.Error(got)
	}
	if code := give(workflow.RoleManager, &workflow.MakeKey{
		Key: "m", Role: workflow.RoleManager,
		Staff: "M",
	}); code != "" {
		t.Fatal(code)
	}
	if got := give(workflow.RoleSupervisor, &workflow.RevokeKey{
		Key: "m",
		Was: was,
	}); got != "kiosk_only" {
		t.Error(got)
	}
}

// TestAdmits: a role is open to active staff of at least that role, and to devices and programs.
func TestAdmits(t *testing.T) {
	o, give := keyOffice(t)
	no, yes := false, true
	check := func(want bool, role workflow.Role, who workflow.StaffID) {
		t.Helper()
		if got := o.lean.Admits(role, who); got != want {
			t.Errorf("%s as %s: %v", who, role, got)
		}
	}
	check(true, workflow.RoleSupervisor, "S")
	check(true, workflow.RoleConsultant, "S")
	check(false, workflow.RoleManager, "S")
	check(false, workflow.RoleConsultant, "")
	check(false, workflow.RoleConsultant, "nobody")
	check(true, workflow.RoleKiosk, "")
	check(false, workflow.RoleKiosk, "S")
	check(true, workflow.RoleFrontDesk, "")
	check(true, workflow.RoleFrontDesk, "S")
	check(false, workflow.RoleFrontDesk, "nobody")
	give(workflow.RoleManager, &workflow.ChangeStaff{Staff: "S", Active: &no})
	check(false, workflow.RoleConsultant, "S")
	check(false, workflow.RoleFrontDesk, "S")
	give(workflow.RoleManager, &workflow.ChangeStaff{
		Staff: "S", Active: &yes,
		Role: workflow.RoleShiftLeader,
	})
	check(false, workflow.RoleSupervisor, "S")
	check(true, workflow.RoleShiftLeader, "S")
}

// TestPairDevice: who may pair what, for whom; the key of a device has a role, and perhaps a cap.
func TestPairDevice(t *testing.T) {
	o, give := keyOffice(t)
	for i, c := range []struct {
		by        workflow.Role
		pair      workflow.PairDevice
		want      string
		role, cap workflow.Role
	}{
		{by: workflow.RoleSupervisor, pair: workflow.PairDevice{Device: "kiosk"}, role: "kiosk"},
		{by: workflow.RoleSupervisor, pair: workflow.PairDevice{Device: "board"}, role: "board"},
		{
			by: workflow.RoleManager, pair: workflow.PairDevice{Device: "desk"},
			role: "front_desk", cap: "front_desk",
		},
		{
			by: workflow.RoleManager, pair: workflow.PairDevice{Device: "desk", Cap: "supervisor"},
			role: "front_desk", cap: "supervisor",
		},
		{
			by: workflow.RoleManager, pair: workflow.PairDevice{Device: "phone", Staff: "S"},
			role: "supervisor",
		},
		{
			by:   workflow.RoleManager,
			pair: workflow.PairDevice{Device: "phone", Staff: "S", Role: "shift_leader"},
			role: "shift_leader",
		},
		{
			by: workflow.RoleSupervisor, pair: workflow.PairDevice{Device: "desk"},
			want: "kiosk_only",
		},
		{
			by:   workflow.RoleSupervisor,
			pair: workflow.PairDevice{Device: "phone", Staff: "S"}, want: "kiosk_only",
		},
		{by: workflow.RoleFrontDesk, pair: workflow.PairDevice{Device: "kiosk"}, want: "role"},
		{by: workflow.RoleManager, pair: workflow.PairDevice{Device: "tv"}, want: "bad_device"},
		{by: workflow.RoleManager, pair: workflow.PairDevice{Device: "phone"}, want: "bad_device"},
		{
			by:   workflow.RoleManager,
			pair: workflow.PairDevice{Device: "phone", Staff: "nobody"}, want: "bad_device",
		},
		{
			by:   workflow.RoleManager,
			pair: workflow.PairDevice{Device: "phone", Staff: "S", Role: "manager"},
			want: "bad_key",
		},
		{
			by:   workflow.RoleManager,
			pair: workflow.PairDevice{Device: "kiosk", Staff: "S"}, want: "bad_device",
		},
		{
			by:   workflow.RoleManager,
			pair: workflow.PairDevice{Device: "board", Cap: "supervisor"}, want: "bad_cap",
		},
		{
			by:   workflow.RoleManager,
			pair: workflow.PairDevice{Device: "desk", Cap: "manager"}, want: "bad_cap",
		},
	} {
		c.pair.Key = workflow.KeyID(fmt.Sprint("d", i))
		if got := give(c.by, &c.pair); got != c.want {
			t.Errorf("%s pairs %+v: %q, want %q", c.by, c.pair, got, c.want)
		}
		k := o.key(c.pair.Key)
		if (k != nil) != (c.want == "") || k != nil && (k.Role != c.role || k.Cap != c.cap ||
			k.Device != c.pair.Device || k.Staff != c.pair.Staff) {
			t.Errorf("%+v makes %+v", c.pair, k)
		}
	}
}

// TestActsAs: whoever signs in on the desk's device acts in his own role, up to the cap; an
// employee works at the desk.
func TestActsAs(t *testing.T) {
	for _, c := range []struct{ cap, role, want workflow.Role }{
		{"front_desk", "employee", "front_desk"},
		{"front_desk", "consultant", "consultant"},
		{"front_desk", "manager", "front_desk"},
		{"shift_leader", "shift_leader", "shift_leader"},
		{"shift_leader", "manager", "shift_leader"},
		{"supervisor", "shift_leader", "shift_leader"},
		{"supervisor", "supervisor", "supervisor"},
		{"supervisor", "manager", "supervisor"},
		{"supervisor", "consultant", "consultant"},
	} {
		k := &workflow.Key{Device: workflow.DeviceDesk, Cap: c.cap}
		s := &workflow.Staff{Role: c.role, Active: true}
		if got := k.ActsAs(s); got != c.want {
			t.Errorf("a %s under %s acts as %q, want %q", c.role, c.cap, got, c.want)
		}
		s.Active = false
		if got := k.ActsAs(s); got != "" {
			t.Errorf("somebody who left acts as %q", got)
		}
		k.Device, s.Active = workflow.DeviceKiosk, true
		if got := k.ActsAs(s); got != "" {
			t.Errorf("somebody acts as %q on a kiosk", got)
		}
	}
}

// TestSetPIN: everybody chooses his own; supervisor and manager give one to who stands no higher.
func TestSetPIN(t *testing.T) {
	o, _ := keyOffice(t)
	for _, c := range []struct {
		role    workflow.Role
		by, who workflow.StaffID
		want    string
		fact    workflow.FactKind
	}{
		{workflow.RoleSupervisor, "S", "S", "", workflow.FactPINChosen},
		{workflow.RoleFrontDesk, "A", "A", "", workflow.FactPINChosen},
		{workflow.RoleConsultant, "A", "A", "", workflow.FactPINChosen},
		{workflow.RoleSupervisor, "S", "A", "", workflow.FactPINGiven},
		{workflow.RoleManager, "M", "S", "", workflow.FactPINGiven},
		{workflow.RoleSupervisor, "S", "M", "pin_above", ""},
		{workflow.RoleConsultant, "A", "B", "not_own", ""},
		{workflow.RoleFrontDesk, "", "A", "role", ""},
		{workflow.RoleFrontDesk, "S", "A", "role", ""},
		{workflow.RoleKiosk, "", "A", "role", ""},
		{workflow.RoleAdministrator, "", "A", "role", ""},
		{workflow.RoleManager, "M", "nobody", "staff_not_found", ""},
	} {
		k, f, err := o.do(step{
			at: o.now.Add(time.Second), by: actor(c.role, c.by),
			cmd: &workflow.SetPin{Staff: c.who},
		})
		switch {
		case err != nil:
			t.Fatal(err)
		case f != nil && f.Code != c.want, f == nil && c.want != "":
			t.Errorf("%s %s sets the PIN of %s: %v, want %q", c.role, c.by, c.who, f, c.want)
		case f == nil && (len(k.Facts) != 1 || k.Facts[0].Kind != c.fact || len(k.Images) != 0):
			t.Errorf("%s %s sets the PIN of %s: %+v", c.role, c.by, c.who, k)
		}
	}
}
