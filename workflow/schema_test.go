package workflow_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/lunpai/lunpai/shape"
	"github.com/lunpai/lunpai/shape/draw"
	"github.com/lunpai/lunpai/workflow"
)

// TestDrawnWords draws drawn.go from the constants of this package.
func TestDrawnWords(t *testing.T) { draw.HoldWords(t, "workflow", *update) }

// TestSchema draws schema.json, the one description of the records: MongoDB's validators, the
// tables of docs/analytics.md and the contract's schemas are made from it.
func TestSchema(t *testing.T) {
	rules := shape.Rules{
		Types: map[reflect.Type]shape.Shape{
			reflect.TypeFor[workflow.Date]():  {Kind: shape.String, Pattern: shape.DatePattern},
			reflect.TypeFor[workflow.Clock](): {Kind: shape.String, Pattern: shape.ClockPattern},
		},
		Members: map[string]shape.Shape{
			"Rota.day": {Kind: shape.String, Pattern: shape.MaybeDatePattern},
		},
		Name: func(t reflect.Type) string {
			if t.Kind() == reflect.Struct || t.Implements(reflect.TypeFor[shape.Worded]()) {
				return t.Name()
			}
			return ""
		},
	}
	d := draw.Drawer{Source: source(t), Prefix: "#/$defs/"}
	records := draw.Map{}
	for _, c := range workflow.Collections {
		r, err := workflow.Blank(c)
		if err != nil {
			t.Fatal(err)
		}
		records.Set(string(c), d.Schema(rules.Of(reflect.TypeOf(r))))
	}
	for _, name := range d.Bare {
		t.Errorf("%s has no description that says more than its name", name)
	}
	d.Schemas.Sort()
	text, err := json.MarshalIndent(draw.Map{
		{Key: "$schema", Value: "https://json-schema.org/draft/2020-12/schema"},
		{Key: "title", Value: "The records of lunpai by collection"},
		{Key: "properties", Value: records},
		{Key: "$defs", Value: d.Schemas},
	}, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "schema.json", string(text)+"\n")
}

func source(t *testing.T) *draw.Source {
	t.Helper()
	s, err := draw.Read(".")
	if err != nil {
		t.Fatal(err)
	}
	return s
}
