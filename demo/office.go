package demo

import (
	"context"
	"strings"

	"github.com/lunpai/lunpai/explain"
	"github.com/lunpai/lunpai/workflow"
)

// roles are the roles of the demo: the shell variable that holds a key of each, and whose key it
// is; empty: nobody's in particular.
var roles = []struct {
	variable string
	role     workflow.Role
	staff    string
}{
	{"DESK", workflow.RoleFrontDesk, ""},
	{"KIOSK", workflow.RoleKiosk, ""},
	{"CONSULTANT", workflow.RoleConsultant, "li"},
	{"EMPLOYEE", workflow.RoleEmployee, customerService},
	{"LEADER", workflow.RoleShiftLeader, "zhou"},
	{"SUPERVISOR", workflow.RoleSupervisor, "chen"},
	{"MANAGER", workflow.RoleManager, "qian"},
	{"ANALYST", workflow.RoleAnalyst, ""},
	{"ADMIN", workflow.RoleAdministrator, ""},
}

// found creates the site, its people, a key of every role, and two old customers.
func (m *Morning) found(ctx context.Context) error {
	var a struct {
		Keys []struct {
			Role  workflow.Role `json:"role"`
			Token string        `json:"token"`
		} `json:"keys"`
	}
	err := m.Client.Call(ctx, m.Nine, m.keys[workflow.RoleAdministrator], "POST", "/v1/sites",
		map[string]any{
			"id": site, "policy": "p1", "zone": zone, "staff": staff(),
			"hours":   []any{map[string]any{"from": "09:00", "to": "18:00"}},
			"service": m.service(),
		}, &a)
	if err != nil {
		return err
	}
	for _, key := range a.Keys {
		m.keys[key.Role] = key.Token
	}
	for _, r := range roles {
		if m.keys[r.role] != "" {
			continue
		}
		k, err := m.key(ctx, r.role, workflow.StaffID(r.staff))
		if err != nil {
			return err
		}
		m.keys[r.role] = k
	}
	if err := m.prepareDesk(ctx); err != nil {
		return err
	}
	return m.oldCustomers(ctx)
}

// key makes a key of a role, of a member of staff or, empty, of nobody in particular.
func (m *Morning) key(
	ctx context.Context, role workflow.Role, who workflow.StaffID,
) (token string, err error) {
	var k struct {
		Key struct{ Token string } `json:"key"`
	}
	body := map[string]any{"role": role}
	if who != "" {
		body["staff"] = who
	}
	err = m.post(ctx, m.Nine, workflow.RoleManager, "/keys", body, &k)
	return k.Key.Token, err
}

// staff are four consultants and whoever else has a key of his own.
func staff() []any {
	all := []any{}
	for _, s := range []string{"li", "wang", "zhao", "sun"} {
		all = append(all, map[string]any{"id": s, "role": workflow.RoleConsultant})
	}
	for _, r := range roles {
		if r.staff != "" && r.role != workflow.RoleConsultant && r.role != workflow.RoleEmployee {
			all = append(all, map[string]any{"id": r.staff, "role": r.role})
		}
	}
	return append(all, colleagues()...)
}

// oldCustomers takes over two customers from before, who come back this morning.
func (m *Morning) oldCustomers(ctx context.Context) error {
	for _, old := range []struct{ phone, owner, status string }{
		{"13800000001", "wang", "registered"},
		{"13800000002", "zhao", "deposit"},
	} {
		var c struct{ Customer workflow.Customer }
		err := m.post(ctx, m.Nine, workflow.RoleManager, "/customers", map[string]any{
			"person": map[string]any{"phone": old.phone}, "owner": old.owner, "status": old.status,
			"last_contact_at": m.Nine.AddDate(0, 0, -9).UTC(),
		}, &c)
		if err != nil {
			return err
		}
		owner := m.name(old.owner)
		m.names[c.Customer.ID] = m.say("a customer of "+owner, owner+"的老客户")
	}
	return nil
}

// namesZh are what the staff is called in Chinese; in English it is the id.
var namesZh = map[string]string{
	"li": "李", "wang": "王", "zhao": "赵", "sun": "孙", "zhou": "周", "chen": "陈主管", "qian": "钱经理",
	customerService: "林", techHead: "陶", business: "顾",
}

// name is what people on the sales floor call an id.
func (m *Morning) name(id string) string {
	if n, ok := m.names[id]; ok {
		return n
	}
	n, ok := namesZh[id]
	switch {
	case !ok:
		return id
	case m.Lang == explain.Zh:
		return n
	}
	return strings.ToUpper(id[:1]) + id[1:]
}
