package mongostore

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/lunpai/lunpai/workflow"
)

// validator is the schema of an image collection: that of its record, field by field. Fields that a record always has are
// required; further ones are let in, so that an older program does not reject what a newer one writes. testdata/schema.json
// keeps those that analysts rely on.
func validator(c workflow.Collection) (bson.D, error) {
	r, err := workflow.Blank(c)
	if err != nil {
		return nil, err
	}
	o := object{record: true}
	if err := o.add(reflect.TypeOf(r).Elem()); err != nil {
		return nil, fmt.Errorf("schema of %s: %w", c, err)
	}
	return bson.D{{Key: "$jsonSchema", Value: o.schema()}}, nil
}

// valuesOf are the closed sets of values, by the type that holds one.
var valuesOf = map[reflect.Type][]any{
	reflect.TypeFor[workflow.State](): {
		workflow.Arrived, workflow.Identified, workflow.Assigned, workflow.Served, workflow.Registered, workflow.Abandoned, workflow.Merged,
	},
	reflect.TypeFor[workflow.VisitKind]():      list(workflow.VisitKinds),
	reflect.TypeFor[workflow.Route]():          list(workflow.Routes),
	reflect.TypeFor[workflow.ServerRole]():     {workflow.Lead, workflow.Assist, workflow.StandIn},
	reflect.TypeFor[workflow.TurnEffect]():     {workflow.TurnUsed, workflow.TurnKept, workflow.TurnHeld, workflow.TurnNone},
	reflect.TypeFor[workflow.PassEffect]():     {workflow.PassVoid, workflow.PassVoidWithRight, workflow.PassHold},
	reflect.TypeFor[workflow.OutReason]():      {workflow.OutUsed, workflow.OutVoided},
	reflect.TypeFor[workflow.UnitType]():       {workflow.PersonUnit, workflow.TeamUnit},
	reflect.TypeFor[workflow.Topic]():          {workflow.TopicSales, workflow.TopicOther},
	reflect.TypeFor[workflow.CustomerStatus](): list(workflow.CustomerStatuses),
	reflect.TypeFor[workflow.Presence](): {
		workflow.OnSite, workflow.Personal, workflow.OnLeave, workflow.DayOff, workflow.CompanyDuty, workflow.Chores, workflow.LeaderTask,
	},
}

func list[T any](values []T) (out []any) {
	for _, v := range values {
		out = append(out, v)
	}
	return out
}

// schemaOf is the schema of a value, as encode.go writes it.
func schemaOf(t reflect.Type) (bson.D, error) {
	if t == reflect.TypeFor[time.Time]() {
		return bsonType("date"), nil
	}
	if values := valuesOf[t]; values != nil {
		return bson.D{{Key: "enum", Value: bson.A(values)}}, nil
	}
	switch t.Kind() {
	case reflect.Pointer:
		return schemaOf(t.Elem())
	case reflect.String:
		return bsonType("string"), nil
	case reflect.Bool:
		return bsonType("bool"), nil
	case reflect.Int, reflect.Int64:
		return bsonType("long"), nil
	case reflect.Slice, reflect.Array:
		items, err := schemaOf(t.Elem())
		return append(bsonType("array"), bson.E{Key: "items", Value: items}), err
	case reflect.Map:
		return bsonType("object"), nil
	case reflect.Struct:
		o := object{}
		if err := o.add(t); err != nil {
			return nil, err
		}
		return o.schema(), nil
	default:
		return nil, fmt.Errorf("no BSON type for %s", t)
	}
}

func bsonType(name string) bson.D { return bson.D{{Key: "bsonType", Value: name}} }

// object gathers the fields of a struct.
type object struct {
	record     bool // its id is stored as _id
	required   bson.A
	properties bson.D
}

// add takes the fields in; those of embedded structs stand beside them.
func (o *object) add(t reflect.Type) error {
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous:
			if err := o.add(f.Type); err != nil {
				return err
			}
			continue
		case !f.IsExported() || name == "-":
			continue
		case name == "id" && o.record:
			name = pathID
		}
		s, err := schemaOf(f.Type)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		o.properties = append(o.properties, bson.E{Key: name, Value: s})
		if options == "" {
			o.required = append(o.required, name)
		}
	}
	return nil
}

func (o *object) schema() bson.D {
	s := bsonType("object")
	if len(o.required) > 0 { // MongoDB takes no empty list
		s = append(s, bson.E{Key: "required", Value: o.required})
	}
	return append(s, bson.E{Key: "properties", Value: o.properties})
}
