package api

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/shape"
	"github.com/lunpai/lunpai/workflow"
)

// DryRun is the query of a command.
type DryRun struct {
	// DryRun asks what would happen and why. Nothing is changed.
	DryRun bool `query:"dry_run"`
	Explaining
}

// Order says which records come first. Visits are sorted by business day, then by arrival.
type Order string

// The orders.
const (
	Newest Order = "newest"
	Oldest Order = "oldest"
)

// Limit is the maximum number of records on a page, 1 to 200. Zero: 50.
type Limit int

// Bounds of Limit.
const (
	usualLimit = 50
	maxLimit   = 200
)

func (l Limit) orUsual() int {
	if l == 0 {
		return usualLimit
	}
	return int(l)
}

// Cursor is a place in a list: next_cursor of the previous page.
type Cursor string

// Seq is the number of a commit. The first is 1.
type Seq int64

// After is the number of the commit after which to continue; 0: from the beginning.
type After int64

// Paging is the query of every list.
type Paging struct {
	Order Order `query:"order"`
	Limit Limit `query:"limit"`
	// Cursor is next_cursor of the previous page. Absent: the first page.
	Cursor Cursor `query:"cursor"`
}

// parameter is a query parameter and the member of the query's struct it is read into.
type parameter struct {
	name     string
	compares string // the field of a record it selects by; "": none
	index    []int
	words    []string // that it may hold; nil: any
}

// parametersOf lists the parameters that a query's struct describes.
func parametersOf(t reflect.Type) (out []*parameter, err error) {
	if t == nil {
		return nil, nil
	}
	for _, f := range reflect.VisibleFields(t) {
		name := f.Tag.Get("query")
		switch {
		case f.Anonymous:
		case name == "":
			return nil, fmt.Errorf("%s.%s names no parameter", t, f.Name)
		default:
			p := &parameter{name: name, compares: f.Tag.Get("compares"), index: f.Index}
			of := f.Type
			if of.Kind() == reflect.Slice {
				of = of.Elem()
			}
			if w, ok := reflect.Zero(of).Interface().(shape.Worded); ok {
				p.words = w.Words()
			}
			out = append(out, p)
		}
	}
	return out, nil
}

// checkQuery reads the query. It refuses parameters that the route's struct does not name and
// values that mean nothing: an empty value never means all, or none, or true.
func (c *call) checkQuery() error {
	if _, err := url.ParseQuery(c.QueryString()); err != nil {
		return bad("bad_query")
	}
	var into reflect.Value
	if c.route.query != nil {
		into = reflect.New(c.route.query)
		c.query = into.Interface()
	}
	for k, vs := range c.QueryParams() {
		i := slices.IndexFunc(c.route.parameters, func(p *parameter) bool { return p.name == k })
		switch {
		case i < 0:
			return bad("unknown_parameter")
		case len(vs) > 1:
			return bad("repeated_parameter", "name", k)
		case vs[0] == "":
			return bad("empty_parameter", "name", k)
		case workflow.HoldsControls(vs[0]):
			return bad("bad_text", "name", k)
		}
		p := c.route.parameters[i]
		if err := p.read(into.Elem().FieldByIndex(p.index), vs[0]); err != nil {
			return err
		}
	}
	if d, ok := c.query.(*DryRun); ok {
		c.dry = d.DryRun
	}
	if e, ok := c.query.(interface{ explains() bool }); ok {
		c.explain = e.explains()
	}
	return nil
}

// read puts a value into its member.
func (p *parameter) read(m reflect.Value, value string) error {
	switch m.Interface().(type) {
	case Limit:
		if n, err := strconv.Atoi(value); err != nil || n < 1 || n > maxLimit {
			return bad("bad_parameter/limit", "max", strconv.Itoa(maxLimit))
		}
	case Seq, After:
		if n, err := strconv.ParseInt(value, 10, 64); err != nil || n < 0 || n == 0 &&
			m.Type() == reflect.TypeFor[Seq]() {
			return bad("bad_parameter/commit", "name", p.name)
		}
	case time.Time:
		at, ok := readTime(value)
		if !ok {
			return bad("bad_parameter/time", "name", p.name)
		}
		m.Set(reflect.ValueOf(at))
		return nil
	case workflow.Date:
		if !workflow.Date(value).Valid() {
			return bad("bad_date", "name", p.name)
		}
	}
	if m.Kind() == reflect.Pointer {
		m.Set(reflect.New(m.Type().Elem()))
		m = m.Elem()
	}
	switch m.Kind() {
	case reflect.Bool:
		on, err := strconv.ParseBool(value)
		if err != nil {
			return p.noWord([]string{"true", "false"}, false)
		}
		m.SetBool(on)
	case reflect.Int, reflect.Int64:
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return fmt.Errorf("query parameter %s: %w", p.name, err)
		}
		m.SetInt(n)
	case reflect.String:
		if len(p.words) > 0 && !slices.Contains(p.words, value) {
			return p.noWord(p.words, false)
		}
		m.SetString(value)
	case reflect.Slice:
		for v := range strings.SplitSeq(value, ",") {
			if len(p.words) > 0 && !slices.Contains(p.words, v) {
				return p.noWord(p.words, true)
			}
			item := reflect.New(m.Type().Elem()).Elem()
			item.SetString(v)
			m.Set(reflect.Append(m, item))
		}
	default:
		return fmt.Errorf("query parameter %s is a %s", p.name, m.Type())
	}
	return nil
}

// noWord refuses an unknown word and lists the known ones.
func (p *parameter) noWord(known []string, several bool) error {
	key := "bad_parameter"
	if several {
		key = "bad_parameter/list"
	}
	refusal := bad(key, "name", p.name, "words", strings.Join(known, ", "), "example", known[0])
	refusal.Allowed = known
	return refusal
}

// asks turns a list's query into a query of the store.
func (c *call) asks(of workflow.Collection, paging Paging, newestFirst bool) (q repo.Query,
	err error,
) {
	q = repo.Query{
		Collection: of, Site: c.site, In: map[string][]string{}, Descending: newestFirst,
		Limit: paging.Limit.orUsual(),
	}
	if paging.Order != "" {
		q.Descending = paging.Order == Newest
	}
	v := reflect.ValueOf(c.query).Elem()
	for _, p := range c.route.parameters {
		if p.compares == "" {
			continue
		}
		m := v.FieldByIndex(p.index)
		if m.Kind() == reflect.String && m.Len() > 0 {
			q.In[p.compares] = []string{m.String()}
		}
		if m.Kind() == reflect.Slice && m.Len() > 0 {
			for i := range m.Len() {
				q.In[p.compares] = append(q.In[p.compares], m.Index(i).String())
			}
			slices.Sort(q.In[p.compares])
			q.In[p.compares] = slices.Compact(q.In[p.compares])
		}
	}
	q.After, err = paging.Cursor.place(of)
	return q, err
}

// place is the place in a list of a collection.
func (v Cursor) place(of workflow.Collection) (at repo.Place, err error) {
	if v == "" {
		return at, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(string(v))
	day, id, ok := strings.Cut(string(text), " ")
	date := workflow.Date(day)
	if err != nil || !ok || id == "" || !utf8.Valid(text) ||
		(day != "") != (of == workflow.Visits) || day != "" && !date.Valid() {
		return at, bad("bad_cursor")
	}
	return repo.Place{Day: date, ID: id}, nil
}

func cursorOf(at repo.Place) Cursor {
	return Cursor(base64.RawURLEncoding.EncodeToString([]byte(string(at.Day) + " " + at.ID)))
}

// seq is the number of the last commit on the previous page of a list of commits; 0 on the first
// page.
func (v Cursor) seq() (int64, error) {
	if v == "" {
		return 0, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(string(v))
	if err != nil {
		return 0, bad("bad_cursor")
	}
	seq, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil || seq < 1 {
		return 0, bad("bad_cursor")
	}
	return seq, nil
}

func seqCursor(seq int64) Cursor {
	return Cursor(base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(seq, 10))))
}
