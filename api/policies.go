package api

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/lunpai/lunpai/explain"
	"github.com/lunpai/lunpai/workflow"
)

// policyOf is a preset with some values changed.
func policyOf(preset string, values map[string]any) (workflow.Policy, error) {
	if preset == "" {
		preset = "p1"
	}
	p, ok := workflow.Preset(preset)
	if !ok {
		return p, bad("bad_policy")
	}
	if err := p.Set(values); err != nil {
		return p, badParameter(preset, values)
	}
	return p, nil
}

// badParameter names the value that is refused, if it is refused by itself.
func badParameter(preset string, values map[string]any) *Problem {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		p, _ := workflow.Preset(preset)
		if p.Set(map[string]any{name: values[name]}) == nil {
			continue
		}
		for _, m := range workflow.Parameters() {
			if m.Name == name {
				return bad("bad_policy/parameter", "parameter", name, "bounds", m.Bounds)
			}
		}
	}
	p, _ := workflow.Preset(preset)
	var out *workflow.OutOfBounds
	if errors.As(p.Set(values), &out) { // two values that do not go together
		return bad("bad_policy/parameter", "parameter", out.Name, "bounds", out.Bounds)
	}
	return bad("bad_policy/parameter")
}

// AdoptBody is a policy to put in force.
type AdoptBody struct {
	// Policy is the preset, p1 or p2.
	Policy string `json:"policy"`
	// Parameters are the values the office changed, by name; GET policies/{policy} lists them.
	// Absent: none.
	Parameters map[string]any `json:"parameters,omitempty"`
	// From is the first day it is in force, today or later. Absent: today.
	From workflow.Date `json:"from,omitempty"`
}

func adoptPolicy(_ *call, b *AdoptBody) (*workflow.AdoptPolicy, error) {
	p, err := policyOf(b.Policy, b.Parameters)
	return &workflow.AdoptPolicy{From: b.From, Policy: p}, err
}

// SitePolicy is which rules are in force at a site.
type SitePolicy struct {
	// Adoptions are the policies that the site adopted, each with its first day.
	Adoptions []workflow.Adoption `json:"adoptions"`
	// Seq is the number of the last commit that is taken into account.
	Seq int64 `json:"seq"`
	// Today is the policy in force today.
	Today *workflow.Policy `json:"today"`
}

// getSitePolicy shows the policies of a site and the one in force today.
func getSitePolicy(c *call, _ *none) (a *SitePolicy, err error) {
	err = c.view(nil, func(b *workflow.Board) error {
		day := workflow.Date(b.Local(c.now()).Format(time.DateOnly))
		a = &SitePolicy{b.Site().Adoptions, b.Seq, b.Site().PolicyOn(day)}
		return nil
	})
	return a, err
}

// Article is a clause with its text in the caller's language.
type Article struct {
	// ID is the clause, such as P1-12c.
	ID string `json:"id"`
	// Cite is how people quote it, such as policy 1, art. 12c.
	Cite string `json:"cite"`
	// Title is what it is about, in a few words.
	Title string `json:"title"`
	// Text is what it says, in short.
	Text string `json:"text"`
	// Mode is what the service does about it: enforce it, record what happens, remind somebody, or
	// nothing.
	Mode explain.Mode `json:"mode"`
}

// Parameter is a value of a policy that an office may change.
type Parameter struct {
	// Name is its name in requests.
	Name string `json:"name"`
	// Article is the clause that it belongs to.
	Article string `json:"article"`
	// Bounds are the allowed values, in words.
	Bounds string `json:"bounds"`
	// Text says what it does, in the caller's language.
	Text string `json:"text"`
	// Value is its value in the preset.
	Value json.RawMessage `json:"value"`
}

// PolicyList are the presets.
type PolicyList struct {
	// Policies are all presets.
	Policies []PolicyLink `json:"policies"`
}

// PolicyLink is where a preset is described.
type PolicyLink struct {
	// Href is the address of the preset.
	Href string `json:"href"`
	// ID is its name.
	ID string `json:"id"`
}

// PolicyView is a preset in full.
type PolicyView struct {
	// Articles are its clauses.
	Articles []Article `json:"articles"`
	// Parameters are the values that an office may change.
	Parameters []Parameter `json:"parameters"`
	// Policy is the preset itself.
	Policy workflow.Policy `json:"policy"`
}

// listPolicies lists the presets.
func listPolicies(*call, *none) (*PolicyList, error) {
	return &PolicyList{[]PolicyLink{{"/v1/policies/p1", "p1"}, {"/v1/policies/p2", "p2"}}}, nil
}

// ArticleList are clauses.
type ArticleList struct {
	// Articles are all clauses, in order.
	Articles []Article `json:"articles"`
}

// listArticles lists the clauses that facts and refusals name, in the caller's language.
func listArticles(c *call, _ *none) (*ArticleList, error) {
	return &ArticleList{articlesOf(lang(c), "")}, nil
}

// articlesOf are the clauses whose ids begin with a prefix.
func articlesOf(l explain.Lang, prefix string) []Article {
	out := []Article{}
	for _, a := range explain.Articles(l) {
		if strings.HasPrefix(a.ID, prefix) {
			out = append(out, Article{a.ID, explain.Cite(l, a.ID), a.Title, a.Text, a.Mode})
		}
	}
	return out
}

// getPolicy shows a preset: its articles, in the caller's language, and its parameters.
func getPolicy(c *call, _ *none) (*PolicyView, error) {
	name := c.Param("policy")
	p, ok := workflow.Preset(name)
	if !ok {
		return nil, missing("policy")
	}
	l := lang(c)
	articles := articlesOf(l, "P"+name[1:]+"-")
	params := []Parameter{}
	for _, m := range workflow.Parameters() {
		value, err := json.Marshal(m.Value(&p))
		if err != nil {
			return nil, err
		}
		rule := m.P1
		if name == "p2" {
			rule = m.P2
		}
		text := explain.Parameter(l, m.Name)
		params = append(params, Parameter{m.Name, rule, m.Bounds, text, value})
	}
	return &PolicyView{articles, params, p}, nil
}
