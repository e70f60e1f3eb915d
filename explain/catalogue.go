package explain

import (
	"embed"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

//go:embed *.json
var files embed.FS

// lines are the ways to say one thing, the fullest first: the first whose keys all have a value is
// used. In JSON, a single way needs no brackets.
type lines []string

// UnmarshalJSON reads a string or a list of strings.
func (l *lines) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*l = lines{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(l))
}

// both is one text in both languages.
type both[T any] map[Lang]T

// in is the text in a language; English for an unknown one.
func (b both[T]) in(l Lang) T {
	if l != Zh {
		l = En
	}
	return b[l]
}

type articleText struct {
	Title string `json:"title"`
	Text  string `json:"text"`
}

type faultText struct {
	Title  lines `json:"title"`
	Detail lines `json:"detail"`
	Fix    lines `json:"fix"`
}

// catalogue holds every sentence, by topic, key and language.
type catalogue struct {
	agenda     map[string]both[lines]     // by kind of item, or kind/why
	articles   map[string]article         // by clause
	facts      map[string]both[lines]     // by kind, or kind/value of its distinguishing detail
	faults     map[string]both[faultText] // by code, or code/article where one code has two causes
	parameters map[string]both[string]    // by name
	phrases    map[string]both[lines]     // by key
	problems   map[string]both[faultText] // by code, or code/cause where one code has several
	screens    map[string]both[lines]     // by topic/value
	reports    reportTexts
	words      map[string]map[string]both[string] // by group and value
}

// reportTexts are the words of the reports.
type reportTexts struct {
	Titles  map[string]both[string] `json:"titles"`  // by report
	Columns map[string]both[string] `json:"columns"` // by column or dimension
}

type article struct {
	Mode Mode        `json:"mode"`
	En   articleText `json:"en"`
	Zh   articleText `json:"zh"`
}

// load reads the embedded files. They are part of the program, so it can fail only in this
// package's tests.
func load() (*catalogue, error) {
	c := &catalogue{}
	for name, to := range map[string]any{
		"agenda.json": &c.agenda, "articles.json": &c.articles,
		"facts.json": &c.facts, "faults.json": &c.faults,
		"parameters.json": &c.parameters, "phrases.json": &c.phrases, "problems.json": &c.problems,
		"reports.json": &c.reports,
		"screens.json": &c.screens,
		"words.json":   &c.words,
	} {
		text, err := files.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("catalogue: %w", err)
		}
		dec := json.NewDecoder(strings.NewReader(string(text)))
		dec.DisallowUnknownFields()
		if err := dec.Decode(to); err != nil {
			return nil, fmt.Errorf("catalogue: %s: %w", name, err)
		}
	}
	return c, nil
}

// texts is the catalogue, read once; if it were unreadable, keys would appear instead of sentences.
var texts = sync.OnceValue(func() *catalogue {
	c, err := load()
	if err != nil {
		return &catalogue{}
	}
	return c
})

var keyRE = regexp.MustCompile(`\{([a-z_0-9]+)\}`)

// say fills in the first way whose keys all have a value. If there is none, it fills in the last
// with "?" in the gaps and ok is false; without any ways the text is empty.
func (l lines) say(values map[string]string) (text string, ok bool) {
	for _, t := range l {
		if text, ok = fill(t, values); ok {
			return text, true
		}
	}
	return text, false
}

// fill replaces {key}. Between Chinese and a value that begins or ends with a Latin letter it
// inserts a blank, so that ids and names both read well.
func fill(template string, values map[string]string) (string, bool) {
	var b strings.Builder
	ok, rest := true, 0
	for _, m := range keyRE.FindAllStringSubmatchIndex(template, -1) {
		b.WriteString(template[rest:m[0]])
		rest = m[1]
		v := values[template[m[2]:m[3]]]
		if v == "" {
			v, ok = "?", false
		}
		before, _ := utf8.DecodeLastRuneInString(b.String())
		after, _ := utf8.DecodeRuneInString(template[rest:])
		first, _ := utf8.DecodeRuneInString(v)
		last, _ := utf8.DecodeLastRuneInString(v)
		wordy := strings.ContainsFunc(v, latin)
		if wordy && unicode.Is(unicode.Han, before) && narrow(first) {
			b.WriteByte(' ')
		}
		b.WriteString(v)
		if wordy && unicode.Is(unicode.Han, after) && narrow(last) {
			b.WriteByte(' ')
		}
	}
	b.WriteString(template[rest:])
	return b.String(), ok
}

func latin(r rune) bool { return r <= unicode.MaxASCII && unicode.IsLetter(r) }

func narrow(r rune) bool { return latin(r) || '0' <= r && r <= '9' }
