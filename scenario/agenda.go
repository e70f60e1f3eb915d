package scenario

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// The expectation of a step agenda is a list: what the service desk wants of who, and nothing of
// reception. Of any other step the expectation agenda is a map: for a label of staff, for desk or
// for everybody, the items as kind:record. A notice is called by what it is about, for its id says
// nothing: notice:V1. There is one vacancy at most: vacancy.

// whose is the agenda that a label asks for.
func whose(label string) workflow.Whose {
	switch label {
	case "desk":
		return workflow.Whose{Desk: true}
	case "everybody":
		return workflow.Whose{Everybody: true}
	}
	return workflow.Whose{Staff: workflow.StaffID(label)}
}

// called is an item as scenarios write it.
func called(i workflow.Item, label func(string) string) string {
	switch i.What {
	case workflow.ItemVacancy:
		return string(i.What)
	case workflow.ItemNotice:
		return string(i.What) + ":" + label(i.About.ID)
	default:
		return string(i.What) + ":" + label(i.Record)
	}
}

// agendas are the agendas that an expectation asks for.
func (v *View) agendas(want any, s *Step) (any, error) {
	if s.Do == "agenda" {
		items, err := v.Agenda(s.str("who"))
		return anys(ofTheDesk(items)), err
	}
	labels, ok := want.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("agenda expects a map")
	}
	out := make(map[string]any, len(labels))
	for l := range labels {
		items, err := v.Agenda(l)
		if err != nil {
			return nil, fmt.Errorf("agenda of %s: %w", l, err)
		}
		out[l] = anys(sorted(items))
	}
	return out, nil
}

// deskItems are the kinds of item that a step agenda compares.
var deskItems = []workflow.ItemKind{
	workflow.ItemTicket, workflow.ItemSlip, workflow.ItemClose, workflow.ItemFault,
	workflow.ItemFollowUp, workflow.ItemWeekly, workflow.ItemSupervision, workflow.ItemCampaign,
	workflow.ItemRoster, workflow.ItemWatch, workflow.ItemArbitration,
}

// ofTheDesk are the items of the service desk among those of an agenda.
func ofTheDesk(items []string) (desk []string) {
	for _, i := range items {
		kind, record, _ := strings.Cut(i, ":")
		if !slices.Contains(deskItems, workflow.ItemKind(kind)) {
			continue
		}
		if kind == string(workflow.ItemArbitration) {
			i = "xdispute:" + record
		}
		desk = append(desk, i)
	}
	return desk
}

// sets sorts the lists of a map, or the list that it is.
func sets(v any) any {
	m, ok := v.(map[string]any)
	if !ok {
		return sorted(asList(v))
	}
	out := make(map[string]any, len(m))
	for k, l := range m {
		out[k] = sorted(asList(l))
	}
	return out
}

// agenda is an agenda as a store's indexes would answer it.
func (c *Core) agenda(at time.Time, label string) ([]string, error) {
	a := c.Board.Agenda(at, whose(label))
	for _, ask := range a.Asks() {
		for _, r := range c.all {
			if ask.Holds(r) {
				a.Take(r)
			}
		}
	}
	for _, ref := range a.Refs() {
		if r, ok := c.all[ref]; ok {
			a.Take(r)
		}
	}
	var out []string
	for _, i := range a.Items() {
		out = append(out, called(i, func(id string) string { return id }))
	}
	return out, nil
}

func (r *Remote) agenda(ctx context.Context, at time.Time, label string) ([]string, error) {
	items, err := r.agendaItems(ctx, at, label)
	var out []string
	for _, i := range items {
		out = append(out, called(i, r.label))
	}
	return out, err
}

func (r *Remote) agendaItems(
	ctx context.Context, at time.Time, label string,
) ([]workflow.Item, error) {
	token, path := r.keyOfTheManager(), "?staff="+label
	switch label {
	case "desk":
		token, path = r.tokens[actor{"", workflow.RoleFrontDesk}], ""
	case "everybody":
		path = "?everybody=true"
	}
	var a struct {
		Items []workflow.Item `json:"items"`
	}
	err := r.Client.Call(ctx, at, token, "GET", "/v1/sites/"+r.site+"/agenda"+path, nil, &a)
	return a.Items, err
}

// acknowledge is a step: notice is what the notice is about, of its addressee, who acts himself
// unless by is somebody else.
func acknowledge(s *Step, _ known, c *workflow.AcknowledgeNotice) {
	c.Notice = workflow.RecordID(cmp.Or(s.str("of"), s.str("by")) + " " + s.str("notice"))
}

// noticeCalled reads what acknowledge wrote.
func noticeCalled(id workflow.RecordID) (of, about string) {
	of, about, _ = strings.Cut(string(id), " ")
	return of, about
}

// notice is the id of the oldest unacknowledged notice that a step means.
func (c *Core) notice(id workflow.RecordID) workflow.RecordID {
	of, about := noticeCalled(id)
	var found []string
	for _, r := range c.all {
		if n, ok := r.(*workflow.Notice); ok && string(n.To) == of && n.About.ID == about &&
			n.Next != nil {
			found = append(found, n.ID)
		}
	}
	if len(found) == 0 {
		return id
	}
	return workflow.RecordID(slices.Min(found))
}

func (r *Remote) notice(
	ctx context.Context, at time.Time, id workflow.RecordID,
) (workflow.RecordID, error) {
	of, about := noticeCalled(id)
	items, err := r.agendaItems(ctx, at, of)
	for _, i := range items {
		if i.Notice != "" && r.label(i.About.ID) == about {
			return i.Notice, nil
		}
	}
	return id, err
}
