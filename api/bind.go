package api

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/lunpai/lunpai/explain"
	"github.com/lunpai/lunpai/shape"
	"github.com/lunpai/lunpai/workflow"
)

// Bounds of a request body.
const (
	maxBody  = 64 << 10
	maxDepth = 16
)

// bind reads a JSON body of a shape into what a pointer points to, and returns its text. It is
// strict: one object, valid UTF-8, no member twice, unknown or in another case, nothing behind it,
// not too deep. An absent body reads as an empty object; without a shape no other is taken.
func bind(r *http.Request, lang explain.Lang, s *shape.Shape, into any) ([]byte, *Problem) {
	text, p := readBody(r)
	if p != nil {
		return nil, p
	}
	return text, take(text, lang, s, into)
}

// readBody reads the text of a body.
func readBody(r *http.Request) ([]byte, *Problem) {
	text, err := io.ReadAll(r.Body)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		p := unfit("body_too_large", "max", strconv.FormatInt(tooLarge.Limit, 10))
		p.Status = http.StatusRequestEntityTooLarge
		return nil, p
	case err != nil:
		return nil, unfit("body_unreadable")
	case len(bytes.TrimSpace(text)) == 0:
		return []byte("{}"), nil
	}
	t, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || t != "application/json" || !isUTF8(params["charset"]) {
		return nil, unfit("not_json")
	}
	if !utf8.Valid(text) {
		return nil, unfit("not_utf8")
	}
	return text, nil
}

func isUTF8(charset string) bool { return charset == "" || strings.EqualFold(charset, "utf-8") }

// unfit is a problem with a request. Arguments come in pairs; an empty one is none.
func unfit(key string, pairs ...string) *Problem {
	p := bad(key)
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			p.args[pairs[i]] = pairs[i+1]
		}
	}
	return p
}

// ofLines are the members of bodies that hold free text of several lines. Everything else is one
// line.
var ofLines = map[string]bool{"note": true, "remark": true, "callback": true, "text": true}

// lineBreaks are taken out of a text of several lines before it is looked at like any other.
var lineBreaks = strings.NewReplacer("\n", "", "\r", "", "\t", "")

// badText is why a text, or the name of a member, is refused: it has lost a character on its way,
// or it holds characters that are not seen and change what is seen. Empty: it is not.
func badText(s, member string) string {
	switch {
	case strings.ContainsRune(s, utf8.RuneError): // which also stands for half a surrogate pair
		return "not_utf8"
	case ofLines[member]:
		s = lineBreaks.Replace(s)
	}
	if workflow.HoldsControls(s) {
		return "bad_text"
	}
	return ""
}

// where names a place of the body. A name that no contract would use may be anything, a phone too:
// it is not repeated.
func where(at string) string {
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
	return len(name) <= 3 && strings.Trim(name, "0123456789") == "" ||
		len(name) <= 30 && strings.Trim(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz_") == ""
}
