package docs_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/lunpai/lunpai/explain"
	"github.com/lunpai/lunpai/workflow"
)

// roles are the columns of the table.
var roles = []workflow.Role{
	workflow.RoleKiosk, workflow.RoleFrontDesk, workflow.RoleConsultant, workflow.RoleEmployee,
	workflow.RoleShiftLeader, workflow.RoleSupervisor, workflow.RoleManager,
	workflow.RoleAdministrator,
}

// TestRoles keeps the table in docs/roles.md equal to what the commands say about themselves.
func TestRoles(t *testing.T) {
	var b strings.Builder
	b.WriteString("\n| command | does | 作用 |")
	for _, r := range roles {
		b.WriteString(" " + strings.ReplaceAll(string(r), "_", " ") + " |")
	}
	b.WriteString(" article |\n|---|---|---|" + strings.Repeat(":-:|", len(roles)) + "---|\n")
	for _, c := range workflow.Commands() {
		k := c.About().Kind
		fmt.Fprintf(&b, "| `%s` | %s | %s |", k,
			explain.Word(explain.En, "command", string(k)),
			explain.Word(explain.Zh, "command", string(k)))
		for _, r := range roles {
			ok, own := workflow.MayCommand(k, r)
			cell := ""
			switch {
			case ok && own:
				cell = " own"
			case ok:
				cell = " yes"
			}
			b.WriteString(cell + " |")
		}
		b.WriteString(" " + workflow.AuthorityRule(k) + " |\n")
	}
	b.WriteString("\n")
	drawn(t, "roles.md", b.String())
}
