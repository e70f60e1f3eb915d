package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestServiceDeskPage pastes the commands of the page on the service desk into a shell, in either
// language, and holds the answers to what the page says about them: what each step must answer, and
// that nothing is refused but what it says is.
func TestServiceDeskPage(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("SKIPPED: curl is not installed, so the commands of the page were not run")
	}
	refused := regexp.MustCompile(`(?m)^{"type":.*"code":"(\w+)"`)
	for _, page := range []struct{ file, from, to string }{
		{"docs/service-desk.md", "one block after the other", "## What is due"},
		{"docs/service-desk.zh-CN.md", "一段一段粘到", "## 谁有什么待办"},
	} {
		t.Run(page.file, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(page.file)
			if err != nil {
				t.Fatal(err)
			}
			answers := paste(t, stepsOf(t, string(text), page.from, page.to), "--clock", "manual")
			for step, claims := range deskClaims {
				var codes []string
				for _, m := range refused.FindAllStringSubmatch(answers[step], -1) {
					codes = append(codes, m[1])
				}
				if got := strings.Join(codes, " "); got != claims.refused {
					t.Errorf("step %s is refused with %q, the page says %q:\n%s", step, got,
						claims.refused, answers[step])
				}
				for _, claim := range claims.says {
					if !strings.Contains(answers[step], claim) {
						t.Errorf("step %s does not answer %s:\n%s", step, claim, answers[step])
					}
				}
			}
			if len(answers) != len(deskClaims) {
				t.Errorf("the page has %d steps, of %d is something known", len(answers),
					len(deskClaims))
			}
		})
	}
}

// deskClaims are what the page says of the answers, by step: the codes of refusals in order, and
// what is in them.
var deskClaims = map[string]struct {
	refused string
	says    []string
}{
	"1": {says: []string{`"kind":"staff.added"`, `"role":"manager"`}},
	"2": {says: []string{`"kind":"service.adopted"`, `"holidays":["2027-01-01"]`}},
	"3": {says: []string{`"today":{"from":"2026-11-02"`}},
	"4": {says: []string{
		`"first_responder":"li"`, `"holder":"tao"`, `"text":"`, `"what":"ticket"`, `"allowed":[`,
		`"due_at":`,
	}},
	"5": {refused: "in_own_scope", says: []string{
		`"status":409`, `"rule":"P3-2.3"`, `"fix":`, `"state":"closed"`,
	}},
	"6": {refused: "slip_missing", says: []string{
		`"slip":"pending"`, `"slip":"submitted"`, `"state":"closed"`, `"told":true`,
	}},
	"7": {says: []string{`"flag":"repeat_call`, `"subject":"tao"`}},
	"8": {says: []string{`"kind":"ticket.escalated","rule":"P3-2.5"`, `"for":["gao"]`}},
	"9": {refused: "not_filed", says: []string{
		`"subject":"tang"`, `"subject":"top_management"`, `"subject":"tech_service"`,
		`"fed_back":["customer","business"]`, `"state":"closed"`,
	}},
	"10": {says: []string{
		`"next_due":"2026-10-15"`, `"kind":"follow_up.tried"`, `"kind":"follow_up.done"`,
		`"next_due":"2027-01-15"`, `"overdue":[]`, `"2027-10-15"`,
	}},
	"11": {says: []string{`ticket_waits`, `"late":true`}},
	"12": {says: []string{
		`"subject":"luo"`, `weekly_missing`, `"late":true`, `"meeting":{`,
		`"expected":["luo","tao"]`,
	}},
	"13": {refused: "opinions_missing", says: []string{
		`"state":"ruled"`, `"state":"executed"`, `"subject":"tech_service"`,
	}},
	"14": {says: []string{"tech_service", `"kind":"report.submitted"`, `"subject":"gao"`}},
	"15": {says: []string{`"tasks":["gift","needs"]`, `"needs":[]`, `"year":2026`}},
	"16": {says: []string{`watch_missing`, `"kind":"watch.logged"`, `"found_on_watch"`}},
	"17": {says: []string{`"kind":"ticket.handed"`, `"what":"ticket"`, `138 0013 8000`}},
	"18": {says: []string{`"kind":"service.ended"`}},
	"19": {says: []string{
		`"department":"customer_service"`, `"role":"employee","staff":"mei"`,
		`"hats":["contract_signer"]`, `"role":"front_desk","staff":"li"`,
	}},
}

// TestScenariosInPrint plays the scenarios that the pages about them print.
func TestScenariosInPrint(t *testing.T) {
	t.Parallel()
	block := regexp.MustCompile("(?s)```yaml\n(.*?)```")
	for _, page := range []string{"docs/scenarios.md", "docs/scenarios.zh-CN.md"} {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		printed := block.FindAllStringSubmatch(string(text), -1)
		if len(printed) != 2 {
			t.Errorf("%s prints %d files of scenarios", page, len(printed))
		}
		for _, m := range printed {
			file := filepath.Join(t.TempDir(), "my-office.yaml")
			writeFile(t, file, m[1])
			out, err := command(t, "play", "-q", file)
			if err != nil || !strings.Contains(out, "1 passed, 0 failed") {
				t.Errorf("%s: %v\n%s\n%s", page, err, out, m[1])
			}
		}
	}
}
