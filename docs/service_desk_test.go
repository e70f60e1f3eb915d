package docs_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lunpai/lunpai/explain"
	"github.com/lunpai/lunpai/workflow"
)

// deskWords are the headings of the drawn part of the pages on the service desk.
type deskWords struct {
	file, machines, machinesSay, table                      string
	ticket, slip, fault, project, arbitration, watch        string
	parameters, parametersSay, parameterTable, refusals, of string
	refusalTable                                            string
}

var deskPages = map[explain.Lang]deskWords{
	explain.En: {
		file: "service-desk.md", machines: "States",
		machinesSay: "Drawn from the code. Any other step is refused (`transition`), and the " +
			"answer lists the\nallowed ones.",
		table:  "| step | | from | to |\n|---|---|---|---|\n",
		ticket: "A ticket", slip: "Its liaison slip", fault: "A major fault",
		project: "A delivered project", arbitration: "A case between departments",
		watch:      "The watch of a statutory day",
		parameters: "Parameters",
		parametersSay: "What an office may change (`parameters` of `POST …/service`), from a day " +
			"on. The rest of the\npolicy is fixed.",
		parameterTable: "| parameter | decides | default | bounds | article |\n" +
			"|---|---|---|---|---|\n",
		refusals: "Refusals",
		of: "The desk says no in these words; `GET /v1/articles` has the articles. A refusal " +
			"changes nothing.",
		refusalTable: "| code | in words | what to do |\n|---|---|---|\n",
	},
	explain.Zh: {
		file: "service-desk.zh-CN.md", machines: "状态图",
		machinesSay: "由代码画出。别的步骤都会被拒绝（`transition`），回答里列出现在允许的步骤。",
		table:       "| 步骤 | | 从 | 到 |\n|---|---|---|---|\n",
		ticket:      "事项", slip: "工作联络单", fault: "重大故障", project: "已交付的项目",
		arbitration: "部门分歧", watch: "节日值守",
		parameters:     "参数",
		parametersSay:  "售楼处可以改的（`POST …/service` 的 `parameters`），从某一天起生效。制度的其余内容不能改。",
		parameterTable: "| 参数 | 决定什么 | 预设 | 范围 | 条款 |\n|---|---|---|---|---|\n",
		refusals:       "拒绝时怎么说",
		of:             "服务台拒绝时用这些话；条款见 `GET /v1/articles`。被拒绝的命令什么都不改变。",
		refusalTable:   "| 代码 | 意思 | 怎么办 |\n|---|---|---|\n",
	},
}

// TestServiceDesk keeps the drawn part of the pages on the service desk equal to the code: its
// state machines, parameters and refusals.
func TestServiceDesk(t *testing.T) {
	codes := deskRefusals(t)
	for lang, w := range deskPages {
		var b strings.Builder
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", w.machines, w.machinesSay)
		machine(&b, lang, w.ticket, w.table, workflow.TicketTransitions())
		machine(&b, lang, w.slip, w.table, workflow.SlipTransitions())
		machine(&b, lang, w.fault, w.table, workflow.FaultTransitions())
		machine(&b, lang, w.project, w.table, workflow.ProjectTransitions())
		machine(&b, lang, w.arbitration, w.table, workflow.ArbitrationTransitions())
		machine(&b, lang, w.watch, w.table, workflow.WatchTransitions())
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n%s", w.parameters, w.parametersSay, w.parameterTable)
		p := workflow.DefaultService()
		for _, m := range workflow.ServiceParametersList() {
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", m.Name,
				explain.Parameter(lang, m.Name), shown(m.Value(&p)), m.Bounds, m.Article)
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n%s", w.refusals, w.of, w.refusalTable)
		for _, code := range slices.Sorted(maps.Keys(codes)) {
			row := ""
			for _, rule := range slices.Sorted(maps.Keys(codes[code])) {
				title, _, fix := explain.Fault(lang, &workflow.Fault{Code: code, Rule: rule})
				was := row
				if row = fmt.Sprintf("| `%s` | %s | %s |\n", code, title, fix); row != was {
					b.WriteString(row)
				}
			}
		}
		b.WriteString("\n")
		drawn(t, w.file, b.String())
	}
}

// machine draws a state machine as a Mermaid diagram and as a table. It begins where its first row
// begins, and ends in the states that no row leaves.
func machine[S, E ~string](
	b *strings.Builder, lang explain.Lang, title, table string, rows []workflow.Row[S, E],
) {
	var states []S
	leaves := map[S]bool{}
	loops := map[S][]string{}
	see := func(s S) {
		if !slices.Contains(states, s) {
			states = append(states, s)
		}
	}
	var arrows strings.Builder
	for _, r := range rows {
		for _, from := range r.From {
			see(from)
			if from == r.To {
				loops[from] = append(loops[from], step(lang, r.Event))
				continue
			}
			leaves[from] = true
			fmt.Fprintf(&arrows, "    %s --> %s: %s\n", from, r.To, step(lang, r.Event))
		}
		see(r.To)
	}
	fmt.Fprintf(b, "\n### %s\n\n```mermaid\nstateDiagram-v2\n", title)
	for _, s := range states {
		fmt.Fprintf(b, "    state %q as %s\n", stage(lang, s), s)
	}
	fmt.Fprintf(b, "    [*] --> %s\n%s", rows[0].From[0], arrows.String())
	for _, s := range states {
		if len(loops[s]) > 0 {
			fmt.Fprintf(b, "    %s --> %s: %s\n", s, s, strings.Join(loops[s], ", "))
		}
		if !leaves[s] {
			fmt.Fprintf(b, "    %s --> [*]\n", s)
		}
	}
	b.WriteString("```\n\n" + table)
	for _, r := range rows {
		var from []string
		for _, s := range r.From {
			from = append(from, stage(lang, s))
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", r.Event, step(lang, r.Event),
			strings.Join(from, ", "), stage(lang, r.To))
	}
}

func step[E ~string](lang explain.Lang, e E) string {
	return explain.Word(lang, "step", string(e))
}

// stage is what a state is called; a slip's states are a set of their own.
func stage[S ~string](lang explain.Lang, s S) string {
	if w := explain.Word(lang, "slip", string(s)); w != string(s) {
		return w
	}
	return explain.Word(lang, "stage", string(s))
}

// deskRefusals are the codes with which the commands of the service desk refuse, with the articles
// that they cite where the source names them.
func deskRefusals(t *testing.T) map[string]map[string]bool {
	t.Helper()
	files, err := filepath.Glob("../workflow/service_*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no source: %v", err)
	}
	codes := map[string]map[string]bool{"transition": {"": true}}
	refuse := []string{"refused", "forbidden", "invalid", "invalidUnder"}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				id, ok := n.Fun.(*ast.Ident)
				if !ok || len(n.Args) == 0 {
					return true
				}
				v, ok := text(n.Args[0])
				switch {
				case ok && id.Name == "notFound":
					put(codes, v+"_not_found", "")
				case ok && slices.Contains(refuse, id.Name):
					rule := ""
					if len(n.Args) > 1 && id.Name != "invalid" {
						rule, _ = text(n.Args[1])
					}
					put(codes, v, rule)
				}
			case *ast.AssignStmt: // f.Class, f.Code = ClassRefused, "not_filed"
				for i, e := range n.Lhs {
					sel, ok := e.(*ast.SelectorExpr)
					if !ok || sel.Sel.Name != "Code" || len(n.Rhs) != len(n.Lhs) {
						continue
					}
					if v, ok := text(n.Rhs[i]); ok {
						put(codes, v, "")
					}
				}
			}
			return true
		})
	}
	if len(codes) < 40 {
		t.Fatalf("only %d refusals: %v", len(codes), codes)
	}
	return codes
}
