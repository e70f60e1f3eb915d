package analytics

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/lunpai/lunpai/workflow"
)

// pages are the page in its two languages.
var pages = []string{"../../docs/analytics.md", "../../docs/analytics.zh-CN.md"}

// block is a fenced block of code.
type block struct{ language, code string }

// section is what stands under a heading, up to the next one of any rank.
type section struct {
	heading string
	text    string
	blocks  []block
}

func readPage(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// sections cuts a page at its headings. A # within a block of code begins nothing.
func sections(page string) []section {
	all := []section{{}}
	var open *block
	for line := range strings.Lines(page) {
		s := &all[len(all)-1]
		fence, isFence := strings.CutPrefix(line, "```")
		switch {
		case isFence && open == nil:
			open = &block{language: strings.TrimSpace(fence)}
		case isFence:
			s.blocks = append(s.blocks, *open)
			open = nil
		case open != nil:
			open.code += line
		case strings.HasPrefix(line, "#"):
			all = append(all, section{heading: strings.TrimSpace(line)})
		default:
			s.text += line
		}
	}
	return all
}

// TestBlocksAreTheSameInBothLanguages: a query is written once, and whoever reads Chinese gets the
// same.
func TestBlocksAreTheSameInBothLanguages(t *testing.T) {
	for _, name := range []string{"../../docs/analytics", "../../README"} {
		en, zh := blocksOf(readPage(t, name+".md")), blocksOf(readPage(t, name+".zh-CN.md"))
		// The README's commands have comments in the reader's language.
		if strings.HasSuffix(name, "README") {
			en, zh = only(en, "js"), only(zh, "js")
		}
		if len(en) == 0 || len(en) != len(zh) {
			t.Errorf("%s: %d blocks of code in English, %d in Chinese", name, len(en), len(zh))
			continue
		}
		for i := range en {
			if en[i] != zh[i] {
				t.Errorf("%s: block %d differs:\n%s\n%s", name, i+1, en[i].code, zh[i].code)
			}
		}
	}
}

func blocksOf(page string) (all []block) {
	for _, s := range sections(page) {
		all = append(all, s.blocks...)
	}
	return all
}

func only(blocks []block, language string) []block {
	other := func(b block) bool { return b.language != language }
	return slices.DeleteFunc(slices.Clone(blocks), other)
}

// question is one of the fifteen.
type question struct{ heading, js, python string }

// questionHeading is "### 3. At which hour …".
var questionHeading = regexp.MustCompile(`^### \d+\. `)

// questions are the blocks that set the office and the days, and the fifteen questions.
func questions(t *testing.T) (setup question, all []question) {
	t.Helper()
	for _, s := range sections(readPage(t, pages[0])) {
		setsUp := s.heading == "## Fifteen questions"
		if !setsUp && !questionHeading.MatchString(s.heading) {
			continue
		}
		if len(s.blocks) != 2 || s.blocks[0].language != "js" || s.blocks[1].language != "python" {
			t.Fatalf("%s: want one js block and one python block", s.heading)
		}
		q := question{s.heading, s.blocks[0].code, s.blocks[1].code}
		if setsUp {
			setup = q
		} else {
			all = append(all, q)
		}
	}
	if setup.js == "" || len(all) != len(answers) {
		t.Fatalf("the page asks %d questions, and there are %d answers", len(all), len(answers))
	}
	return setup, all
}

// printed is a field of the visit on the page, as mongosh prints it.
var printed = regexp.MustCompile(`(\w+): (?:'([^']*)'|Long\('(\d+)'\)|ISODate\('([^']*)'\))`)

// checkSample holds the visit that the page prints against the one of the year: the same fields and
// values, at any depth.
func checkSample(t *testing.T, y *year) {
	var sample string
	for _, b := range blocksOf(readPage(t, pages[0])) {
		if strings.HasPrefix(b.code, "{\n  _id:") {
			sample = b.code
		}
	}
	fields := printed.FindAllStringSubmatch(sample, -1)
	if len(fields) < 30 {
		t.Fatalf("the page prints %d fields of a visit", len(fields))
	}
	i := slices.IndexFunc(y.office.visits, func(v *visit) bool { return v.ID == fields[0][2] })
	if i < 0 {
		t.Fatalf("the visit %s of the page is not in the year: print another", fields[0][2])
	}
	text, err := workflow.Encode(y.office.visits[i].Visit)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range fields[1:] {
		value := f[3] // a number
		if f[2] != "" {
			value = `"` + f[2] + `"`
		} else if f[4] != "" {
			value = `"` + strings.ReplaceAll(f[4], "0Z", "Z") + `"` // Go writes no trailing zeros
		}
		if !strings.Contains(string(text), `"`+f[1]+`":`+value) {
			t.Errorf("the page prints %s, the visit is %s", f[0], text)
		}
	}
}
