package api

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// asking notes the last query that lists were read by.
type asking struct {
	repo.Store
	q *repo.Query
}

func (s asking) List(ctx context.Context, q repo.Query) (repo.Listing, error) {
	*s.q = q
	return s.Store.List(ctx, q)
}

// TestFiltersAreTheStores: every parameter by which the contract lets a list be filtered is a field
// for which every store has an index (the stores' TestPlans read the plans of repo.Filters), and
// reaches the store.
func TestFiltersAreTheStores(t *testing.T) {
	var q repo.Query
	o := newOffice(t, setup{wrap: func(s repo.Store) repo.Store { return asking{s, &q} }})
	documented := map[workflow.Collection][]string{}
	for _, r := range o.api.routes() {
		if strings.Count(r.path, ":") > 1 {
			continue
		}
		parameters, err := parametersOf(r.query)
		o.ok(err)
		if !slices.ContainsFunc(parameters, func(p *parameter) bool { return p.name == "cursor" }) {
			continue
		}
		path := strings.Replace(r.path, ":site", "s", 1)
		q = repo.Query{}
		o.must(200, o.do("M", "GET", path, nil))
		of := q.Collection
		if of == "" { // outside the round of gifts and needs the store is not asked
			continue
		}
		documented[of] = nil
		for _, p := range parameters {
			if p.compares == "" {
				continue
			}
			value := "x"
			switch {
			case p.words != nil:
				value = p.words[0]
			case p.compares == "day":
				value = "2024-03-04"
			}
			if r.query.FieldByIndex(p.index).Type == reflect.TypeFor[workflow.Date]() {
				value = "2024-03-05"
			}
			o.must(200, o.do("M", "GET", path+"?"+p.name+"="+value, nil))
			if d := cmp.Diff(map[string][]string{p.compares: {value}}, q.In); d != "" ||
				q.Collection != of {
				t.Errorf("%s?%s=%s asks the store for (-want +got):\n%s", path, p.name, value, d)
			}
			documented[of] = append(documented[of], p.compares)
		}
	}
	if len(documented) < 6 {
		t.Errorf("only %d lists were found", len(documented))
	}
	for of, fields := range documented {
		want := slices.Sorted(slices.Values(repo.Filters[of]))
		if d := cmp.Diff(want, slices.Sorted(slices.Values(fields))); d != "" {
			t.Errorf("%s: the stores' filters and the contract's (-stores +contract):\n%s", of, d)
		}
	}
	for of := range maps.Keys(repo.Filters) {
		if _, ok := documented[of]; !ok {
			t.Errorf("no list of %s is documented", of)
		}
	}
}

// visits lists ids of visits as somebody.
func (o *office) visits(who, query string) []string {
	o.Helper()
	return ids(o.must(200, o.do(who, "GET", "/v1/sites/s/visits"+query, nil)), "visits")
}

// TestListOfTheFloor: what a front desk asks for all day: what is open, in which states, oldest
// first.
func TestListOfTheFloor(t *testing.T) {
	o := newOffice(t, setup{})
	arrived, assigned, identified := o.arrive("arrived", nil), o.arrive("assigned", nil),
		o.arrive("identified", nil)
	gone := o.arrive("arrived", nil)
	o.must(200, o.do("desk", "POST", "/v1/sites/s/visits/"+gone+"/abandon", `{"reason":"left"}`))
	over := o.arrive("assigned", nil)
	o.must(200, o.do("desk", "POST", "/v1/sites/s/visits/"+over+"/register", `{"serve":true}`))
	for query, want := range map[string][]string{
		"?order=oldest":                          {arrived, assigned, identified, gone, over},
		"?order=newest":                          {over, gone, identified, assigned, arrived},
		"":                                       {over, gone, identified, assigned, arrived},
		"?open=true&order=oldest":                {arrived, assigned, identified},
		"?open=false":                            {over, gone},
		"?state=arrived,identified&order=oldest": {arrived, identified},
		"?state=registered,arrived,arrived":      {over, arrived},
		"?state=registered&open=true":            {},
		"?open=true&kind=new":                    {identified, assigned},
	} {
		for _, who := range []string{"desk", "M"} {
			if d := cmp.Diff(want, o.visits(who, query)); d != "" {
				t.Errorf("%s lists %q (-want +got):\n%s", who, query, d)
			}
		}
	}
}

// TestUnknownWords: a word that is none is refused, and the answer names those that are.
func TestUnknownWords(t *testing.T) {
	const (
		states   = "arrived, identified, assigned, served, registered, abandoned, merged"
		kinds    = "new, returning, referral, unrelated, peer, unstated, company_staff"
		statuses = "received, registered, intention, holding_fee, deposit, signed, refunded"
	)
	o := newOffice(t, setup{})
	for query, allowed := range map[string]string{
		"visits?state=waiting":           states,
		"visits?state=arrived,Arrived":   states,
		"visits?state=arrived,":          states,
		"visits?kind=walk_in":            kinds,
		"visits?order=asc":               "newest, oldest",
		"visits?open=yes":                "true, false",
		"customers?status=buyer":         statuses,
		"customers?order=up":             "newest, oldest",
		"messages?state=new":             "pending, delivered",
		"approvals?state=open":           "pending, granted, refused",
		"reports/conversion?format=xlsx": "json, csv, ndjson",
	} {
		a := o.must(400, o.do("M", "GET", "/v1/sites/s/"+query, nil))
		words, _ := a.at("allowed").([]any)
		if got := strings.Trim(fmt.Sprint(words...), " "); a.str("code") != "bad_parameter" ||
			!strings.Contains(a.str("detail"), allowed) || a.str("fix") == "" ||
			strings.ReplaceAll(allowed, ", ", "") != strings.ReplaceAll(got, " ", "") {
			t.Errorf("%s: %s", query, a.raw)
		}
	}
	// "x", "2024-03-04 x", " x"
	for _, query := range []string{
		"visits?cursor=eA", "customers?cursor=MjAyNC0wMy0wNCB4",
		"visits?cursor=IHg",
	} {
		if a := o.must(400, o.do("M", "GET", "/v1/sites/s/"+query,
			nil)); a.str("code") != "bad_cursor" {
			t.Errorf("%s: %s", query, a.raw)
		}
	}
}

// TestConsultantListsHisOwn: a consultant lists the visits that he receives, those of his
// customers, and those in which he assists, open and over, and no others.
func TestConsultantListsHisOwn(t *testing.T) {
	o := newOffice(t, setup{})
	a, b := o.arrive("assigned", nil), o.arrive("assigned", nil) // A's and B's
	o.must(200, o.do("S", "POST", "/v1/sites/s/visits/"+a+"/assistants", `{"who":"D"}`))
	want := func(who, query string, want ...string) {
		t.Helper()
		if want == nil {
			want = []string{}
		}
		if d := cmp.Diff(want, o.visits(who, query)); d != "" {
			t.Errorf("%s lists %q (-want +got):\n%s", who, query, d)
		}
	}
	for range 2 { // while they are open, and when they are over
		want("A", "", a)
		want("B", "", b)
		want("C", "")
		want("D", "", a)
		want("D", "?assistant=D", a)
		want("D", "?principal=A", a)
		want("D", "?principal=B")
		want("M", "?assistant=D", a)
		want("M", "?assistant=A")
		o.must(200, o.do("D", "GET", "/v1/sites/s/visits/"+a, nil))
		for _, v := range []string{a, b} {
			o.do("desk", "POST", "/v1/sites/s/visits/"+v+"/register", `{"serve":true}`)
		}
	}
}
