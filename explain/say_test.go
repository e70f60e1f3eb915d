package explain

import (
	"testing"

	"github.com/lunpai/lunpai/workflow"
)

func TestMatch(t *testing.T) {
	for header, want := range map[string]Lang{
		"": En, "zh": Zh, "zh-CN,zh;q=0.9,en;q=0.8": Zh, "en-GB,zh;q=0.5": En, "zh-TW": Zh,
		"zh-Hant-HK,en;q=0.1": Zh, "fr": En, "fr,zh;q=0.2": Zh, "*": En, ";;;": En,
		"en;q=0.1,zh-CN;q=0.9": Zh,
	} {
		if got := Match(header); got != want {
			t.Errorf("%q: %s, want %s", header, got, want)
		}
	}
}

func TestFromEnv(t *testing.T) {
	for _, c := range []struct {
		values []string
		want   Lang
	}{
		{nil, En},
		{[]string{"zh_CN.UTF-8"}, Zh},
		{[]string{"", "zh_TW"}, Zh},
		{[]string{"C", "zh_CN.UTF-8"}, En},
		{[]string{"C.UTF-8"}, En},
		{[]string{"POSIX"}, En},
		{[]string{"de_DE@euro", "zh_CN"}, En},
	} {
		if got := FromEnv(c.values...); got != c.want {
			t.Errorf("%q: %s, want %s", c.values, got, c.want)
		}
	}
}

func TestCite(t *testing.T) {
	for rule, want := range map[string][2]string{
		"P1-12": {"policy 1, art. 12", "制度一第12条"}, "P1-09a": {"policy 1, art. 9a", "制度一第9条"},
		"P1-09b": {"policy 1, art. 9b", "制度一第9条第2款"},
		"P2-10b": {"policy 2, item 10b", "制度二第10条"}, "": {"", ""}, "P1-": {"P1-", "P1-"},
		"P3-2.7b": {"policy 3, item 2.7b", "制度三第2条第7项"},
		"P3-5":    {"policy 3, item 5", "制度三第5条"},
		"P3-":     {"P3-", "P3-"}, "P3-x.1": {"P3-x.1", "P3-x.1"},
		"office": {"office", "office"},
	} {
		if got := [2]string{Cite(En, rule), Cite(Zh, rule)}; got != want {
			t.Errorf("%q: %q, want %q", rule, got, want)
		}
	}
}

func TestFact(t *testing.T) {
	names := func(id string) string {
		if id == "A" {
			return "张三"
		}
		return id
	}
	if got := Fact(En, workflow.Fact{Kind: workflow.FactVisitArrived, Subject: "V1"},
		func(string) string { return "" }); got != "Visit V1 has arrived" {
		t.Errorf("a name that is not known: %s", got)
	}
	for _, c := range []struct {
		fact   workflow.Fact
		names  func(string) string
		en, zh string
	}{
		{
			workflow.Fact{
				Kind: workflow.FactVisitAssigned, Rule: "P1-06", Subject: "A",
				Detail: map[string]string{
					"visit": "V1", "route": "line", "role": "lead",
					"for": "A",
				},
			},
			nil,
			"A receives visit V1: by the order (policy 1, art. 6)", "来访 V1 由 A 接待：按轮排（制度一第6条）",
		},
		{
			workflow.Fact{
				Kind: workflow.FactVisitAssigned, Rule: "P1-17b", Subject: "A",
				Detail: map[string]string{
					"visit": "V1", "route": "line", "role": "lead",
					"for": "A",
				},
			},
			nil,
			"A receives visit V1: a new customer again, by the order (policy 1, art. 17b)",
			"来访 V1 由 A 接待：久未联系，又是新客户，按轮排（制度一第17条）",
		},
		{
			workflow.Fact{
				Kind: workflow.FactVisitAssigned, Rule: "P1-12c", Subject: "B",
				Detail: map[string]string{
					"visit": "V1", "route": "assist_absent", "role": "assist",
					"for": "A",
				},
			},
			names,
			"B receives visit V1 for 张三: assist for somebody who is away (policy 1, art. 12c)",
			"来访 V1 由 B 接待，客户归张三：本人不在，协助接待（制度一第12条）",
		},
		{
			workflow.Fact{
				Kind: workflow.FactTurnPassed, Rule: "P1-51", Subject: "B",
				Detail: map[string]string{
					"visit": "V1", "effect": "hold", "why": "leave",
					"parameter": "pass_effect.leave",
				},
			},
			nil,
			"Visit V1 passes B (on leave): the place is held (policy 1, art. 51; this office's " +
				"own rule: what becomes of the place of somebody passed while on leave)",
			"来访 V1 轮过 B（请假）：排位保留（制度一第51条；本处另定：请假时被轮过，排位如何处理）",
		},
		{
			workflow.Fact{
				Kind: workflow.FactLineReordered, Rule: "P1-04", Subject: "s",
				Detail: map[string]string{
					"before": "A B C", "after": "B A C",
					"reason": "fairness",
				},
			},
			nil,
			"The line is put in a new order: B, A, C (before: A, B, C); reason: fairness " +
				"(policy 1, art. 4)",
			"轮排调整为：B、A、C（原为：A、B、C），原因：fairness（制度一第4条）",
		},
		{
			workflow.Fact{
				Kind: workflow.FactNotified, Rule: "P3-2.7b", Subject: "customer_service",
				Detail: map[string]string{"why": "ticket_by_phone", "about": "T1", "as": "group"},
			},
			nil,
			"Customer service is told: a call about something outside the duties of whoever took " +
				"it, ticket T1 (policy 3, item 2.7b)",
			"告知客服部：接到职责以外的来电，事项 T1（制度三第2条第7项）",
		},
		{
			workflow.Fact{
				Kind: workflow.FactTicketClosed, Rule: "P3-2.2", Subject: "T1",
				Detail: map[string]string{"by": "A", "outcome": "done", "told": "true"},
			},
			names,
			"张三 closes ticket T1: done; the customer was told (policy 3, item 2.2)",
			"张三办结事项 T1：已办妥，已告知客户（制度三第2条第2项）",
		},
		{
			workflow.Fact{
				Kind: workflow.FactFollowUpDone, Rule: "P3-5", Subject: "tower-2",
				Detail: map[string]string{
					"by": "A", "due": "2026-10-15", "next_due": "2027-01-15",
				},
			},
			names,
			"张三 made the call of 2026-10-15 to project tower-2; the next is due on 2027-01-15 " +
				"(policy 3, item 5)",
			"张三完成2026-10-15对项目 tower-2 的回访，下次2027-01-15（制度三第5条）",
		},
		{
			workflow.Fact{
				Kind: workflow.FactFlagged, Rule: "P1-28", Subject: "V1",
				Detail: map[string]string{"flag": "unregistered:V1"},
			},
			nil,
			"Visit V1 is not in the visitor register yet (policy 1, art. 28)",
			"来访 V1 还没填来访客户登记表（制度一第28条）",
		},
		{workflow.Fact{Kind: "moon.landed", Subject: "A"}, nil, "moon.landed A", "moon.landed A"},
		{workflow.Fact{Kind: workflow.FactVisitArrived}, nil, "Visit ? has arrived", "来访?到达"},
	} {
		if got := Fact(En, c.fact, c.names); got != c.en {
			t.Errorf("got  %s\nwant %s", got, c.en)
		}
		if got := Fact(Zh, c.fact, c.names); got != c.zh {
			t.Errorf("got  %s\nwant %s", got, c.zh)
		}
	}
}

func TestFault(t *testing.T) {
	for _, c := range []struct {
		fault              *workflow.Fault
		lang               Lang
		title, detail, fix string
	}{
		{
			&workflow.Fault{
				Code: "not_free",
				Args: map[string]string{"staff": "A", "why": "company_duty"},
			}, Zh,
			"人不空闲", "A 现在不能接待：因公外出", "请换在场又空闲的人",
		},
		{
			&workflow.Fault{
				Code: "transition", Rule: "P1-28",
				Args: map[string]string{"visit": "V1", "state": "assigned", "event": "register"},
			},
			En,
			"Not possible at this step",
			"Visit V1 is still being received, so it cannot be registered yet",
			"End the reception first, or send serve: true",
		},
		{ // the manager of policy 2 wants to grant a make-up
			&workflow.Fault{
				Code: "role",
				Args: map[string]string{"role": "manager", "roles": "supervisor shift_leader"},
			}, En,
			"Your role may not do this",
			"A key of the role “manager” may not do this; it is for: supervisor, shift leader",
			"Ask one of these: supervisor, shift leader",
		},
		{
			&workflow.Fault{Code: "bad_zone", Args: nil}, En,
			"Unknown time zone", "No time zone is named", "Send an IANA zone such as Asia/Shanghai",
		},
		{
			&workflow.Fault{Code: "eclipse", Args: map[string]string{"by": "moon"}}, Zh,
			"eclipse", "eclipse by=moon", "",
		},
		{ // what a caller sends is never read as a template
			&workflow.Fault{Code: "bad_zone", Args: map[string]string{"zone": "{zone}"}}, En,
			"Unknown time zone", "The time zone {zone} is not known",
			"Send an IANA zone such as Asia/Shanghai",
		},
	} {
		title, detail, fix := Fault(c.lang, c.fault)
		if title != c.title || detail != c.detail || fix != c.fix {
			t.Errorf("%s: %q %q %q", c.fault.Code, title, detail, fix)
		}
	}
}

func TestWord(t *testing.T) {
	if got := Word(Zh, "route", "last_seat"); got != "由末位出面接待，不计轮值" {
		t.Error(got)
	}
	if got := Word(Zh, "nothing", "x"); got != "x" {
		t.Error(got)
	}
	if got := Parameter(Zh, "desk.seats"); got != "前台座位数" {
		t.Error(got)
	}
	if got := Parameter("", "desk.seats"); got != "seats at the front desk" {
		t.Error(got)
	}
}
