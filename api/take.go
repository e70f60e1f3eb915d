package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/lunpai/lunpai/explain"
	"github.com/lunpai/lunpai/shape"
)

// taker reads a body once: it checks the text, compares it with a shape and puts it into a Go
// value.
type taker struct {
	text []byte
	d    *jsontext.Decoder
	lang explain.Lang
	at   []part
	// misfit is the first thing that does not fit the shape. The text is read to its end all the
	// same: what is not JSON at all is told first.
	misfit *Problem
	needed bool         // whether the value at hand is a member that must be sent
	either *shape.Shape // the shape of which the one at hand is an alternative; nil: it is none
}

// part leads from a value to one inside: the name of a member, or the number of an item.
type part struct {
	name string
	item int
}

// inside is the item of a part into a member.
const inside = -1

// take reads a JSON object of a shape into what a pointer points to.
func take(text []byte, lang explain.Lang, s *shape.Shape, into any) *Problem {
	t := &taker{text: text, lang: lang, at: make([]part, 0, 8)}
	t.d = jsontext.NewDecoder(bytes.NewBuffer(text),
		jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	v, first := reflect.Value{}, t.d.PeekKind()
	if into != nil && first == '{' {
		v = reflect.ValueOf(into).Elem()
	}
	if s == nil {
		s = &shape.Shape{Kind: shape.Object}
	}
	if first != '{' {
		s = anything
	}
	if p := t.value(s, v, 0); p != nil {
		return p
	}
	if _, err := t.d.ReadToken(); !errors.Is(err, io.EOF) {
		return unfit("trailing_data")
	}
	if first != '{' {
		return unfit("not_an_object")
	}
	return t.misfit
}

// anything is the shape of what is only read.
var anything = &shape.Shape{}

func (t *taker) malformed() *Problem {
	return unfit("bad_json", "byte", strconv.FormatInt(t.d.InputOffset(), 10))
}

// here is where the reader stands.
func (t *taker) here() string {
	var b strings.Builder
	for _, s := range t.at {
		b.WriteByte('/')
		if s.item != inside {
			b.WriteString(strconv.Itoa(s.item))
		} else {
			b.WriteString(s.name)
		}
	}
	return where(b.String())
}

// member is the name of the member in which the reader stands.
func (t *taker) member() string {
	if len(t.at) == 0 {
		return ""
	}
	return t.at[len(t.at)-1].name
}

// value reads the next value. v is where it goes; the zero Value: nowhere.
func (t *taker) value(s *shape.Shape, v reflect.Value, depth int) *Problem {
	if depth > maxDepth {
		return unfit("too_deep", "at", t.here())
	}
	kind := t.d.PeekKind()
	if s != anything && t.misfit == nil && !fits(s, kind) {
		t.mismatch(s, kind)
	}
	if t.misfit != nil {
		s, v = anything, reflect.Value{}
	}
	if v.IsValid() {
		if v.Kind() == reflect.Pointer {
			v.Set(reflect.New(v.Type().Elem()))
			v = v.Elem()
		}
		if len(s.Or) > 0 || s.Kind == shape.Any || s.Kind == shape.Object && s.Free {
			return t.whole(s, v, depth)
		}
	}
	for _, o := range s.Or {
		if kindOf(kind) == o.Kind {
			t.either, s = s, o
		}
	}
	switch kind {
	case '{':
		return t.object(s, v, depth)
	case '[':
		return t.list(s, v, depth)
	default: // a single token
	}
	tok, err := t.d.ReadToken()
	if err != nil {
		return t.malformed()
	}
	switch kind {
	case '"':
		text := tok.String()
		if code := badText(text, t.member()); code != "" {
			return unfit(code, "at", t.here())
		}
		t.str(s, v, text)
	case '0':
		return t.number(s, v, tok.String())
	case 't', 'f':
		if v.IsValid() {
			v.SetBool(kind == 't')
		}
	default: // null
	}
	return nil
}

// whole reads a value that a type reads by itself.
func (t *taker) whole(s *shape.Shape, v reflect.Value, depth int) *Problem {
	from := t.d.InputOffset()
	if p := t.value(s, reflect.Value{}, depth); p != nil || t.misfit != nil {
		return p
	}
	t.either = nil
	raw := bytes.TrimLeft(t.text[from:t.d.InputOffset()], " \t\r\n:,")
	if err := json.Unmarshal(raw, v.Addr().Interface()); err != nil {
		t.misfits("", nil)
	}
	return nil
}

func (t *taker) object(s *shape.Shape, v reflect.Value, depth int) *Problem {
	if _, err := t.d.ReadToken(); err != nil {
		return t.malformed()
	}
	var seen uint64                    // members of the shape
	var others map[string]struct{}     // names of all others
	closed := s != anything && !s.Free // further members are misfits
	for t.d.PeekKind() != '}' {
		tok, err := t.d.ReadToken()
		if err != nil || tok.Kind() != '"' {
			return t.malformed()
		}
		name := tok.String()
		if code := badText(name, t.member()); code != "" {
			return unfit(code, "at", t.here())
		}
		i := memberIndex(s, name)
		_, twice := others[name]
		if i >= 0 {
			twice = seen&(1<<i) != 0
			seen |= 1 << i
		} else {
			if others == nil {
				others = map[string]struct{}{}
			}
			others[name] = struct{}{}
		}
		inner, to := anything, reflect.Value{}
		switch {
		case i >= 0:
			inner = s.Members[i].Shape
			if v.IsValid() {
				to = v.FieldByIndex(s.Members[i].Index)
			}
		case closed:
			t.unknown(s, name)
		case s.Items != nil:
			inner = s.Items
		}
		t.at = append(t.at, part{name, inside})
		t.needed = i >= 0 && s.Members[i].Required
		if twice {
			return unfit("duplicate_key", "at", t.here())
		}
		if p := t.value(inner, to, depth+1); p != nil {
			return p
		}
		t.at = t.at[:len(t.at)-1]
	}
	if _, err := t.d.ReadToken(); err != nil {
		return t.malformed()
	}
	for i := range s.Members {
		if s.Members[i].Required && seen&(1<<i) == 0 {
			t.missing(&s.Members[i])
		}
	}
	return nil
}

func memberIndex(s *shape.Shape, name string) int {
	for i := range s.Members {
		if s.Members[i].Name == name {
			return i
		}
	}
	return -1
}

func (t *taker) list(s *shape.Shape, v reflect.Value, depth int) *Problem {
	if _, err := t.d.ReadToken(); err != nil {
		return t.malformed()
	}
	items := anything
	if s.Items != nil {
		items = s.Items
	}
	if v.IsValid() && v.Kind() == reflect.Slice {
		v.Set(reflect.MakeSlice(v.Type(), 0, 4))
	}
	n := 0
	for ; t.d.PeekKind() != ']'; n++ {
		to := reflect.Value{}
		switch {
		case !v.IsValid() || t.misfit != nil:
		case v.Kind() == reflect.Slice:
			v.Set(reflect.Append(v, reflect.Zero(v.Type().Elem())))
			to = v.Index(n)
		case n < v.Len():
			to = v.Index(n)
		}
		t.at = append(t.at, part{"", n})
		t.needed = false
		if p := t.value(items, to, depth+1); p != nil {
			return p
		}
		t.at = t.at[:len(t.at)-1]
	}
	if _, err := t.d.ReadToken(); err != nil {
		return t.malformed()
	}
	t.bounds(s, int64(n))
	return nil
}

// str checks a text and puts it where it goes.
func (t *taker) str(s *shape.Shape, v reflect.Value, text string) {
	if s.Kind != shape.String || t.misfit != nil {
		return
	}
	if len(s.Words) > 0 && !slices.Contains(s.Words, text) {
		t.misfitWord(s)
		return
	}
	if !t.bounds(s, int64(utf8.RuneCountInString(text))) {
		return
	}
	if form, ok := forms[s.Pattern]; ok && !form.fits(text) {
		t.misfits("form", s)
		return
	}
	if s.Format == "date-time" {
		at, ok := readTime(text)
		if !ok {
			t.misfits("form", s)
			return
		}
		if v.IsValid() {
			v.Set(reflect.ValueOf(at))
		}
		return
	}
	if v.IsValid() {
		v.SetString(text)
	}
}

// readTime reads a time as RFC 3339 writes it. It refuses what the time package lets pass beside:
// an hour of one digit, a comma before fractions of a second, and offsets of more than a day.
func readTime(text string) (time.Time, bool) {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, false
	}
	zone := text[strings.LastIndexAny(text, "Zz+-"):]
	return at, strings.IndexByte(text, ':') == len("2006-01-02T15") &&
		!strings.Contains(text, ",") && (len(zone) == 1 || zone[1:3] < "24" && zone[4:6] < "60")
}

// number checks a number and puts it where it goes.
func (t *taker) number(s *shape.Shape, v reflect.Value, text string) *Problem {
	if !finite(text) {
		return unfit("bad_number", "at", t.here())
	}
	if s.Kind != shape.Integer || t.misfit != nil {
		return nil //nolint:nilerr // the first misfit is told when the body was read
	}
	n, misfit := whole(text)
	switch {
	case misfit == "type":
		t.misfits(misfit, s, "given", explain.Phrase(t.lang, "fraction", nil))
	case misfit != "":
		t.misfits(misfit, s)
	case t.bounds(s, n) && v.IsValid():
		v.SetInt(n)
	}
	return nil
}

// finite reports whether a number can be held at all.
func finite(text string) bool {
	_, err := strconv.ParseFloat(text, 64)
	return err == nil
}

// whole reads a whole number, or says how the text is none that fits.
func whole(text string) (n int64, misfit string) {
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err == nil:
		return n, ""
	case !errors.Is(err, strconv.ErrRange): // a point or an exponent
		return 0, "type"
	case text[0] == '-':
		return 0, "too_short"
	}
	return 0, "too_long"
}

// bounds reports whether a number, or how many there are of something, is within the bounds.
func (t *taker) bounds(s *shape.Shape, n int64) bool {
	switch {
	case t.misfit != nil:
		return false
	case s.Min != nil && n < *s.Min:
		t.misfits("too_short", s)
	case s.Max != nil && n > *s.Max:
		t.misfits("too_long", s)
	default:
		return true
	}
	return false
}
