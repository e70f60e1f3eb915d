package workflow

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// Encode is the canonical JSON text of v: fields in order of declaration, map keys sorted, no HTML
// escapes, no blanks. It is what encoding/json writes, in less time: see TestEncodeIsPlain.
func Encode(v any) ([]byte, error) {
	buf, _ := buffers.Get().(*[]byte)
	b, err := appendValue((*buf)[:0], v, false)
	if err != nil {
		return nil, fmt.Errorf("encode %T: %w", v, err)
	}
	text := bytes.Clone(b)
	if *buf = b; cap(b) <= keptBuffer {
		buffers.Put(buf)
	}
	return text, nil
}

// keptBuffer is the largest buffer that is kept for the next text.
const keptBuffer = 64 << 10

var buffers = sync.Pool{New: func() any { b := make([]byte, 0, 4<<10); return &b }}

// appendValue appends the canonical JSON text of v to b. ours: the raw messages in v are canonical
// and need not be read.
func appendValue(b []byte, v any, ours bool) ([]byte, error) {
	if p := reflect.ValueOf(v); p.Kind() == reflect.Pointer && !p.IsNil() {
		return encoderOf(encoderKey{p.Type().Elem(), ours})(b, p.Elem())
	}
	return appendPlain(b, v)
}

// appendPlain appends what encoding/json writes.
func appendPlain(b []byte, v any) ([]byte, error) {
	w := bytes.NewBuffer(b)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return b, err
	}
	return bytes.TrimSuffix(w.Bytes(), []byte{'\n'}), nil
}

// encoder appends the text of an addressable value.
type encoder func(b []byte, v reflect.Value) ([]byte, error)

type encoderKey struct {
	reflect.Type
	ours bool
}

var encoders sync.Map // encoderKey → encoder

func encoderOf(k encoderKey) encoder {
	if known, ok := encoders.Load(k); ok {
		e, _ := known.(encoder)
		return e
	}
	e := newEncoder(k)
	encoders.Store(k, e)
	return e
}

// newEncoder makes the encoder of a type. What is rare or strange is left to encoding/json.
func newEncoder(k encoderKey) encoder {
	t := k.Type
	switch {
	case t == reflect.TypeFor[time.Time]():
		return encodeTime
	case t == reflect.TypeFor[json.RawMessage]() && k.ours:
		return encodeOurs
	case t.Implements(marshaler) || reflect.PointerTo(t).Implements(marshaler) ||
		t.Implements(texter) || reflect.PointerTo(t).Implements(texter):
		return encodePlain
	}
	switch t.Kind() {
	case reflect.String:
		return func(b []byte, v reflect.Value) ([]byte, error) { return appendText(b, v.String()) }
	case reflect.Bool:
		return func(b []byte, v reflect.Value) ([]byte, error) {
			return strconv.AppendBool(b, v.Bool()), nil
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return func(b []byte, v reflect.Value) ([]byte, error) {
			return strconv.AppendInt(b, v.Int(), 10), nil
		}
	case reflect.Pointer:
		return encodePointer(encoderKey{t.Elem(), k.ours})
	case reflect.Slice:
		if t.Elem().Kind() != reflect.Uint8 {
			return encodeSlice(encoderKey{t.Elem(), k.ours})
		}
	case reflect.Array:
		return encodeElements(encoderKey{t.Elem(), k.ours})
	case reflect.Map:
		if t == reflect.TypeFor[map[string]string]() {
			return encodeDetail
		}
	case reflect.Struct:
		if members, ok := membersOf(k, nil); ok {
			return encodeStruct(members)
		}
	default:
	}
	return encodePlain
}

var (
	marshaler = reflect.TypeFor[json.Marshaler]()
	texter    = reflect.TypeFor[interface{ MarshalText() ([]byte, error) }]()
)

func encodePlain(b []byte, v reflect.Value) ([]byte, error) {
	return appendPlain(b, v.Addr().Interface())
}

func encodeTime(b []byte, v reflect.Value) ([]byte, error) {
	t, _ := v.Addr().Interface().(*time.Time)
	b, err := t.AppendText(append(b, '"'))
	return append(b, '"'), err
}

func encodeOurs(b []byte, v reflect.Value) ([]byte, error) {
	if v.IsNil() {
		return append(b, "null"...), nil
	}
	return append(b, v.Bytes()...), nil
}

func encodePointer(to encoderKey) encoder {
	encode := later(to)
	return func(b []byte, v reflect.Value) ([]byte, error) {
		if v.IsNil() {
			return append(b, "null"...), nil
		}
		return encode()(b, v.Elem())
	}
}

// later makes an encoder when it is used first: a type may lead back to itself.
func later(k encoderKey) func() encoder {
	return sync.OnceValue(func() encoder { return encoderOf(k) })
}

func encodeSlice(of encoderKey) encoder {
	elements := encodeElements(of)
	return func(b []byte, v reflect.Value) ([]byte, error) {
		if v.IsNil() {
			return append(b, "null"...), nil
		}
		return elements(b, v)
	}
}

func encodeElements(of encoderKey) encoder {
	encode := later(of)
	return func(b []byte, v reflect.Value) (_ []byte, err error) {
		b = append(b, '[')
		for i, n := 0, v.Len(); i < n; i++ {
			if i > 0 {
				b = append(b, ',')
			}
			if b, err = encode()(b, v.Index(i)); err != nil {
				return b, err
			}
		}
		return append(b, ']'), nil
	}
}

func encodeDetail(b []byte, v reflect.Value) (_ []byte, err error) {
	p, _ := v.Addr().Interface().(*map[string]string)
	if *p == nil {
		return append(b, "null"...), nil
	}
	var few [8]string
	names := few[:0]
	for name := range *p {
		names = append(names, name)
	}
	slices.Sort(names)
	b = append(b, '{')
	for i, name := range names {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendText(b, name); err == nil {
			b, err = appendText(append(b, ':'), (*p)[name])
		}
		if err != nil {
			return b, err
		}
	}
	return append(b, '}'), nil
}

// appendText appends a string.
func appendText(b []byte, s string) ([]byte, error) {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError || r == '\u2028' || r == '\u2029' {
				return appendPlain(b, s)
			}
			i += n - 1
		case c < ' ', c == '"', c == '\\':
			return appendPlain(b, s)
		}
	}
	return append(append(append(b, '"'), s...), '"'), nil
}

// member is a member of an object.
type member struct {
	name   string // with its quotes and colon
	index  []int
	omit   func(reflect.Value) bool // nil: never
	encode encoder
}

func encodeStruct(members []member) encoder {
	return func(b []byte, v reflect.Value) (_ []byte, err error) {
		b = append(b, '{')
		first := true
		for i := range members {
			m := &members[i]
			f := v
			for _, n := range m.index {
				f = f.Field(n)
			}
			if m.omit != nil && m.omit(f) {
				continue
			}
			if !first {
				b = append(b, ',')
			}
			first = false
			if b, err = m.encode(append(b, m.name...), f); err != nil {
				return b, err
			}
		}
		return append(b, '}'), nil
	}
}

// membersOf are the members of a struct, those of an embedded one in its place; false when this
// file does not know what encoding/json makes of it.
func membersOf(k encoderKey, outer []int) (all []member, ok bool) {
	names := map[string]bool{}
	for i := range k.NumField() {
		f := k.Field(i)
		index := append(slices.Clone(outer), i)
		tag := f.Tag.Get("json")
		name, option, _ := strings.Cut(tag, ",")
		var found []member
		switch {
		case tag == "-":
			continue
		case f.Anonymous && tag == "" && f.Type.Kind() == reflect.Struct:
			if found, ok = membersOf(encoderKey{f.Type, k.ours}, index); !ok {
				return nil, false
			}
		case f.Anonymous, f.IsExported() && name == "":
			return nil, false
		case !f.IsExported():
			continue
		default:
			quoted, err := appendText(nil, name)
			omit, known := omission(f.Type, option)
			if err != nil || !known {
				return nil, false
			}
			found = []member{{
				name: string(quoted) + ":", index: index, omit: omit,
				encode: encoderOf(encoderKey{f.Type, k.ours}),
			}}
		}
		for _, m := range found {
			if names[m.name] { // one of them is hidden
				return nil, false
			}
			names[m.name] = true
		}
		all = append(all, found...)
	}
	return all, true
}

// omission says of which values a member is left out.
func omission(t reflect.Type, option string) (omit func(reflect.Value) bool, ok bool) {
	zero := reflect.TypeFor[interface{ IsZero() bool }]()
	switch {
	case option == "":
		return nil, true
	case option == "omitempty":
		switch t.Kind() {
		case reflect.Slice, reflect.Map, reflect.String, reflect.Array:
			return func(v reflect.Value) bool { return v.Len() == 0 }, true
		case reflect.Struct:
			return nil, true
		default:
			return reflect.Value.IsZero, true
		}
	case option != "omitzero":
		return nil, false
	case t == reflect.TypeFor[time.Time]():
		return func(v reflect.Value) bool {
			t, _ := v.Addr().Interface().(*time.Time)
			return t.IsZero()
		}, true
	case t.Implements(zero) || reflect.PointerTo(t).Implements(zero):
		return nil, false
	}
	return reflect.Value.IsZero, true
}
