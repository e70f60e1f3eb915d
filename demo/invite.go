package demo

import "fmt"

// Invite tells what to try next: a key of every role, and commands that work as they stand.
// base is where the service is reached from outside. No comment follows a command on its line:
// zsh would take it for more of the command.
func (m *Morning) Invite(base string) {
	fmt.Fprintf(m.Out, m.say("It is noon, and the service goes on at %s (API page: %s/docs).\n",
		"现在是中午，服务继续运行于 %s（接口页面：%s/docs）。\n"), base, base)
	fmt.Fprintln(m.Out, m.say("Paste into a second terminal. There is a key for every role: "+
		"CONSULTANT is Li, EMPLOYEE is Lin\n(customer service), LEADER is Zhou (shift leader), "+
		"SUPERVISOR is Chen, MANAGER is Qian.",
		"把下面的命令粘到另一个终端。每种角色一把密钥：CONSULTANT 是李，"+
			"EMPLOYEE 是客服部的林，LEADER 是当班领导周，SUPERVISOR 是陈主管，MANAGER 是钱经理。"))
	fmt.Fprintf(m.Out, "\nSITE=%s/v1/sites/%s\n", base, site)
	for _, r := range roles {
		fmt.Fprintf(m.Out, "%s=%s\n", r.variable, m.keys[r.role])
	}
	for _, c := range []struct{ en, zh, command string }{
		{
			"whose turn it is", "现在轮到谁",
			`-H "Authorization: Bearer $DESK" "$SITE/rota"`,
		},
		{
			"a new group walks in and is received at once", "来了一批新客户，立即接待",
			`-H "Authorization: Bearer $DESK" -H "Idempotency-Key: $(date +%s%N)" ` +
				`-H 'Content-Type: application/json' ` +
				`-d '{"identify": {"kind": "new"}, "assign": true}' "$SITE/visits"`,
		},
		{
			"what waits for whom: receptions to register, requests, notices",
			"谁还有什么待办：没登记的接待、请示、通知",
			`-H "Authorization: Bearer $MANAGER" "$SITE/agenda?everybody=true"`,
		},
		{
			"what customer service has to do today: a building was delivered a year ago",
			"客服部今天要办的：有一栋楼交付满一年，该回访了",
			`-H "Authorization: Bearer $EMPLOYEE" "$SITE/agenda"`,
		},
		{
			"what came of the morning, by consultant, as a table", "上午的结果，按销售人员列表",
			`-H "Authorization: Bearer $MANAGER" "$SITE/reports/funnel_by_consultant?format=csv"`,
		},
	} {
		fmt.Fprintf(m.Out, "\n# %s\ncurl -sS -w '\\n' %s\n", m.say(c.en, c.zh), c.command)
	}
	fmt.Fprintln(m.Out, m.say("\nCtrl-C ends it; nothing is kept.", "\n按 Ctrl-C 结束，什么都不留下。"))
}
