package storetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// equal compares lists item by item: pages without their images (a store fills them only to
// project), times as instants, documents as JSON values, everything else exactly. It shows the
// first difference.
func equal[T any](t *testing.T, what string, want, got []T) {
	t.Helper()
	wanted, given := texts(want), texts(got)
	for i := range max(len(wanted), len(given)) {
		w, g := "nothing", "nothing"
		if i < len(wanted) {
			w = wanted[i]
		}
		if i < len(given) {
			g = given[i]
		}
		if w != g {
			t.Errorf("%s: item %d of %d\nwant %s\ngot  %s", what, i, len(wanted), around(w, g),
				around(g, w))
			return
		}
	}
}

// equalOne compares two values as equal does.
func equalOne[T any](t *testing.T, what string, want, got T) {
	t.Helper()
	equal(t, what, []T{want}, []T{got})
}

func texts[T any](items []T) []string {
	out := make([]string, len(items))
	for i, item := range items {
		out[i] = text(item)
	}
	return out
}

// text writes out the parts of a value that are compared.
func text(v any) string {
	switch v := v.(type) {
	case *repo.Page:
		return fmt.Sprintf("page %q first %d last %d at %s prev %q hash %q entries %q body %q",
			v.Site, v.First, v.Last, instant(v.At), v.Prev, v.Hash, v.Entries, v.Body)
	case repo.Document:
		return fmt.Sprintf("document %s %q of %q seq %d open %v %s", v.Collection, v.ID, v.Site,
			v.Seq, v.Open, canonical(v.Doc))
	case repo.Side:
		return fmt.Sprintf("side %s %q of %q lookup %q command %q pending %v at %s %s",
			v.Collection, v.ID, v.Site, v.Lookup, v.Command, v.Pending, instant(v.At), canonical(
				v.Body))
	case string, workflow.SiteID:
		return fmt.Sprintf("%q", v)
	default:
		return fmt.Sprintf("%#v", v)
	}
}

func instant(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// canonical is a JSON text with sorted keys and exact numbers; text that is not JSON stays as it
// is.
func canonical(doc json.RawMessage) string {
	var v any
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return fmt.Sprintf("no JSON: %q", doc)
	}
	sorted, err := workflow.Encode(v)
	if err != nil {
		return err.Error()
	}
	return string(sorted)
}

// around cuts a long text down to where it begins to differ from another.
func around(s, other string) string {
	const before, after = 80, 240
	if len(s) <= before+after {
		return s
	}
	at := 0
	for at < min(len(s), len(other)) && s[at] == other[at] {
		at++
	}
	return fmt.Sprintf("… at byte %d: %s …", at, s[max(0, at-before):min(len(s), at+after)])
}
