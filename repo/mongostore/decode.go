package mongostore

import (
	"fmt"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"go.mongodb.org/mongo-driver/v2/x/bsonx/bsoncore"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// appendTime writes a time as encoding/json writes a time.Time in UTC.
func appendTime(dst []byte, ms int64) []byte {
	return time.UnixMilli(ms).UTC().AppendFormat(dst, time.RFC3339Nano)
}

// appendFloat writes a double as encoding/json does (the ES6 rule).
func appendFloat(dst []byte, f float64) []byte {
	format := byte('f')
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	dst = strconv.AppendFloat(dst, f, format, -1, 64)
	if n := len(dst); format == 'e' && n >= 4 && dst[n-4] == 'e' && dst[n-3] == '-' &&
		dst[n-2] == '0' {
		dst[n-2] = dst[n-1] // e-09 to e-9
		dst = dst[:n-1]
	}
	return dst
}

const hexDigits = "0123456789abcdef"

// appendString writes a string as encoding/json does without HTML escapes.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			if c >= ' ' && c != '"' && c != '\\' {
				i++
				continue
			}
			dst = appendEscape(append(dst, s[start:i]...), c)
			i++
			start = i
			continue
		}
		c, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case c == utf8.RuneError && size == 1:
			dst = append(append(dst, s[start:i]...), `\ufffd`...)
			start = i + size
		case c == '\u2028' || c == '\u2029':
			dst = append(append(dst, s[start:i]...), `\u202`...)
			dst = append(dst, hexDigits[c&0xf])
			start = i + size
		}
		i += size
	}
	return append(append(dst, s[start:]...), '"')
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\b':
		return append(dst, '\\', 'b')
	case '\f':
		return append(dst, '\\', 'f')
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	default:
		return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
	}
}

// each calls f for the elements of a BSON document or array in order.
func each(doc bsoncore.Document, f func(key string, v bsoncore.Value) error) error {
	length, rest, ok := bsoncore.ReadLength(doc)
	if !ok || int(length) > len(doc) || length < 5 {
		return fmt.Errorf("%w: a document cut short", repo.ErrCorrupt)
	}
	rest = rest[:length-4]
	for len(rest) > 1 {
		e, next, ok := bsoncore.ReadElement(rest)
		if !ok {
			return fmt.Errorf("%w: a document cut short", repo.ErrCorrupt)
		}
		v, err := e.ValueErr()
		if err != nil {
			return fmt.Errorf("%w: a document cut short", repo.ErrCorrupt)
		}
		if err := f(e.Key(), v); err != nil {
			return err
		}
		rest = next
	}
	return nil
}

// appendJSON appends the JSON text of a BSON document, with _id as "id" at the top.
func appendJSON(dst []byte, doc bsoncore.Document, top bool) ([]byte, error) {
	dst = append(dst, '{')
	first := true
	err := each(doc, func(key string, v bsoncore.Value) (err error) {
		if !first {
			dst = append(dst, ',')
		}
		first = false
		if top && key == "_id" {
			key = "id"
		}
		dst = append(appendString(dst, key), ':')
		dst, err = appendJSONValue(dst, key, v)
		return err
	})
	return append(dst, '}'), err
}

func appendJSONValue(dst []byte, key string, v bsoncore.Value) ([]byte, error) {
	//exhaustive:ignore
	switch v.Type {
	case bsoncore.TypeString:
		return appendString(dst, v.StringValue()), nil
	case bsoncore.TypeDateTime:
		return append(appendTime(append(dst, '"'), v.DateTime()), '"'), nil
	case bsoncore.TypeInt64:
		return strconv.AppendInt(dst, v.Int64(), 10), nil
	case bsoncore.TypeInt32: // only if somebody else wrote it
		return strconv.AppendInt(dst, int64(v.Int32()), 10), nil
	case bsoncore.TypeDouble:
		f := v.Double()
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return dst, fmt.Errorf("%w: field %q is not a finite number", repo.ErrCorrupt, key)
		}
		return appendFloat(dst, f), nil
	case bsoncore.TypeBoolean:
		return strconv.AppendBool(dst, v.Boolean()), nil
	case bsoncore.TypeNull:
		return append(dst, "null"...), nil
	case bsoncore.TypeEmbeddedDocument:
		return appendJSON(dst, v.Document(), false)
	case bsoncore.TypeArray:
		dst = append(dst, '[')
		first := true
		err := each(bsoncore.Document(v.Data), func(_ string, v bsoncore.Value) (err error) {
			if !first {
				dst = append(dst, ',')
			}
			first = false
			dst, err = appendJSONValue(dst, "", v)
			return err
		})
		return append(dst, ']'), err
	default:
		return dst, fmt.Errorf("%w: field %q has the BSON type %s, which no record holds",
			repo.ErrCorrupt, key, v.Type)
	}
}

// document reads a stored image.
func document(c workflow.Collection, raw []byte) (repo.Document, error) {
	d := repo.Document{Image: workflow.Image{Ref: workflow.Ref{Collection: c}}}
	err := each(raw, func(key string, v bsoncore.Value) error {
		ok := true
		switch key {
		case "_id":
			d.ID, ok = v.StringValueOK()
		case "site":
			var s string
			s, ok = v.StringValueOK()
			d.Site = workflow.SiteID(s)
		case "seq":
			d.Seq, ok = v.AsInt64OK()
		case "open":
			d.Open, ok = v.BooleanOK()
		}
		if !ok {
			return fmt.Errorf("%w: field %q has the BSON type %s", repo.ErrCorrupt, key, v.Type)
		}
		return nil
	})
	if err == nil {
		d.Doc, err = appendJSON(make([]byte, 0, len(raw)+len(raw)/4), raw, true)
	}
	if err != nil {
		return repo.Document{}, fmt.Errorf("%s %s: %w", c, d.ID, err)
	}
	return d, nil
}
