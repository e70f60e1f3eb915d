package api

import (
	"strings"
	"testing"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// TestFaultsInARow: New fails when a row cannot work.
func TestFaultsInARow(t *testing.T) {
	type inList struct {
		Notes []workflow.NoteID `json:"notes"`
	}
	type inListOfStructs struct {
		Items []struct {
			Note workflow.NoteID `json:"note"`
		} `json:"items"`
	}
	type behindPointer struct {
		At *time.Time `json:"at"`
	}
	type untagged struct{ Limit int }
	const v = site + "/visits"
	build := func(path string, fills ...fill) *route {
		return does[workflow.AssignVisit]("POST",
			path, fills...)
	}
	for name, x := range map[string]struct {
		row  *route
		want string
	}{
		"a parameter without a member": {
			build(v + "/:visit/assign/:who"),
			"no member who",
		},
		"a fill without a member": {
			build(v+"/:visit/assign", mint("approval")),
			"no member approval",
		},
		"a renamed parameter without a member": {build(v+"/:visit/assign",
			param("whom", "visit")), "no member whom"},
		"a fill from a parameter that is not": {
			build(v+"/:visit/assign", param("to", "staff")),
			"no parameter staff",
		},
		"a fill of what is no id": {
			build(v+"/:visit/assign", caller("concurrent")),
			"no id",
		},
		"free text in a list":            {bodied[inList](), "cannot be reached"},
		"free text in a list of objects": {bodied[inListOfStructs](), "cannot be reached"},
		"a time behind a pointer":        {bodied[behindPointer](), "cannot be reached"},
		"a query whose member names no parameter": {reads(v, nil,
			func(*call, *untagged) (*none, error) { return nil, nil }), "names no parameter"},
		"a record that nobody knows": {does[workflow.AssignVisit]("POST",
			site+"/lobby/:visit/assign"), "no record that is known"},
	} {
		err := x.row.compile()
		if err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: %v, want %q", name, err, x.want)
		}
	}
	if err := build(v + "/:visit/assign").compile(); err != nil {
		t.Errorf("a sound row: %v", err)
	}
}

func bodied[B any]() *route {
	return hears("POST", site+"/visits/:visit/assign",
		func(*call, *B) (*workflow.AssignVisit, error) { return nil, nil })
}
