package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/lunpai/lunpai/openapi/spec"
	"github.com/lunpai/lunpai/tools/load"
)

// foe holds keys of the office with a year of visits.
type foe struct {
	addr, admin    string
	manager, idle  string // keys; the idle consultant has nothing of his own
	someone, head  string // a consultant's id, and a commit's number near the middle
	paths, heavies []string
}

func newFoe(ctx context.Context, s *load.Service) (*foe, error) {
	f := &foe{addr: s.Addr, admin: s.Admin}
	k := load.NewClient([]string{s.Addr}, s.Admin)
	defer k.Close()
	base := "/v1/sites/" + reportSite
	var staff struct {
		Staff []struct{ Staff, Role string }
		Seq   int64
	}
	if err := getJSON(ctx, k, base+"/staff", &staff); err != nil {
		return nil, err
	}
	boss := ""
	for _, m := range staff.Staff {
		switch m.Role {
		case "manager":
			boss = m.Staff
		case "consultant":
			f.someone = m.Staff
		}
	}
	f.head = fmt.Sprint(staff.Seq / 2)
	if a, err := k.Post(ctx, base+"/staff", "idle",
		`{"id":"idle","role":"consultant"}`); err != nil || a.Status/100 != 2 {
		return nil, errors.Join(err, load.Unexpected("add staff", a))
	}
	var err error
	if f.manager, err = keyFor(ctx, k, "manager", boss); err != nil {
		return nil, err
	}
	if f.idle, err = keyFor(ctx, k, "consultant", "idle"); err != nil {
		return nil, err
	}
	return f, f.findPaths()
}

func getJSON(ctx context.Context, k *load.Client, path string, into any) error {
	a, err := k.Get(ctx, path)
	if err != nil {
		return err
	}
	if a.Status != http.StatusOK {
		return load.Unexpected(path, a)
	}
	return json.Unmarshal(a.Body, into)
}

func keyFor(ctx context.Context, k *load.Client, role, staff string) (string, error) {
	a, err := k.Post(ctx, "/v1/sites/"+reportSite+"/keys", "key-"+role,
		fmt.Sprintf(`{"role":%q,"staff":%q}`, role, staff))
	if err != nil {
		return "", err
	}
	var made struct{ Key struct{ Token string } }
	if err := json.Unmarshal(a.Body, &made); err != nil || made.Key.Token == "" {
		return "", load.Unexpected("make a key", a)
	}
	return made.Key.Token, nil
}

// findPaths learns from the contract what can be listed and how, so a new list or filter is
// measured without being named here.
func (f *foe) findPaths() error {
	contract, err := spec.Load()
	if err != nil {
		return err
	}
	base := "/v1/sites/" + reportSite
	for name, op := range contract.Operations() {
		path, ok := strings.CutPrefix(name, "GET /v1/sites/{site}")
		if !ok || !op.Query["limit"] || strings.Contains(path, "{") { // of one record
			continue
		}
		f.paths = append(f.paths, base+path+"?limit=200")
		var filters []string
		for param, schema := range op.Params {
			switch {
			case schema.Type.Is("array"):
				for _, word := range schema.Items.Value.Enum {
					filters = append(filters, fmt.Sprintf("%s=%v", param, word))
				}
			case slices.Contains([]string{"server", "principal", "assistant", "owner"}, param):
				filters = append(filters, param+"="+url.QueryEscape(f.someone), param+"=idle")
			case param == "open":
				filters = append(filters, "open=true", "open=false")
			case param == "from":
				filters = append(filters, "from=2024-02-01&to=2024-11-30")
			case param == "after":
				filters = append(filters, "after="+f.head)
			}
		}
		slices.Sort(filters)
		for i, filter := range filters {
			for _, order := range []string{"newest", "oldest"} {
				one := filter
				if op.Query["order"] {
					one += "&order=" + order
				}
				f.paths = append(f.paths, base+path+"?"+one)
				for _, other := range filters[i+1:] { // two conditions that have little in common
					if was, _, _ := strings.Cut(one, "="); op.Query["order"] && order == "newest" &&
						!strings.HasPrefix(other, was) {
						f.heavies = append(f.heavies, base+path+"?"+one+"&"+other)
					}
				}
			}
		}
	}
	slices.Sort(f.paths)
	slices.Sort(f.heavies)
	f.paths = slices.Compact(f.paths)
	return nil
}
