package mongostore

import (
	"strconv"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/x/bsonx/bsoncore"
)

// This file and decode.go convert JSON text to BSON and back exactly: what workflow.Encode wrote
// comes back byte for byte.
//
//	JSON                                          BSON
//	top-level "id", when it stands first          _id
//	string under "at" or "…_at" that is a time    date (whole milliseconds, UTC)
//	integer                                       int64
//	other number                                  double
//	string, object, array, true, false, null      the same; the order of fields is kept
//
// A string is a time only if Go would write exactly that text for it (2024-03-04T01:10:00.123Z);
// any other stays a string. Text that is not canonical (spaces, needless escapes, 1.50) is stored
// by its meaning.

// maxDepth limits nesting; MongoDB accepts about 180 levels.
const maxDepth = 100

// appendDocument appends the BSON document of a JSON object. The object must begin with "id", which
// becomes _id.
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

// topLevel is the stored name of a top-level field. MongoDB moves _id to the front, so it must be
// there already.
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
