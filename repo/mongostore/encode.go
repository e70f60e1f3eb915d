package mongostore

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"go.mongodb.org/mongo-driver/v2/x/bsonx/bsoncore"
)

// This file and decode.go turn JSON text into BSON and back, exactly: what workflow.Encode wrote comes back byte for byte.
//
//	JSON                                          BSON
//	top-level "id", when it stands first          _id
//	string under "at" or "…_at" that is a time    date (whole milliseconds, UTC)
//	integer                                       int64
//	other number                                  double
//	string, object, array, true, false, null      the same; the order of fields is kept
//
// A string is a time only if Go would write that very text for it (2024-03-04T01:10:00.123Z); any other stays a string.
// Text that is not canonical (blanks, needless escapes, 1.50) is stored by its meaning.

// maxDepth bounds nesting; MongoDB takes about 180 levels.
const maxDepth = 100

var errSyntax = errors.New("malformed JSON")

// jsonReader walks over JSON text. Its errors name a place, never a value: the text may hold personal data.
type jsonReader struct {
	text []byte
	at   int
}

func (r *jsonReader) fail(what string) error {
	return fmt.Errorf("%w: %s at byte %d", errSyntax, what, r.at)
}

// next skips blanks and returns the byte that follows, 0 at the end.
func (r *jsonReader) next() byte {
	for r.at < len(r.text) {
		switch c := r.text[r.at]; c {
		case ' ', '\t', '\r', '\n':
			r.at++
		default:
			return c
		}
	}
	return 0
}

func (r *jsonReader) expect(c byte) error {
	if r.next() != c {
		return r.fail("expected " + strconv.QuoteRune(rune(c)))
	}
	r.at++
	return nil
}

// end checks that nothing follows.
func (r *jsonReader) end() error {
	if r.next() != 0 || r.at < len(r.text) {
		return r.fail("trailing data")
	}
	return nil
}

// appendDocument appends the BSON document of a JSON object. The object must begin with "id", which becomes _id.
func appendDocument(dst, text []byte) ([]byte, error) {
	r := &jsonReader{text: text}
	dst, err := r.appendObject(dst, 0)
	if err != nil {
		return nil, err
	}
	return dst, r.end()
}

// appendElement appends one BSON element with the value of a JSON text.
func appendElement(dst []byte, key string, text []byte) ([]byte, error) {
	r := &jsonReader{text: text}
	dst, err := r.appendValue(dst, key, 1)
	if err != nil {
		return nil, err
	}
	return dst, r.end()
}

func (r *jsonReader) appendObject(dst []byte, depth int) ([]byte, error) {
	if depth > maxDepth {
		return nil, r.fail("nested too deeply")
	}
	if err := r.expect('{'); err != nil {
		return nil, err
	}
	start, dst := bsoncore.AppendDocumentStart(dst)
	if r.next() == '}' && depth > 0 {
		r.at++
		return bsoncore.AppendDocumentEnd(dst, start)
	}
	for first := true; ; first = false {
		if r.next() != '"' {
			return nil, r.fail("expected a name")
		}
		key, err := r.key()
		if err != nil {
			return nil, err
		}
		if depth == 0 {
			if key, err = r.topLevel(key, first); err != nil {
				return nil, err
			}
		}
		if err := r.expect(':'); err != nil {
			return nil, err
		}
		if dst, err = r.appendValue(dst, key, depth+1); err != nil {
			return nil, err
		}
		switch r.next() {
		case ',':
			r.at++
		case '}':
			r.at++
			return bsoncore.AppendDocumentEnd(dst, start)
		default:
			return nil, r.fail("expected ',' or '}'")
		}
	}
}

// topLevel is the stored name of a top-level field. MongoDB moves _id to the front, so it must stand there already.
func (r *jsonReader) topLevel(key string, first bool) (string, error) {
	switch {
	case first && key == "id":
		return "_id", nil
	case first || key == "id" || key == "_id":
		return "", r.fail("a record begins with its id, which stands there once")
	default:
		return key, nil
	}
}

func (r *jsonReader) appendArray(dst []byte, depth int) ([]byte, error) {
	if depth > maxDepth {
		return nil, r.fail("nested too deeply")
	}
	r.at++ // '['
	start, dst := bsoncore.AppendArrayStart(dst)
	if r.next() == ']' {
		r.at++
		return bsoncore.AppendArrayEnd(dst, start)
	}
	for i := 0; ; i++ {
		var err error
		if dst, err = r.appendValue(dst, strconv.Itoa(i), depth+1); err != nil {
			return nil, err
		}
		switch r.next() {
		case ',':
			r.at++
		case ']':
			r.at++
			return bsoncore.AppendArrayEnd(dst, start)
		default:
			return nil, r.fail("expected ',' or ']'")
		}
	}
}

func (r *jsonReader) appendValue(dst []byte, key string, depth int) ([]byte, error) {
	switch c := r.next(); c {
	case '{':
		return r.appendObject(bsoncore.AppendHeader(dst, bsoncore.TypeEmbeddedDocument, key), depth)
	case '[':
		return r.appendArray(bsoncore.AppendHeader(dst, bsoncore.TypeArray, key), depth)
	case '"':
		s, err := r.str()
		if err != nil {
			return nil, err
		}
		if isTimeKey(key) {
			if ms, ok := exactTime(s); ok {
				return bsoncore.AppendDateTimeElement(dst, key, ms), nil
			}
		}
		return bsoncore.AppendStringElement(dst, key, s), nil
	case 't':
		return bsoncore.AppendBooleanElement(dst, key, true), r.word("true")
	case 'f':
		return bsoncore.AppendBooleanElement(dst, key, false), r.word("false")
	case 'n':
		return bsoncore.AppendNullElement(dst, key), r.word("null")
	default:
		return r.appendNumber(dst, key)
	}
}

func (r *jsonReader) word(w string) error {
	if !strings.HasPrefix(string(r.text[r.at:min(len(r.text), r.at+len(w))]), w) {
		return r.fail("expected " + w)
	}
	r.at += len(w)
	return nil
}

// appendNumber appends an int64, or a double for what is written with a fraction or an exponent, and for -0.
func (r *jsonReader) appendNumber(dst []byte, key string) ([]byte, error) {
	start, whole := r.at, true
scan:
	for ; r.at < len(r.text); r.at++ {
		switch c := r.text[r.at]; {
		case c >= '0' && c <= '9', c == '-':
		case c == '.' || c == 'e' || c == 'E' || c == '+':
			whole = false
		default:
			break scan
		}
	}
	text := string(r.text[start:r.at])
	if !validNumber(text) {
		return nil, r.fail("expected a value")
	}
	if whole && text != "-0" {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return bsoncore.AppendInt64Element(dst, key, n), nil
		}
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(f, 0) {
		return nil, r.fail("a number out of range")
	}
	// An integer beyond int64 is taken if the double is that very number; otherwise its last digits would be lost.
	if whole && string(appendFloat(nil, f)) != text {
		return nil, r.fail("an integer out of range")
	}
	return bsoncore.AppendDoubleElement(dst, key, f), nil
}

// validNumber reports whether s is a JSON number.
func validNumber(s string) bool {
	digits := func() bool {
		n := 0
		for n < len(s) && s[n] >= '0' && s[n] <= '9' {
			n++
		}
		s = s[n:]
		return n > 0
	}
	s = strings.TrimPrefix(s, "-")
	if strings.HasPrefix(s, "0") {
		s = s[1:]
	} else if !digits() {
		return false
	}
	if strings.HasPrefix(s, ".") {
		if s = s[1:]; !digits() {
			return false
		}
	}
	if s != "" && (s[0] == 'e' || s[0] == 'E') {
		s = s[1:]
		if s != "" && (s[0] == '+' || s[0] == '-') {
			s = s[1:]
		}
		if !digits() {
			return false
		}
	}
	return s == ""
}

// key reads the name of a field. BSON ends names with a NUL, so none may hold one.
func (r *jsonReader) key() (string, error) {
	s, err := r.str()
	if err == nil && strings.IndexByte(s, 0) >= 0 {
		err = r.fail("a name with a NUL")
	}
	return s, err
}

// str reads a string; the reader stands on its quote.
func (r *jsonReader) str() (string, error) {
	r.at++
	start, ascii := r.at, true
	for ; r.at < len(r.text); r.at++ {
		switch c := r.text[r.at]; {
		case c == '"':
			s := r.text[start:r.at]
			if !ascii && !utf8.Valid(s) {
				return "", r.fail("invalid UTF-8")
			}
			r.at++
			return string(s), nil
		case c == '\\':
			return r.escaped(start)
		case c < ' ':
			return "", r.fail("a control character in a string")
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return "", r.fail("unexpected end")
}

// escaped reads on from the first backslash of a string that began at start.
func (r *jsonReader) escaped(start int) (string, error) {
	out := append(make([]byte, 0, r.at-start+64), r.text[start:r.at]...)
	for r.at < len(r.text) {
		c := r.text[r.at]
		r.at++
		switch {
		case c == '"':
			if !utf8.Valid(out) {
				return "", r.fail("invalid UTF-8")
			}
			return string(out), nil
		case c == '\\':
			ch, err := r.escape()
			if err != nil {
				return "", err
			}
			out = utf8.AppendRune(out, ch)
		case c < ' ':
			return "", r.fail("a control character in a string")
		default:
			out = append(out, c)
		}
	}
	return "", r.fail("unexpected end")
}

// escape reads what follows a backslash.
func (r *jsonReader) escape() (rune, error) {
	if r.at >= len(r.text) {
		return 0, r.fail("unexpected end")
	}
	c := r.text[r.at]
	r.at++
	switch c {
	case '"', '\\', '/':
		return rune(c), nil
	case 'b':
		return '\b', nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'u':
		return r.unicode()
	default:
		return 0, r.fail("an unknown escape")
	}
}

// unicode reads the digits of \uXXXX, and the second half of a surrogate pair. A lone half becomes U+FFFD, as in Go.
func (r *jsonReader) unicode() (rune, error) {
	hex := func() (rune, bool) {
		if r.at+4 > len(r.text) {
			return 0, false
		}
		n, err := strconv.ParseUint(string(r.text[r.at:r.at+4]), 16, 16)
		return rune(n), err == nil
	}
	ch, ok := hex()
	if !ok {
		return 0, r.fail("an unknown escape")
	}
	r.at += 4
	if utf16.IsSurrogate(ch) {
		if r.at+6 <= len(r.text) && r.text[r.at] == '\\' && r.text[r.at+1] == 'u' {
			r.at += 2
			low, ok := hex()
			if pair := utf16.DecodeRune(ch, low); ok && pair != utf8.RuneError {
				r.at += 4
				return pair, nil
			}
			r.at -= 2
		}
		return utf8.RuneError, nil
	}
	return ch, nil
}

// isTimeKey reports whether times are expected under a field's name.
func isTimeKey(key string) bool { return key == "at" || strings.HasSuffix(key, "_at") }

// exactTime parses a time that formatTime would write as exactly s.
func exactTime(s string) (ms int64, ok bool) {
	if len(s) < len("2006-01-02T15:04:05Z") || s[len(s)-1] != 'Z' || s[4] != '-' {
		return 0, false
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return 0, false
	}
	var buf [40]byte
	ms = t.UnixMilli()
	return ms, string(appendTime(buf[:0], ms)) == s
}
