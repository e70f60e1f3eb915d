package api

import (
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/lunpai/lunpai/explain"
	"github.com/lunpai/lunpai/shape"
)

// form is what a pattern of the contract wants.
type form struct {
	phrase string // in explain
	fits   func(string) bool
}

// forms are the patterns of texts.
var forms = map[string]form{
	codePattern:        {"code", isCode},
	shape.ClockPattern: {"clock", func(s string) bool { return s == "" || like(s, "00:00") }},
	shape.DatePattern:  {"date", func(s string) bool { return like(s, "0000-00-00") }},
	articlePattern:     {"article", isArticle},
	pinPattern:         {"pin", func(s string) bool { return like(s, "000000") }},
	monthPattern:       {"month", func(s string) bool { return like(s, "0000-00") }},
	projectPattern:     {"project", isProject},
	initialsPattern:    {"initials", isInitials},
}

// like reports whether a text has digits and other characters where a model has them.
func like(s, model string) bool {
	if len(s) != len(model) {
		return false
	}
	for i := range len(s) {
		digit := s[i] >= '0' && s[i] <= '9'
		if model[i] == '0' && !digit || model[i] != '0' && s[i] != model[i] {
			return false
		}
	}
	return true
}

// isCode reports whether a text is a code: no number of a person stands in one.
func isCode(s string) bool {
	digits := 0
	for _, b := range []byte(s) {
		switch {
		case b >= '0' && b <= '9':
			digits++
		case b == '_' || b >= 'a' && b <= 'z':
			digits = 0
		default:
			return false
		}
		if digits > 4 {
			return false
		}
	}
	return true
}

func isArticle(s string) bool {
	if rest, ok := strings.CutPrefix(s, "P3-"); ok {
		return isItem(rest)
	}
	if len(s) == 6 && s[5] >= 'a' && s[5] <= 'c' {
		s = s[:5]
	}
	return like(s, "P0-00") && (s[1] == '1' || s[1] == '2')
}

// isItem reports whether a text is an item of policy 3: 5, 2.4 or 2.7a.
func isItem(s string) bool {
	if len(s) == 4 && (s[3] == 'a' || s[3] == 'b') {
		s = s[:3]
	}
	switch {
	case len(s) == 3:
		return s[0] >= '1' && s[0] <= '9' && s[1] == '.' && s[2] >= '1' && s[2] <= '7'
	}
	return len(s) == 1 && s[0] >= '1' && s[0] <= '9'
}

// isInitials reports whether a text can be the initials of a name in pinyin.
func isInitials(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < 'a' || r > 'z' })
}

// isProject reports whether a text can be the office's own id of a project.
func isProject(s string) bool {
	for i, b := range []byte(s) {
		letter := b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
		if !letter && (i == 0 || b != '.' && b != '_' && b != '-') {
			return false
		}
	}
	return s != ""
}

// misfits notes that the value here does not fit its shape, if it is the first.
func (t *taker) misfits(cause string, s *shape.Shape, pairs ...string) {
	if t.misfit != nil {
		return
	}
	pairs = append(pairs, "at", t.here())
	if s != nil {
		pairs = append(pairs, "wanted", wanted(t.lang, s))
	}
	t.misfit = unfit(strings.TrimSuffix("invalid/"+cause, "/"), pairs...)
}

// misfitWord notes that a value is none of the words of its shape.
func (t *taker) misfitWord(s *shape.Shape) {
	if t.either != nil {
		s = t.either
	}
	if t.misfit == nil {
		t.misfits("word", s)
		t.misfit.Allowed = slices.Clone(s.Words)
	}
}

// mismatch notes that a value is of another kind than its shape.
func (t *taker) mismatch(s *shape.Shape, k jsontext.Kind) {
	switch {
	case k == 'n' && !t.needed:
		t.misfits("null", s)
	case len(s.Words) > 0:
		t.misfitWord(s)
	default:
		t.misfits("type", s, "given", explain.Phrase(t.lang, given[k], nil))
	}
}

// given are the phrases that name what was sent, never its value.
var given = map[jsontext.Kind]string{
	'n': "null", 't': "boolean", 'f': "boolean", '"': "text", '[': "list", '{': "object",
	'0': "number",
}

// missing notes that an object lacks a member.
func (t *taker) missing(m *shape.Member) {
	t.misfits("missing", m.Shape, "name", m.Name)
}

// unknown notes a member that is not known here, by its name if that is a word, and those that are.
func (t *taker) unknown(s *shape.Shape, name string) {
	if t.misfit != nil {
		return
	}
	if len(t.at) == 0 && len(s.Members) == 0 {
		t.misfit = unfit("body_not_wanted")
		return
	}
	var pairs []string
	if plain(name) {
		pairs = append(pairs, "name", name)
	}
	var known []string
	for i := range s.Members {
		known = append(known, s.Members[i].Name)
	}
	slices.Sort(known)
	t.misfits("unknown", nil, append(pairs, "words", strings.Join(known, ", "))...)
}

// fits reports whether a value of a kind may stand where a shape is wanted.
func fits(s *shape.Shape, k jsontext.Kind) bool {
	kind := kindOf(k)
	if len(s.Or) > 0 {
		return slices.ContainsFunc(s.Or, func(o *shape.Shape) bool { return o.Kind == kind })
	}
	return s.Kind == shape.Any || s.Kind == kind || s.Kind == shape.Integer && kind == shape.Number
}

// kindOf is the kind of a value by its first character.
func kindOf(k jsontext.Kind) shape.Kind {
	switch k {
	case '{':
		return shape.Object
	case '[':
		return shape.Array
	case '"':
		return shape.String
	case '0':
		return shape.Number
	case 't', 'f':
		return shape.Boolean
	default:
		return shape.Any
	}
}

// wanted says in words what a shape wants.
func wanted(lang explain.Lang, s *shape.Shape) string {
	switch {
	case len(s.Or) > 1:
		return explain.Phrase(lang, "or", map[string]string{
			"first": wanted(lang, s.Or[0]), "second": wanted(lang, s.Or[1]),
		})
	case len(s.Words) == 1:
		return explain.Phrase(lang, "word", map[string]string{"words": s.Words[0]})
	case len(s.Words) > 1:
		known := strings.Join(s.Words, ", ")
		return explain.Phrase(lang, "one_of", map[string]string{"words": known})
	case forms[s.Pattern].phrase != "":
		return explain.Phrase(lang, forms[s.Pattern].phrase, nil)
	case s.Format == "date-time":
		return explain.Phrase(lang, "time", nil)
	}
	return explain.Phrase(lang, phrases[s.Kind], bounds(s))
}

// phrases are the phrases of kinds.
var phrases = map[shape.Kind]string{
	shape.Any: "anything", shape.Object: "object", shape.Array: "list", shape.String: "text",
	shape.Integer: "integer", shape.Number: "number", shape.Boolean: "boolean",
}

func bounds(s *shape.Shape) map[string]string {
	args := map[string]string{}
	if s.Min != nil {
		args["min"] = strconv.FormatInt(*s.Min, 10)
	}
	if s.Max != nil {
		args["max"] = strconv.FormatInt(*s.Max, 10)
	}
	return args
}
