package api

import (
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/labstack/echo/v4"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// Doc is a record of type R in an answer. It holds the canonical text from the journal, which is
// written without being decoded.
type Doc[R any] struct{ text json.RawMessage }

// Of is the type of the record.
func (Doc[R]) Of() reflect.Type { return reflect.TypeFor[R]() }

// MarshalJSON gives the text.
func (d Doc[R]) MarshalJSON() ([]byte, error) {
	if d.text == nil {
		return []byte("null"), nil
	}
	return d.text, nil
}

// IsZero reports whether there is no record.
func (d Doc[R]) IsZero() bool { return d.text == nil }

func (d Doc[R]) canonical() json.RawMessage { return d.text }

func (d *Doc[R]) set(text json.RawMessage) { d.text = text }

// Decided is what every answer to a command says.
type Decided struct {
	// Facts are what was decided, in order. Each names its article.
	Facts []Fact `json:"facts"`
	// Seq is the number of the commit. In a dry run: the number the commit would have had.
	Seq int64 `json:"seq"`
	// DryRun is true when nothing was changed.
	DryRun bool `json:"dry_run,omitempty"`
}

// decision builds the answer to a command: what was decided, and the record it is about.
func (c *call) decision(out *repo.Outcome) (any, *workflow.Image) {
	k := c.redacted(out.Commit)
	a := reflect.New(c.route.answer)
	said := Decided{Facts: c.said(k.Facts), Seq: k.Seq, DryRun: c.dry}
	var doc interface{ set(json.RawMessage) }
	for i := range a.Elem().NumField() {
		switch f := a.Elem().Field(i).Addr().Interface().(type) {
		case *Decided:
			*f = said
		case interface{ set(json.RawMessage) }:
			doc = f
		}
	}
	for i := range k.Images {
		if im := &k.Images[i]; im.Ref == k.Subject && doc != nil {
			doc.set(shownDoc(*im))
			return a.Interface(), im
		}
	}
	return a.Interface(), nil
}

// decided writes the answer to a command.
func (c *call) decided(out *repo.Outcome) error {
	a, im := c.decision(out)
	h := c.Response().Header()
	c.tellReplay(out)
	if im != nil && c.key.Role != workflow.RoleKiosk {
		h.Set("ETag", etag(out.Commit.Seq))
	}
	if v, ok := a.(*VisitDecision); ok {
		var err error
		if a, err = c.visitDecision(v, out.Commit); err != nil {
			return err
		}
	}
	if t, ok := a.(*TicketDecision); ok && !c.dry {
		// without the steps the answer is whole: the command was carried out
		t.Allowed, _ = c.ticketSteps(workflow.RecordID(out.Commit.Subject.ID))
	}
	status := http.StatusOK
	if c.route.status == http.StatusCreated && !c.dry {
		status = http.StatusCreated
		if c.route.addressed {
			h.Set("Location",
				c.Request().URL.EscapedPath()+"/"+url.PathEscape(recordID(out.Commit.Subject)))
		}
	}
	return c.write(status, a)
}

func (c *call) tellReplay(out *repo.Outcome) {
	if out.Replayed {
		c.Response().Header().Set("Idempotency-Replayed", "true")
	}
}

// done answers a command that returns no content.
func (c *call) done(out *repo.Outcome) (*none, error) {
	c.tellReplay(out)
	return nil, c.NoContent(http.StatusNoContent)
}

// answer writes an answer with the route's status.
func (c *call) answer(a any) error {
	status := c.route.status
	if c.dry {
		status = http.StatusOK
	}
	return c.write(status, a)
}

// write writes an answer.
func (c *call) write(status int, a any) error {
	text, err := appendObject(make([]byte, 0, 2048), reflect.ValueOf(a).Elem())
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderContentLength, strconv.Itoa(len(text)))
	return c.JSONBlob(status, text)
}

func etag(seq int64) string { return `"` + strconv.FormatInt(seq, 10) + `"` }

// stands sets the ETag to the version of the record that is read.
func (c *call) stands(r workflow.Record) {
	c.Response().Header().Set("ETag", etag(workflow.Version(r)))
}

// outMember is a member of an answer.
type outMember struct {
	name                string
	index               []int
	omitEmpty, omitZero bool
}

// outMembers caches the members of answers by type. If a type embeds another, its members are
// sorted by name.
var outMembers sync.Map // reflect.Type → []outMember

func membersOf(t reflect.Type) []outMember {
	if known, ok := outMembers.Load(t); ok {
		m, _ := known.([]outMember)
		return m
	}
	var out []outMember
	embedded := false
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		embedded = embedded || f.Anonymous
		if f.IsExported() && !f.Anonymous {
			m := outMember{name, f.Index, options == "omitempty", options == "omitzero"}
			out = append(out, m)
		}
	}
	if embedded {
		slices.SortFunc(out, func(a, b outMember) int { return strings.Compare(a.name, b.name) })
	}
	outMembers.Store(t, out)
	return out
}

// canonical is a value that is already JSON.
type canonical interface{ canonical() json.RawMessage }

// appendObject encodes an answer as encoding/json would, except that the documents in it are
// copied, not decoded and encoded again.
func appendObject(b []byte, v reflect.Value) ([]byte, error) {
	b = append(b, '{')
	first := true
	for _, m := range membersOf(v.Type()) {
		f := v.FieldByIndex(m.index)
		if m.omitEmpty && isEmpty(f) || m.omitZero && isZero(f) {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(strconv.AppendQuote(b, m.name), ':')
		var err error
		if b, err = appendMember(b, f); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

var canonicalType = reflect.TypeFor[canonical]()

func appendMember(b []byte, f reflect.Value) ([]byte, error) {
	if d, ok := f.Interface().(canonical); ok {
		if text := d.canonical(); text != nil {
			return append(b, text...), nil
		}
	}
	if f.Kind() == reflect.Slice && f.Type().Elem().Implements(canonicalType) {
		b = append(b, '[')
		for i := range f.Len() {
			if i > 0 {
				b = append(b, ',')
			}
			var err error
			if b, err = appendMember(b, f.Index(i)); err != nil {
				return nil, err
			}
		}
		return append(b, ']'), nil
	}
	v := f.Interface()
	if f.CanAddr() { // then nothing is copied
		v = f.Addr().Interface()
	}
	text, err := workflow.Encode(v)
	return append(b, text...), err
}

func isEmpty(f reflect.Value) bool {
	switch f.Kind() {
	case reflect.Slice, reflect.Map, reflect.String, reflect.Array:
		return f.Len() == 0
	case reflect.Struct:
		return false
	default:
		return f.IsZero()
	}
}

func isZero(f reflect.Value) bool {
	if z, ok := f.Interface().(interface{ IsZero() bool }); ok {
		return z.IsZero()
	}
	return f.IsZero()
}
