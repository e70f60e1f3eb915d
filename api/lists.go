package api

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// fieldNames are the parameters of lists that are not named like the field that they compare.
var fieldNames = map[string]string{"assistant": "assistants"}

// controls are the parameters of lists that compare no field by itself.
var controls = []string{"limit", "cursor", "order", "open", "from", "to"}

// asks reads a list's parameters: a page of the collection with those fields that the contract lets the caller compare.
func (c *call) asks(of workflow.Collection, newestFirst bool) (q repo.Query, err error) {
	q = repo.Query{Collection: of, Site: c.site, In: map[string][]string{}, Descending: newestFirst}
	for name := range c.route.op.Params {
		v := c.QueryParam(name)
		if v == "" || !c.compares(name) {
			continue
		}
		field := name
		if f, ok := fieldNames[name]; ok {
			field = f
		}
		q.In[field] = []string{v}
		if c.route.op.Params[name].Type.Is("array") {
			q.In[field] = unique(strings.Split(v, ","))
		}
	}
	if v := c.QueryParam("order"); v != "" {
		q.Descending = v == "newest"
	}
	if v := c.QueryParam("open"); v != "" {
		open := v == "true"
		q.Open = &open
	}
	if err := c.dates(&q); err != nil {
		return q, err
	}
	if q.Limit, err = c.limit(); err != nil {
		return q, err
	}
	q.After, err = c.cursor(of)
	return q, err
}

// compares reports whether a parameter of a list compares a field.
func (c *call) compares(name string) bool { return !slices.Contains(controls, name) }

func unique(values []string) []string {
	slices.Sort(values)
	return slices.Compact(values)
}

// cursor is the place to go on behind: what next_cursor of the page before says.
func (c *call) cursor(of workflow.Collection) (at repo.Place, err error) {
	v := c.QueryParam("cursor")
	if v == "" {
		return at, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(v)
	day, id, ok := strings.Cut(string(text), " ")
	if err != nil || !ok || id == "" || !utf8.Valid(text) || (day != "") != (of == workflow.Visits) || day != "" && !workflow.Date(day).Valid() {
		return at, badRequest("bad_cursor", "the cursor is not one that this service gave out for this list", "take next_cursor from the page before, or begin without")
	}
	return repo.Place{Day: workflow.Date(day), ID: id}, nil
}

func cursorOf(at repo.Place) string {
	return base64.RawURLEncoding.EncodeToString([]byte(string(at.Day) + " " + at.ID))
}

// list writes one page of a collection, with the number of the commit up to which it is complete.
func (c *call) list(q repo.Query) error {
	l, err := c.api.cfg.Store.List(c.Request().Context(), q)
	if err != nil {
		return reading(err)
	}
	looked := len(l.Docs)
	body := map[string]any{"seq": l.Mark}
	if l.Next != (repo.Place{}) {
		body["next_cursor"] = cursorOf(l.Next)
		if looked < q.Limit {
			looked = repo.ListBudget
		}
	}
	c.looked(looked)
	items := make([]json.RawMessage, 0, len(l.Docs))
	for _, d := range l.Docs {
		if !c.own() || c.mine(d.Image) {
			items = append(items, d.Doc)
		}
	}
	body[string(q.Collection)] = array(items)
	return c.answer(http.StatusOK, body)
}

// dates reads from and to.
func (c *call) dates(q *repo.Query) error {
	q.From, q.To = workflow.Date(c.QueryParam("from")), workflow.Date(c.QueryParam("to"))
	for _, d := range []workflow.Date{q.From, q.To} {
		if d != "" && !d.Valid() {
			return badRequest("bad_date", "from or to is not a day of the calendar", "write it as 2024-03-04")
		}
	}
	return nil
}

// listVisits lists visits. Front desk and shift leader see today's, a consultant his own: those he receives, those of his customers
// and those in which he assists.
func listVisits(c *call) error {
	q, err := c.asks(workflow.Visits, true)
	if err != nil {
		return err
	}
	switch c.key.Role {
	case workflow.RoleFrontDesk, workflow.RoleShiftLeader:
		if err := c.view(nil, func(b *workflow.Board) error {
			q.From = workflow.Date(b.Local(c.now()).Format(time.DateOnly))
			q.To = q.From
			return nil
		}); err != nil {
			return err
		}
	case workflow.RoleConsultant:
		q.Of = c.key.Staff
	default:
	}
	return c.list(q)
}

func listCustomers(c *call) error {
	q, err := c.asks(workflow.Customers, false)
	if err != nil {
		return err
	}
	if c.own() {
		q.In["owner"] = []string{string(c.key.Staff)}
	}
	return c.list(q)
}

// lister lists a whole collection of the site.
func lister(of workflow.Collection) handler {
	return func(c *call) error {
		q, err := c.asks(of, true)
		if err != nil {
			return err
		}
		return c.list(q)
	}
}

// checkWords refuses a word that the contract does not list for a parameter, and names those that it does.
func checkWords(name string, s *openapi3.Schema, value string) error {
	if value == "" || name == "dry_run" {
		return nil
	}
	given, words := []string{value}, s.Enum
	switch {
	case s.Type.Is("array"):
		given, words = strings.Split(value, ","), s.Items.Value.Enum
	case s.Type.Is("boolean"):
		words = []any{"true", "false"}
	}
	if len(words) == 0 {
		return nil
	}
	p := badRequest("bad_parameter", "", "")
	for _, w := range words {
		p.Allowed = append(p.Allowed, fmt.Sprint(w))
	}
	for _, g := range given {
		if !slices.Contains(p.Allowed, g) {
			all := strings.Join(p.Allowed, ", ")
			p.Detail, p.Fix = name+" holds a word that is none of "+all, "send "+name+"="+p.Allowed[0]+" or another of these words"
			if s.Type.Is("array") {
				p.Fix += ", several with commas between them"
			}
			return p
		}
	}
	return nil
}
