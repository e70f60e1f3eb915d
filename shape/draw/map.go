package draw

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Map is an object whose members keep their order. Values are text, numbers, booleans, lists (List)
// and maps.
type Map []Entry

// Entry is a member of a Map.
type Entry struct {
	Key   string
	Value any
}

// List is a list of values.
type List []any

// Set puts a member at the end, or another value in its place.
func (m *Map) Set(key string, value any) {
	for i := range *m {
		if (*m)[i].Key == key {
			(*m)[i].Value = value
			return
		}
	}
	*m = append(*m, Entry{key, value})
}

// Get is the value of a member; nil when there is none.
func (m Map) Get(key string) any {
	for _, e := range m {
		if e.Key == key {
			return e.Value
		}
	}
	return nil
}

// Sort orders the members by name.
func (m Map) Sort() {
	slices.SortFunc(m, func(a, b Entry) int { return strings.Compare(a.Key, b.Key) })
}

// MarshalJSON writes the members in their order.
func (m Map) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, e := range m {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Quote(e.Key) + ":")
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(e.Value); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// Ordered reads a JSON value and keeps the order of members.
func Ordered(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return ordered(d)
}

func ordered(d *json.Decoder) (any, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	open, ok := t.(json.Delim)
	if !ok {
		return t, nil
	}
	m, l := Map{}, List{}
	for d.More() {
		key := ""
		if open == '{' {
			k, err := d.Token()
			if err != nil {
				return nil, err
			}
			key, _ = k.(string)
		}
		v, err := ordered(d)
		if err != nil {
			return nil, err
		}
		m, l = append(m, Entry{key, v}), append(l, v)
	}
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	if open == '{' {
		return m, nil
	}
	return l, nil
}

// YAML writes a map as a YAML document.
func YAML(m Map) string {
	var b strings.Builder
	writeMap(&b, m, 0, false)
	return b.String()
}

func writeMap(b *strings.Builder, m Map, depth int, inline bool) {
	for i, e := range m {
		if i > 0 || !inline {
			b.WriteString(strings.Repeat("  ", depth))
		}
		b.WriteString(scalar(e.Key) + ":")
		writeValue(b, e.Value, depth+1)
	}
}

func writeValue(b *strings.Builder, v any, depth int) {
	switch v := v.(type) {
	case Map:
		if len(v) == 0 {
			b.WriteString(" {}\n")
			return
		}
		b.WriteByte('\n')
		writeMap(b, v, depth, false)
	case List:
		if flat, ok := inLine(v); ok {
			b.WriteString(" " + flat + "\n")
			return
		}
		b.WriteByte('\n')
		for _, item := range v {
			b.WriteString(strings.Repeat("  ", depth-1) + "-")
			if m, ok := item.(Map); ok && len(m) > 0 {
				b.WriteByte(' ')
				writeMap(b, m, depth, true)
				continue
			}
			writeValue(b, item, depth)
		}
	default:
		b.WriteString(" " + scalar(v) + "\n")
	}
}

// inLine is a list of short values on one line.
func inLine(l List) (string, bool) {
	words := make([]string, len(l))
	for i, v := range l {
		switch v.(type) {
		case Map, List:
			return "", false
		}
		words[i] = scalar(v)
	}
	text := "[" + strings.Join(words, ", ") + "]"
	return text, len(text) <= 90
}

// plainText needs no quotes in YAML, whichever version reads it.
var plainText = regexp.MustCompile(`^[A-Za-z/$][A-Za-z0-9 _/$.()-]*[A-Za-z0-9_/.)}]$`)

// meanings are words that some readers take for something else than text.
var meanings = []string{"true", "false", "yes", "no", "on", "off", "null", "y", "n", "~"}

func scalar(v any) string {
	switch v := v.(type) {
	case string:
		if plainText.MatchString(v) && !slices.Contains(meanings, strings.ToLower(v)) {
			return v
		}
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		_ = e.Encode(v) // text can be encoded
		return strings.TrimSpace(b.String())
	default:
		text, _ := json.Marshal(v) // a number or a boolean
		return string(text)
	}
}
