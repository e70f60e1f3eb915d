package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestWalks plays the transcripts of testdata/walks. Their lines:
//
//	# a remark
//	policy p2                             before the first request, where it is not policy 1
//	@ 09:10                               the clock, on Monday 4 March 2024
//	> desk POST visits {"party":2}        who asks, and for what; addresses are below the site's
//	= v visit.id                          keeps a value of the answer under the name $v
//	< 201 …                               what came back, written by -update
func TestWalks(t *testing.T) {
	files, err := filepath.Glob("testdata/walks/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no transcripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := play(t, string(text))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := cmp.Diff(strings.Split(string(text), "\n"), strings.Split(got, "\n")); d != "" {
				t.Errorf("the answers have changed (-file +now; -update writes them):\n%s", d)
			}
		})
	}
}

type walk struct {
	*office
	names map[string]string // ids by the names they are shown under
	out   strings.Builder
	last  *answer
}

func play(t *testing.T, script string) string {
	w := &walk{names: map[string]string{}}
	var s setup
	var answer string
	flush := func() { w.out.WriteString(w.pseudonyms(answer)); answer = "" }
	for line := range strings.Lines(script) {
		line = strings.TrimSuffix(line, "\n")
		word, rest, _ := strings.Cut(line, " ")
		if word == "<" {
			continue
		}
		if word == "policy" {
			s.policy = rest
		}
		if w.office == nil && (word == "@" || word == ">") {
			w.office = newOffice(t, s)
		}
		switch word {
		case "@":
			at, err := time.Parse("15:04", rest)
			w.ok(err)
			w.clock.Set(time.Date(2024, 3, 4, at.Hour()-8, at.Minute(), 0, 0, time.UTC))
		case "=":
			name, path, _ := strings.Cut(rest, " ")
			steps := []any{}
			for _, p := range strings.Split(path, ".") {
				steps = append(steps, p)
			}
			id := w.last.str(steps...)
			if id == "" {
				t.Fatalf("%s: the answer has no %s: %s", line, path, w.last.raw)
			}
			w.names[id] = "$" + name
		case ">":
			flush()
			fmt.Fprintln(&w.out, line)
			answer = w.request(rest)
			continue
		}
		if answer != "" && word != "=" {
			flush()
		}
		fmt.Fprintln(&w.out, line)
	}
	flush()
	return w.out.String()
}

// request carries out a line and returns what came back, as lines.
func (w *walk) request(line string) string {
	f := strings.SplitN(line, " ", 4)
	body := ""
	if len(f) == 4 {
		body = f[3]
	}
	headers := []string{}
	path := "/v1/sites/s/" + f[2]
	if p, match, ok := strings.Cut(path, "@"); ok { // visits/$v/serve@17: If-Match
		path, headers = p, []string{"If-Match", `"` + match + `"`}
	}
	for id, name := range w.names {
		path, body = strings.ReplaceAll(path, name, id), strings.ReplaceAll(body, name, id)
	}
	var in any
	if body != "" {
		in = body
	}
	a := w.do(f[0], f[1], path, in, headers...)
	w.last = a
	var b strings.Builder
	fmt.Fprintf(&b, "< %d", a.status)
	for _, h := range []string{"ETag", "Location", "Retry-After"} {
		if v := a.header.Get(h); v != "" {
			fmt.Fprintf(&b, " %s: %s", h, v)
		}
	}
	b.WriteString("\n")
	for _, k := range slices.Sorted(maps.Keys(a.body)) {
		if k == "request_id" || k == "type" || k == "hash" {
			continue
		}
		if list, ok := a.body[k].([]any); ok && len(list) > 0 {
			for _, x := range list {
				b.WriteString("< " + k + " " + encoded(x) + "\n")
			}
			continue
		}
		b.WriteString("< " + k + " " + encoded(a.body[k]) + "\n")
	}
	return b.String()
}

func encoded(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err.Error()
	}
	return strings.TrimSpace(b.String())
}

var idPattern = regexp.MustCompile(
	`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{64}|[0-9a-f]{32}`)

// pseudonyms puts names in the place of ids, which differ every time.
func (w *walk) pseudonyms(text string) string {
	return idPattern.ReplaceAllStringFunc(text, func(id string) string {
		if w.names[id] == "" {
			n := 1
			for _, name := range w.names {
				if strings.HasPrefix(name, "#") {
					n++
				}
			}
			w.names[id] = fmt.Sprintf("#%d", n)
		}
		return w.names[id]
	})
}
