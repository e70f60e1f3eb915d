package mongostore

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"go.mongodb.org/mongo-driver/v2/x/bsonx/bsoncore"
)

var errSyntax = errors.New("malformed JSON")

// jsonReader reads JSON text. Its errors name a place, never a value: the text may hold personal
// data.
type jsonReader struct {
	text []byte
	at   int
}

func (r *jsonReader) fail(what string) error {
	return fmt.Errorf("%w: %s at byte %d", errSyntax, what, r.at)
}

// next skips white space and returns the byte that follows; 0 at the end.
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

// end checks that no data follow.
func (r *jsonReader) end() error {
	if r.next() != 0 || r.at < len(r.text) {
		return r.fail("trailing data")
	}
	return nil
}

// appendNumber appends an int64, or a double for a number with a fraction or an exponent, and for
// -0.
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
	// An integer beyond int64 is accepted if a double holds exactly that number; otherwise its last
	// digits would be lost.
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

// str reads a string; the reader is at its opening quote.
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

// unicode reads the digits of \uXXXX, and the second half of a surrogate pair. A lone half becomes
// U+FFFD, as in Go.
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
