package mongostore

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/lunpai/lunpai/workflow"
)

// roundTrip is what becomes of a record's text in the database.
func roundTrip(t testing.TB, text []byte) string {
	t.Helper()
	raw, err := appendDocument(nil, text)
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	if err := bson.Raw(raw).Validate(); err != nil {
		t.Fatalf("invalid BSON for %s: %v", text, err)
	}
	back, err := appendJSON(nil, raw, true)
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return string(back)
}

func sampleVisit() *workflow.Visit {
	at := time.Date(2024, 3, 4, 1, 10, 0, 123e6, time.UTC)
	return &workflow.Visit{
		Head:  workflow.Head{ID: "0190-visit", Site: "售楼处", Seq: 1 << 40, Open: true},
		State: workflow.Assigned, BusinessDay: "2024-03-04", Policy: "p1", Channel: "passing_by",
		Party: 2,
		Kind:  workflow.KindNew, Customer: "c-1", Server: "张伟", ServerRole: workflow.Lead,
		Unit:       "张伟",
		Assistants: []workflow.StaffID{"li", "王"}, Passed: []workflow.Passed{{Unit: "li"}},
		Changes: []workflow.Change{
			{From: "a", To: "b", Reason: "handed_back", At: at.Add(time.Minute)},
		},
		Form: &workflow.Form{
			Channel: "online", Layout: "3br", AreaSqm: 120, BudgetFrom: 3e8, BudgetTo: 4e8,
		},
		ArrivedAt: at.Truncate(time.Second), AssignedAt: at, Commits: []int64{
			1, 2, 3, 9007199254740993,
		},
	}
}

func TestRecordsComeBackByteForByte(t *testing.T) {
	for _, r := range []any{
		sampleVisit(), &workflow.Visit{Head: workflow.Head{ID: ""}},
		&workflow.Site{
			Head: workflow.Head{ID: "s"}, Zone: "Asia/Shanghai", Adoptions: []workflow.Adoption{
				{From: "2024-01-01"},
			},
		},
		&workflow.Rota{
			Head: workflow.Head{ID: "s/live"}, Line: []workflow.Place{{Unit: "a", Ticket: 1}},
		},
		&workflow.Customer{
			Head: workflow.Head{ID: "c"}, FollowUps: []workflow.FollowUp{
				{At: time.UnixMilli(1).UTC()},
			},
		},
		&workflow.Staff{Head: workflow.Head{ID: "s/e\u0301"}},
	} {
		text, err := workflow.Encode(r)
		if err != nil {
			t.Fatal(err)
		}
		if got := roundTrip(t, text); got != string(text) {
			t.Errorf("%T\nwant %s\n got %s", r, text, got)
		}
	}
}

// awkward is text that a careless converter changes.
const awkward = `{"id":"x","a":"<b>&\u2028\u2029\\\"'/\t\n\b\f\u0000\u001f\u007f轮排 👨‍👩‍👧",` +
	`"":{"":[[],{},[{}]]},` +
	`"n":[0,-0,-1,9223372036854775807,-9223372036854775808,1.5,1e+21,1e-7,-1.25e-9,5e-324,` +
	`1.7976931348623157e+308,100000000000000000000],` +
	`"at":"2024-03-04T01:10:00.123Z","x_at":["2024-03-04T01:10:00Z"],` +
	`"y_at":{"at":"2024-03-04T01:10:00.1Z"},` +
	`"z_at":"0001-01-01T00:00:00Z","late_at":"9999-12-31T23:59:59.999Z",` +
	`"off_at":"2024-03-04T09:10:00+08:00","fine_at":"2024-03-04T01:10:00.123456Z",` +
	`"zero_at":"2024-03-04T01:10:00.120Z","word_at":"soon","cat":"2024-03-04T01:10:00Z",` +
	`"$set":null,"a.b":true,"a":false}`

func TestAwkwardTextComesBack(t *testing.T) {
	// the canonical encoder does not escape DEL
	want := strings.ReplaceAll(awkward, `\u007f`, "\x7f")
	if got := roundTrip(t, []byte(awkward)); got != want {
		t.Errorf("\nwant %s\n got %s", want, got)
	}
}

func TestTimesAreDates(t *testing.T) {
	raw, err := appendDocument(nil, []byte(awkward))
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]bson.Type{
		"at": bson.TypeDateTime, "z_at": bson.TypeDateTime, "late_at": bson.TypeDateTime,
		"off_at":  bson.TypeString,
		"fine_at": bson.TypeString, "zero_at": bson.TypeString, "word_at": bson.TypeString,
		"cat": bson.TypeString,
	} {
		if got := bson.Raw(raw).Lookup(key).Type; got != want {
			t.Errorf("%s is a %s, want %s", key, got, want)
		}
	}
}

func TestMalformedRecordsAreRefused(t *testing.T) {
	for _, text := range []string{
		``, `{`, `{}`, `[]`, `null`, `{"site":"a","id":"b"}`, `{"id":"a","_id":"b"}`,
		`{"id":"a","id":"b"}`, `{"id":"a"}{}`, `{"id":"a",}`,
		`{"id":"a" "b":1}`, `{"id":"a","b":01}`, `{"id":"a","b":1.}`, `{"id":"a","b":-}`,
		`{"id":"a","b":1e}`, `{"id":"a","b":--1}`,
		`{"id":"a","b":tru}`, `{"id":"a","b":"` + "\n" + `"}`, `{"id":"a","b":"\x"}`,
		`{"id":"a","b":"\u12"}`, `{"id":"a","b\u0000":1}`,
		`{"id":"a","b":18446744073709551615}`, `{"id":"a","b":1e999}`,
		"{\"id\":\"a\",\"b\":\"\xff\"}", `{"id":"a","b":[1}`,
		`{"id":"a","b":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}`,
	} {
		if _, err := appendDocument(nil, []byte(text)); err == nil {
			t.Errorf("taken: %s", text)
		}
	}
}

// FuzzConverter: whatever Go can read and write again in canonical form comes back byte for byte,
// or is refused.
func FuzzConverter(f *testing.F) {
	f.Add(awkward)
	text, _ := workflow.Encode(sampleVisit())
	f.Add(string(text))
	f.Add(`{"id":"a","b":"\ud83d\ude00\ud83d","c":[1e400,null]}`)
	f.Fuzz(func(t *testing.T, text string) {
		var v any
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		if d.Decode(&v) != nil || d.More() {
			return
		}
		// {"id": …, "v": …} is canonical once its value is.
		inner, err := workflow.Encode(canonical(v))
		if err != nil {
			return
		}
		whole := append(append([]byte(`{"id":"x","v":`), inner...), '}')
		raw, err := appendDocument(nil, whole)
		if err != nil {
			return // refused: out of range or too deep
		}
		back, err := appendJSON(nil, raw, true)
		if err != nil || string(back) != string(whole) {
			t.Errorf("%v\nwant %s\n got %s", err, whole, back)
		}
	})
}

// canonical replaces numbers by what Go writes for them.
func canonical(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		f, _ := v.Float64()
		return f
	case []any:
		for i := range v {
			v[i] = canonical(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = canonical(v[k])
		}
	}
	return v
}

func BenchmarkConverter(b *testing.B) {
	text, err := workflow.Encode(sampleVisit())
	if err != nil {
		b.Fatal(err)
	}
	raw, err := appendDocument(nil, text)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("ToBSON", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := appendDocument(make([]byte, 0, len(text)+256), text); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("ToJSON", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := document(workflow.Visits, raw); err != nil {
				b.Fatal(err)
			}
		}
	})
}
