package api

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lunpai/lunpai/explain"
	"github.com/lunpai/lunpai/shape"
)

// taking is a route with a body, and what the contract says about it.
type taking struct {
	*route
	id     string
	schema *openapi3.Schema
}

// takings are the routes that take a body.
func takings(t testing.TB) (out []taking) {
	t.Helper()
	a, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range a.all {
		if r.method == "GET" {
			continue
		}
		id, schema, err := requestOf(r)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, taking{r, id, schema})
	}
	return out
}

// agree holds take against the reference: the same code, and the same value.
func (k taking) agree(t *testing.T, text []byte) (accepted bool) {
	t.Helper()
	var one, two any = &struct{}{}, &struct{}{}
	if k.body != nil {
		one, two = reflect.New(k.body).Interface(), reflect.New(k.body).Interface()
	}
	want := reference(text, k.schema, two)
	got, detail := "", ""
	if p := take(text, explain.En, k.sends, one); p != nil {
		p.say(explain.En)
		got, detail = p.Code, p.Detail
		if p.Detail == "" || p.Fix == "" || p.Title == "" {
			t.Errorf("%s: %.300q: a poor problem: %+v", k.id, text, p)
		}
	}
	if got != want {
		t.Errorf("%s: %.300q: got %q (%s), kin-openapi says %q", k.id, text, got, detail, want)
		return false
	}
	if d := cmp.Diff(two, one, cmp.AllowUnexported(AssignNow{}),
		cmpopts.EquateEmpty()); got == "" && d != "" {
		t.Errorf("%s: %.300q is read differently (-encoding/json +take):\n%s", k.id, text, d)
	}
	return got == ""
}

// TestBodiesAgree: take accepts what kin-openapi accepts, refuses what it refuses, with the same
// codes, for bodies that are right and for bodies that are wrong in one place or in many.
func TestBodiesAgree(t *testing.T) {
	rng := rand.New(rand.NewPCG(20, 26))
	for _, k := range takings(t) {
		accepted, refused := 0, 0
		for i := range 400 {
			text := "{}"
			if k.sends != nil {
				text = maker{rng, i % 4}.object(k.sends)
			}
			if i%10 == 9 { // broken JSON
				cut := rng.IntN(len(text) + 1)
				text = text[:cut] + []string{"", ",", "}", `"`, "x", "\xff", "{}"}[rng.IntN(7)] +
					text[min(len(text), cut+rng.IntN(3)):]
			}
			if k.agree(t, []byte(text)) {
				accepted++
			} else {
				refused++
			}
		}
		if k.sends != nil && len(k.sends.Members) > 0 && (accepted < 20 || refused < 20) {
			t.Errorf("%s: %d bodies are accepted and %d refused: nothing was tested", k.id,
				accepted, refused)
		}
	}
}

// FuzzBodies lets the fuzzer look for a body on which take and the reference disagree.
func FuzzBodies(f *testing.F) {
	all := takings(f)
	for i, k := range all {
		if text, ok := bodies[k.id]; ok {
			f.Add(uint8(i), []byte(text))
			f.Add(uint8(i), []byte(strings.Replace(text, `:`, `:null,"x":`, 1)))
		}
	}
	for _, s := range []string{
		`{}`, `{"a":1,"a":2}`, `[`, `{"a":1}}`, "{\"\xff\":1}",
		`{"a":1e400}`, `{"\ud800":1}`, ``, "\ufeff{}", `{"a":{"b":[1,{"c":null}]}}`,
	} {
		f.Add(uint8(0), []byte(s))
	}
	f.Fuzz(func(t *testing.T, i uint8, text []byte) {
		if len(strings.TrimSpace(string(text))) == 0 || !json.Valid(text) &&
			strings.ToValidUTF8(string(text), "") != string(text) {
			return // bind looks at these first
		}
		all[int(i)%len(all)].agree(t, text)
	})
}

// maker makes JSON texts of shapes; the higher wrong is, the more of it does not fit.
type maker struct {
	*rand.Rand
	wrong int
}

// errsTimes is rarer than errs: it errs so many times in a row.
func (m maker) errsTimes(n int) bool {
	for range n {
		if !m.errs() {
			return false
		}
	}
	return true
}

func (m maker) object(s *shape.Shape) string {
	var parts []string
	for _, f := range s.Members {
		if !f.Required && m.IntN(2) == 0 || m.errs() {
			continue
		}
		name := f.Name
		if m.errsTimes(2) {
			name = strings.ToUpper(name)
		}
		parts = append(parts, fmt.Sprintf("%q: %s", name, m.value(f.Shape)))
		if m.errsTimes(3) {
			parts = append(parts, parts[len(parts)-1])
		}
	}
	if m.errsTimes(2) {
		parts = append(parts, `"further": `+m.odd())
	}
	m.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
	return "{" + strings.Join(parts, ", ") + "}"
}

// errs reports, now and then, that something should be wrong.
func (m maker) errs() bool { return m.wrong > 0 && m.IntN(12/m.wrong) == 0 }

// odd is a value that seldom fits.
func (m maker) odd() string {
	odd := []string{
		`null`, `true`, `-1`, `0`, `1.5`, `1.0`, `1e2`, `-0`, `1e400`, `9007199254740992`,
		`99999999999999999999`, `-99999999999999999999`,
		`""`, `"x"`, `"` + strings.Repeat("长", 70) + `"`, `"` + strings.Repeat("y", 5000) + `"`,
		`"a\u0000b"`, `"a\nb"`, `"\ud800"`,
		`[]`, `[[]]`, `[null]`, `{}`, `{"a":{"a":1,"a":1}}`, `"2024-03-04"`, `"2024-3-4"`,
		`"09:30"`, `"24:00"`, `"P1-31"`, `"P3-31"`, `"P1-31d"`,
		`"2024-03-04T09:10:00+08:00"`, `"2024-03-04t09:10:00z"`, `"2024-03-04T09:10:60Z"`,
		`"2024-02-30T09:10:00Z"`, `"2024-03-04T9:10:00Z"`, `"2024-03-04T09:10:00,5Z"`,
		`"2024-03-04T09:10:00.123456789Z"`, `"2024-03-04T24:00:00Z"`, `"2024-03-04T09:10:00"`,
		`"2024-03-04T09:10:00+24:00"`, `"if_free"`, `"code_12345"`, `"1234"`, `"Code"`,
		strings.Repeat(`{"a":`, 20) + "1" + strings.Repeat("}", 20),
		strings.Repeat("[", 12) + strings.Repeat("]", 12),
	}
	return odd[m.IntN(len(odd))]
}

func (m maker) value(s *shape.Shape) string {
	if m.errs() {
		return m.odd()
	}
	if len(s.Or) > 0 {
		return m.value(s.Or[m.IntN(len(s.Or))])
	}
	switch s.Kind {
	case shape.Object:
		if s.Free {
			return `{"carry_over": true, "x": [null]}`
		}
		return m.object(s)
	case shape.Array:
		items := make([]string, m.IntN(4))
		for i := range items {
			items[i] = m.value(s.Items)
		}
		return "[" + strings.Join(items, ",") + "]"
	case shape.Integer:
		return fmt.Sprint(*s.Min + m.Int64N(*s.Max-*s.Min+1))
	case shape.Boolean:
		return []string{"true", "false"}[m.IntN(2)]
	case shape.String:
		return m.text(s)
	default:
		return m.odd()
	}
}

func (m maker) text(s *shape.Shape) string {
	switch {
	case len(s.Words) > 0:
		return fmt.Sprintf("%q", s.Words[m.IntN(len(s.Words))])
	case s.Format != "":
		return []string{`"2024-03-04T09:10:00+08:00"`, `"2024-03-04T01:10:00.5Z"`}[m.IntN(2)]
	case s.Pattern == codePattern:
		return `"code_1"`
	case s.Pattern == pinPattern:
		return `"135792"`
	case s.Pattern == initialsPattern:
		return `"wxm"`
	case s.Pattern == monthPattern:
		return `"2024-03"`
	case s.Pattern == projectPattern:
		return `"tower-2"`
	case s.Pattern == articlePattern:
		return []string{`"P1-31"`, `"P2-04a"`, `"P3-2.7a"`}[m.IntN(3)]
	case s.Pattern == shape.ClockPattern:
		return `"09:30"`
	case s.Pattern == shape.DatePattern:
		return `"2024-03-04"`
	}
	n := *s.Min + m.Int64N(*s.Max-*s.Min+1)
	if m.errs() {
		n = *s.Max + 1
	}
	return `"` + strings.Repeat([]string{"x", "长", `\u00e9`}[m.IntN(3)], int(n)) + `"`
}
