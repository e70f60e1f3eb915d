package api

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/lunpai/lunpai/workflow"
)

// hears reports whether the caller is told that a phone is known: front desk, shift leader,
// supervisor and manager are.
func (c *call) hears() bool {
	switch c.key.Role {
	case workflow.RoleFrontDesk, workflow.RoleShiftLeader, workflow.RoleSupervisor,
		workflow.RoleManager:
		return true
	default:
		return false
	}
}

// knownBy reports whether a command about a visit named a customer who had a record.
func knownBy(k *workflow.Commit) bool {
	type named struct {
		Customer workflow.CustomerID `json:"customer"`
		New      bool                `json:"new_customer"`
		Identify *struct {
			Customer workflow.CustomerID `json:"customer"`
			New      bool                `json:"new_customer"`
		} `json:"identify"`
	}
	var n named
	if json.Unmarshal(k.Command, &n) != nil {
		return false
	}
	if i := n.Identify; i != nil && i.Customer != "" {
		return !i.New
	}
	return n.Customer != "" && !n.New
}

// hidden are the fields that say who a visitor is. A consultant sees them only on their own visits:
// on others they would tell whether a phone is known and whose customer it is.
var hidden = []string{"customer", "new_customer", "first_visit", "matches", "brought_by"}

// hide returns an entry about a visit without the fields that say who the visitor is.
func (e Entry) hide() Entry {
	e.Command = strip(e.Command)
	e.Facts = slices.Clone(e.Facts)
	for i := range e.Facts {
		e.Facts[i].Fact = hideIn(e.Facts[i].Fact)
	}
	return e
}

// hideIn returns a fact without those fields.
func hideIn(f workflow.Fact) workflow.Fact {
	f.Detail = maps.Clone(f.Detail)
	for _, name := range hidden {
		delete(f.Detail, name)
	}
	return f
}

// shownTo is an entry as a consultant may see it, depending on whether they take part in the visit
// it is about. Searches are only for the manager: the consultant was told no more than whose
// customer it is.
func (e Entry) shownTo(part bool) (Entry, bool) {
	switch {
	case e.Kind == "search_customer":
		return e, false
	case e.Subject.Collection == workflow.Visits && !part:
		return e.hide(), true
	}
	return e, true
}

// redacted is a commit as the caller may see it.
func (c *call) redacted(k *workflow.Commit) *workflow.Commit {
	if !c.own() || k.Subject.Collection != workflow.Visits {
		return k
	}
	out := *k
	for i, im := range k.Images {
		if im.Ref != k.Subject {
			continue
		}
		if r, err := k.Record(im.Ref); err == nil {
			if v, ok := r.(*workflow.Visit); ok && v.Of(c.key.Staff) {
				return k
			}
		}
		out.Images = slices.Clone(k.Images)
		out.Images[i].Doc = strip(im.Doc)
	}
	out.Command, out.Facts = strip(k.Command), make([]workflow.Fact, len(k.Facts))
	for i, f := range k.Facts {
		out.Facts[i] = hideIn(f)
	}
	return &out
}

// redactedVisit is a visit as the caller may see it.
func (c *call) redactedVisit(v *workflow.Visit) (Doc[workflow.Visit], error) {
	text, err := workflow.Encode(v)
	if err == nil && c.own() && !v.Of(c.key.Staff) {
		text = strip(text)
	}
	return Doc[workflow.Visit]{text}, err
}

// strip removes the hidden fields from a JSON object and from the identity in it.
func strip(text json.RawMessage) json.RawMessage {
	var fields map[string]json.RawMessage
	if json.Unmarshal(text, &fields) != nil {
		return json.RawMessage("{}")
	}
	for _, name := range hidden {
		delete(fields, name)
	}
	if inner, ok := fields["identify"]; ok {
		fields["identify"] = strip(inner)
	}
	out, err := workflow.Encode(fields)
	if err != nil {
		return json.RawMessage("{}")
	}
	return out
}
