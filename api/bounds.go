package api

import (
	"reflect"

	"github.com/lunpai/lunpai/repo/vault"
	"github.com/lunpai/lunpai/shape"
	"github.com/lunpai/lunpai/workflow"
)

// Patterns of texts in bodies.
const (
	projectPattern  = `^[0-9A-Za-z][0-9A-Za-z._-]*$`
	monthPattern    = `^[0-9]{4}-[0-9]{2}$`
	initialsPattern = `^[a-z]*$`
	codePattern     = `^[0-9]{0,4}([a-z_]+[0-9]{0,4})*$`
	pinPattern      = `^[0-9]{6}$`
	articlePattern  = `^P([12]-[0-9]{2}[a-c]?|3-[1-9](\.[1-7][ab]?)?)$`
)

// bodyRules are the rules for what is sent: how long texts and lists may be, how large numbers.
var bodyRules = shape.Rules{
	Types: map[reflect.Type]shape.Shape{
		reflect.TypeFor[workflow.SiteID]():     chars(1, 64),
		reflect.TypeFor[workflow.StaffID]():    chars(1, 64),
		reflect.TypeFor[workflow.UnitID]():     chars(1, 64),
		reflect.TypeFor[workflow.VisitID]():    chars(1, 100),
		reflect.TypeFor[workflow.CustomerID](): chars(1, 100),
		reflect.TypeFor[workflow.RecordID]():   chars(1, 100),
		reflect.TypeFor[workflow.DealID]():     chars(1, 100),
		reflect.TypeFor[workflow.KeyID]():      chars(1, 100),
		reflect.TypeFor[workflow.NoteID]():     freeText,
		reflect.TypeFor[workflow.Date]():       {Kind: shape.String, Pattern: shape.DatePattern},
		reflect.TypeFor[workflow.ProjectID](): {
			Kind: shape.String, Pattern: projectPattern, Min: new(int64(1)), Max: new(int64(64)),
		},
		reflect.TypeFor[workflow.AreaCode]():   code,
		reflect.TypeFor[workflow.Department](): code,
		reflect.TypeFor[workflow.Month]():      {Kind: shape.String, Pattern: monthPattern},
		reflect.TypeFor[workflow.Clock]():      {Kind: shape.String, Pattern: shape.ClockPattern},
		reflect.TypeFor[workflow.Role](): {
			Kind: shape.String, Words: words(workflow.Roles), Name: "GivenRole",
		},
		reflect.TypeFor[AssignNow](): {Or: []*shape.Shape{
			{Kind: shape.Boolean}, {Kind: shape.String, Words: []string{"if_free"}},
		}},
	},
	Members: map[string]shape.Shape{
		"channel": code, "reason": code, "purpose": code, "district": code, "layout": code,
		"intent": code, "item": code,
		"callback": freeText, "remark": freeText, "text": freeText, "note": freeText,
		"phone": chars(5, 40), "ImportRow.phone": chars(1, 100),
		"NameBody.name": chars(1, 40), "StaffName.name": chars(1, 40),
		"UnitName.name": chars(1, 40),
		"py": {
			Kind: shape.String, Pattern: initialsPattern, Min: new(int64(1)), Max: new(int64(12)),
		},
		"zh": chars(1, 1300), "en": chars(1, 4000),
		"rule": {Kind: shape.String, Pattern: articlePattern},
		"days": between(shape.Integer, 0, 6), "days[]": upTo(shape.Array, 7),
		"more[]": upTo(shape.Array, 11),
		"pin":    sixDigits, "new_pin": sixDigits, "PINBody.old": sixDigits,
		"overlap_s": between(shape.Integer, 0, workflow.MaxOverlap),
		"Leave.reason": {Kind: shape.String, Words: []string{
			string(workflow.Personal), string(workflow.OnLeave),
			string(workflow.DayOff), string(workflow.CompanyDuty),
		}},
		"PlanAbsence.reason": {Kind: shape.String, Words: []string{
			string(workflow.Personal), string(workflow.OnLeave),
			string(workflow.DayOff), string(workflow.CompanyDuty),
		}},
		"Busy.with": {Kind: shape.String, Words: []string{
			string(workflow.Chores), string(workflow.LeaderTask), string(workflow.Helping),
		}},
	},
	Kinds: map[reflect.Kind]shape.Shape{
		reflect.String: chars(1, 100),
		reflect.Int:    between(shape.Integer, 0, 1_000_000),
		reflect.Int64:  between(shape.Integer, 0, 1<<53-1),
		reflect.Slice:  upTo(shape.Array, 500),
	},
	Name: schemaName,
}

var (
	sixDigits = shape.Shape{Kind: shape.String, Pattern: pinPattern}
	code      = shape.Shape{
		Kind: shape.String, Pattern: codePattern, Min: new(int64(1)), Max: new(int64(40)),
	}
	freeText = chars(1, 2000)
)

func chars(from, to int64) shape.Shape { return between(shape.String, from, to) }

func upTo(k shape.Kind, to int64) shape.Shape { return shape.Shape{Kind: k, Max: new(to)} }

func between(k shape.Kind, from, to int64) shape.Shape {
	return shape.Shape{Kind: k, Min: new(from), Max: new(to)}
}

func words[S ~string](values []S) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}

// schemaName names the schemas of structs and of closed sets of words.
func schemaName(t reflect.Type) string {
	_, worded := reflect.Zero(t).Interface().(shape.Worded)
	if worded || t.Kind() == reflect.Struct {
		if t == reflect.TypeFor[vault.Person]() {
			return "KeptPerson" // who the customer is, as it is kept; Person is as it is sent
		}
		return t.Name()
	}
	return ""
}

// queryRules are the rules for query parameters.
var queryRules = shape.Rules{
	Types: map[reflect.Type]shape.Shape{
		reflect.TypeFor[Limit](): {
			Kind: shape.Integer, Min: new(int64(1)), Max: new(int64(maxLimit)), Default: usualLimit,
		},
		reflect.TypeFor[Seq]():           {Kind: shape.Integer, Min: new(int64(1))},
		reflect.TypeFor[After]():         {Kind: shape.Integer, Min: new(int64(0))},
		reflect.TypeFor[workflow.Date](): {Kind: shape.String, Pattern: shape.DatePattern},
	},
	Name: schemaName,
}
