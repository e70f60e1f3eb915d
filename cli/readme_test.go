package cli

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// step is a block of commands of the README and the step that it belongs to: the number of a bold
// heading, or its words.
type step struct{ name, commands string }

var stepName = regexp.MustCompile(`^\*\*(\d+)\.|^\*\*([^*]+)\*\*`)

// stepsOf are the blocks of shell between two headings of a page.
func stepsOf(t *testing.T, page, from, to string) (steps []step) {
	t.Helper()
	_, page, found := strings.Cut(page, from)
	page, _, ends := strings.Cut(page, to)
	if !found || !ends {
		t.Fatalf("the page has no %q before %q", from, to)
	}
	name, block := "", (*step)(nil)
	for line := range strings.Lines(page) {
		switch m := stepName.FindStringSubmatch(line); {
		case strings.HasPrefix(line, "```") && block != nil:
			steps = append(steps, *block)
			block = nil
		case strings.HasPrefix(line, "```sh"):
			block = &step{name: name}
		case block != nil:
			block.commands += line
		case m != nil:
			name = m[1] + m[2]
		}
	}
	return steps
}

// readmes are the page in its languages, and where the commands for a running service begin and end
// in it.
var readmes = []struct{ file, from, to, app, kiosk, analysts, refusal string }{
	{
		"README.md", "## A visit, end to end", "A new store can be filled", "The front-desk app",
		"The kiosk", "Analysts", "Not identified yet",
	},
	{"README.zh-CN.md", "## 一次来访，从头到尾", "空的新库可以用", "前台程序", "自助机", "分析人员", "问明"},
}

// TestReadme pastes the commands of the README into a shell, block after block, and holds the
// answers to what the page says about them. Only the key, the address and the folder for files are
// others than in print.
func TestReadme(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("SKIPPED: curl is not installed, so the commands of the README were not run")
	}
	for _, page := range readmes {
		t.Run(page.file, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(page.file)
			if err != nil {
				t.Fatal(err)
			}
			answers := paste(t, stepsOf(t, string(text), page.from, page.to))
			for step, claims := range map[string][]string{
				"1": {`"role":"manager"`, `"role":"front_desk"`},
				"2": {`"kind":"day.opened"`},
				"3": {
					`"status":409`, `"rule":"P1-12a"`, `"allowed":["identify"`,
					`"fix":`, page.refusal,
				},
				"4": {
					`"dry_run":true`,
					`"kind":"visit.assigned","rule":"P1-06","subject":"li"`,
					`"kind":"turn.used","rule":"P1-06"`,
				},
				"5": {
					`"server":"wang"`, `"line":["zhao"]`, `"out":["li","wang"]`,
					`"next":""`,
				},
				"6": {
					`"state":"served"`, `"state":"registered"`,
					`"kind":"unit.rejoined"`, `"owner":"li"`,
				},
				"7": {
					`"kind":"turn.passed","rule":"P1-09a","subject":"zhao"`,
					`"effect":"void"`, `"server":"li"`,
				},
				"8": {
					`"server":"wang","server_role":"assist","principal":"li"`, `P1-44`,
					`"rule":"P1-15"`, `"kind":"turn.held","rule":"P1-18"`,
				},
				"9":           {`"seq":5`, `"hash":"`, `"kind":"assign_visit"`},
				page.app:      {`"kind":"deal.recorded"`, `"desk":`, "event: commit", "curl: (28)"},
				page.kiosk:    {`"state":"arrived"`},
				page.analysts: {`{"consultant":"li"`, ",online,1,1,1,"},
			} {
				for _, claim := range claims {
					if !strings.Contains(answers[step], claim) {
						t.Errorf("step %s does not answer %s:\n%s", step, claim, answers[step])
					}
				}
			}
			for step, answer := range answers {
				if step != "3" && regexp.MustCompile(`"status":[45]\d\d`).MatchString(answer) {
					t.Errorf("step %s is refused:\n%s", step, answer)
				}
			}
			if strings.Contains(answers[page.kiosk], "13900139000") ||
				strings.Contains(answers[page.kiosk], "李娜") {
				t.Errorf("something personal comes back to the kiosk:\n%s", answers[page.kiosk])
			}
		})
	}
}

// paste runs the blocks in one shell against a service of their own, started with flags, and
// returns what each step printed.
func paste(t *testing.T, steps []step, flags ...string) map[string]string {
	t.Helper()
	s := start(t, append(flags, "--store", "sqlite:"+filepath.Join(t.TempDir(), "lunpai.db"))...)
	const mark = "=== step "
	var script strings.Builder
	for _, step := range steps {
		script.WriteString("printf '\\n" + mark + "%s\\n' '" + step.name + "'\n" + step.commands)
	}
	printed := script.String()
	for _, c := range [][2]string{
		{"ADMIN=lp_bootstrap_...\n", "ADMIN=" + s.admin + "\n"},
		{"URL=http://localhost:8080\n", "URL=" + s.base + "\n"},
		{"/tmp/", t.TempDir() + "/"},
	} {
		if !strings.Contains(printed, c[0]) {
			t.Fatalf("the page does not say %s", c[0])
		}
		printed = strings.ReplaceAll(printed, c[0], c[1])
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-u")
	cmd.Stdin = strings.NewReader(printed)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	answers := map[string]string{}
	for _, part := range strings.Split(string(out), mark)[1:] {
		name, answer, _ := strings.Cut(part, "\n")
		answers[name] += answer
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	return answers
}

// TestCommandsInPrint: every command of the program that a page prints is one, with flags that
// there are.
func TestCommandsInPrint(t *testing.T) {
	t.Parallel()
	printed := regexp.MustCompile("(?m)(?:^go run \\.|`go run \\.|`lunpai) ([^`\n#|>]*)")
	noSuch := regexp.MustCompile("unknown flag|unexpected argument")
	known := 0
	for _, file := range handbook(t) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range printed.FindAllStringSubmatch(string(text), -1) {
			line := strings.TrimRight(m[1], " \\")
			if strings.ContainsAny(line, "…<") {
				continue
			}
			known++
			parser, err := outside(io.Discard, io.Discard).parser(func(int) {})
			if err != nil {
				t.Fatal(err)
			}
			_, err = parser.Parse(spelled(strings.Fields(strings.ReplaceAll(line, "'", ""))))
			if err != nil && noSuch.MatchString(err.Error()) {
				t.Errorf("%s: lunpai %s: %v", file, line, err)
			}
		}
	}
	if known < 20 {
		t.Errorf("only %d commands were found", known)
	}
}

// handbook are the pages that people read.
func handbook(t *testing.T) []string {
	t.Helper()
	pages, err := filepath.Glob("docs/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatal("no pages in docs", err)
	}
	return append(pages, "README.md", "README.zh-CN.md", "CONTRIBUTING.md")
}

// TestReadmeNamesWhatThereIs: every test that vouches for a promise is there, and so is every file
// that is linked.
func TestReadmeNamesWhatThereIs(t *testing.T) {
	t.Parallel()
	testName := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	link := regexp.MustCompile(`\]\(([\w./-]+)`)
	tests := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, _ os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range testName.FindAllStringSubmatch(string(text), -1) {
			tests[m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range readmes {
		text, err := os.ReadFile(page.file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range regexp.MustCompile(`\bTest[A-Z]\w+`).FindAllString(string(text), -1) {
			if !tests[name] {
				t.Errorf("%s: there is no %s", page.file, name)
			}
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(m[1]); err != nil && !strings.HasPrefix(m[1], "http") {
				t.Errorf("%s: %v", page.file, err)
			}
		}
	}
}

// TestReadmesCanBePasted: no remark stands behind a command. Interactive zsh, the shell of macOS,
// takes it for more of the command.
func TestReadmesCanBePasted(t *testing.T) {
	t.Parallel()
	remark := regexp.MustCompile(`\S\s+# `)
	for _, file := range handbook(t) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		code := false
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(line, "```") {
				code = !code && strings.HasPrefix(line, "```sh")
			} else if code && remark.MatchString(line) {
				t.Errorf("%s: a remark behind a command: %s", file, line)
			}
		}
	}
}
