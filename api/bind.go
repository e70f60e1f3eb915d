package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/lunpai/lunpai/workflow"
)

// Bounds of a request body.
const (
	maxBody  = 64 << 10
	maxDepth = 16
)

// readBody reads a JSON body strictly: JSON content type, one object, valid UTF-8, no key twice, nothing behind it, not too
// deep. An absent body reads as an empty object. It returns the text and the decoded value.
func readBody(r *http.Request) ([]byte, any, *Problem) {
	text, err := io.ReadAll(r.Body)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, nil, problem(http.StatusRequestEntityTooLarge, "body_too_large", "max", strconv.FormatInt(tooLarge.Limit, 10))
	case err != nil:
		return nil, nil, badRequest("body_unreadable", "the body could not be read to its end", "send it again")
	case len(bytes.TrimSpace(text)) == 0:
		return []byte("{}"), map[string]any{}, nil
	}
	if t, params, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/json" || !isUTF8(params["charset"]) {
		return nil, nil, badRequest("not_json", "the content type is not application/json in UTF-8", "send Content-Type: application/json")
	}
	if !utf8.Valid(text) {
		return nil, nil, badRequest("not_utf8", "the body is not valid UTF-8", "encode the text as UTF-8")
	}
	s := strict{json.NewDecoder(bytes.NewReader(text))}
	s.UseNumber()
	v, p := s.value("", 0)
	if p != nil {
		return nil, nil, p
	}
	if _, err := s.Token(); !errors.Is(err, io.EOF) {
		return nil, nil, badRequest("trailing_data", "there is something behind the JSON object", "send one JSON object and nothing else")
	}
	if _, ok := v.(map[string]any); !ok {
		return nil, nil, badRequest("not_an_object", "the body is not a JSON object", "send a JSON object")
	}
	return text, v, nil
}

func isUTF8(charset string) bool { return charset == "" || strings.EqualFold(charset, "utf-8") }

// strict reads JSON values and refuses a key that stands twice in an object.
type strict struct{ *json.Decoder }

func (s strict) malformed() *Problem {
	return badRequest("bad_json", "the body is not JSON: look near byte "+strconv.FormatInt(s.InputOffset(), 10), "send one well-formed JSON object")
}

func (s strict) value(at string, depth int) (any, *Problem) {
	if depth > maxDepth {
		return nil, badRequest("too_deep", "the body is nested too deeply at "+where(at), "send a flatter body")
	}
	t, err := s.Token()
	if err != nil {
		return nil, s.malformed()
	}
	switch t := t.(type) {
	case json.Delim:
		if t == '{' {
			return s.object(at, depth)
		}
		return s.array(at, depth)
	case json.Number:
		f, err := t.Float64()
		if err != nil {
			return nil, badRequest("bad_number", "the number at "+where(at)+" is out of range", "send a smaller number")
		}
		return f, nil
	case string:
		return t, badText(t, at)
	default:
		return t, nil
	}
}

// ofLines are the members of bodies that hold free text of several lines. Everything else is one line.
var ofLines = map[string]bool{"note": true, "remark": true, "callback": true, "text": true}

// lineBreaks are taken out of a text of several lines before it is looked at like any other.
var lineBreaks = strings.NewReplacer("\n", "", "\r", "", "\t", "")

// badText refuses text with a replacement character, which, like half a surrogate pair, stands where a character was lost; and
// text with characters that are not seen and change what is seen. at is where the text stands.
func badText(s, at string) *Problem {
	if strings.ContainsRune(s, utf8.RuneError) {
		return badRequest("not_utf8", "the text at "+where(at)+" has lost a character on its way", "encode the text as UTF-8")
	}
	if ofLines[at[strings.LastIndexByte(at, '/')+1:]] {
		s = lineBreaks.Replace(s)
	}
	if workflow.HoldsControls(s) {
		return badRequest("bad_text", "the text at "+where(at)+" holds control characters, or some that turn the direction of writing", "leave them out; notes may have line breaks")
	}
	return nil
}

func (s strict) object(at string, depth int) (any, *Problem) {
	m := map[string]any{}
	for s.More() {
		t, err := s.Token()
		k, ok := t.(string)
		if err != nil || !ok {
			return nil, s.malformed()
		}
		if p := badText(k, at); p != nil {
			return nil, p
		}
		here := at + "/" + k
		if _, twice := m[k]; twice {
			return nil, badRequest("duplicate_key", "the key "+where(here)+" stands there twice", "send every key once")
		}
		v, p := s.value(here, depth+1)
		if p != nil {
			return nil, p
		}
		m[k] = v
	}
	if _, err := s.Token(); err != nil {
		return nil, s.malformed()
	}
	return m, nil
}

func (s strict) array(at string, depth int) (any, *Problem) {
	list := []any{}
	for i := 0; s.More(); i++ {
		v, p := s.value(fmt.Sprintf("%s/%d", at, i), depth+1)
		if p != nil {
			return nil, p
		}
		list = append(list, v)
	}
	if _, err := s.Token(); err != nil {
		return nil, s.malformed()
	}
	return list, nil
}

// where names a place of the body. A name that no contract would use may be anything, a phone too: it is not repeated.
func where(at string) string {
	if at == "" {
		return "the top"
	}
	parts := strings.Split(at, "/")
	for i, p := range parts {
		if !plain(p) {
			parts[i] = "…"
		}
	}
	return strings.Join(parts, "/")
}

// plain reports whether a name is a word, or the number of an item.
func plain(name string) bool {
	return len(name) <= 3 && strings.Trim(name, "0123456789") == "" || len(name) <= 30 && strings.Trim(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz_") == ""
}

// checkSchema compares a decoded body with the contract.
func checkSchema(s *openapi3.Schema, v any) *Problem {
	if s == nil {
		if m, ok := v.(map[string]any); ok && len(m) == 0 {
			return nil
		}
		return badRequest("body_not_wanted", "this request takes no body", "send no body, or an empty object")
	}
	if err := s.VisitJSON(v, openapi3.VisitAsRequest()); err != nil {
		return misfit(err)
	}
	return nil
}

// decode reads a checked body into its type.
func decode(text []byte, into any) *Problem {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		var te *json.UnmarshalTypeError
		if errors.As(err, &te) {
			return badRequest("invalid", "at "+where("/"+strings.ReplaceAll(te.Field, ".", "/"))+": this does not belong here", "correct the body as /docs describes it")
		}
		return badRequest("invalid", "the body does not fit the contract", "correct the body as /docs describes it")
	}
	return nil
}
