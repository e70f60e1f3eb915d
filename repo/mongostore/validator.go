package mongostore

import (
	"fmt"
	"strings"
	"sync"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/lunpai/lunpai/workflow"
)

// validator is the schema of an image collection: that of its record, field by field, as
// workflow/schema.json describes it. Fields that a record always has are required. Others are
// allowed, so that an older program does not reject what a newer one writes. testdata/schema.json
// keeps the fields that analysts rely on.
func validator(c workflow.Collection) (bson.D, error) {
	all, err := recordSchema()
	if err != nil {
		return nil, err
	}
	record, ok := member(all, "properties", string(c)).(bson.D)
	if !ok {
		return nil, fmt.Errorf("collection %s has no schema", c)
	}
	s, err := converter{all}.object(resolve(all, record), true)
	if err != nil {
		return nil, fmt.Errorf("schema of %s: %w", c, err)
	}
	return bson.D{{Key: "$jsonSchema", Value: s}}, nil
}

// recordSchema is workflow/schema.json with its members in order.
var recordSchema = sync.OnceValues(func() (all bson.D, err error) {
	err = bson.UnmarshalExtJSON(workflow.RecordSchema, false, &all)
	return all, err
})

// converter turns a JSON schema into one for the documents that encode.go writes.
type converter struct{ all bson.D }

func (k converter) convert(s bson.D) (bson.D, error) {
	if ref := resolve(k.all, s); ref != nil {
		return k.convert(ref)
	}
	if words, ok := member(s, "enum").(bson.A); ok {
		return bson.D{{Key: "enum", Value: words}}, nil
	}
	switch member(s, "type") {
	case "string":
		if member(s, "format") == "date-time" {
			return bsonType("date"), nil
		}
		return bsonType("string"), nil
	case "boolean":
		return bsonType("bool"), nil
	case "integer":
		return bsonType("long"), nil
	case "array":
		items, _ := member(s, "items").(bson.D)
		i, err := k.convert(items)
		return append(bsonType("array"), bson.E{Key: "items", Value: i}), err
	case "object":
		if member(s, "additionalProperties") != nil { // any names
			return bsonType("object"), nil
		}
		return k.object(s, false)
	}
	return nil, fmt.Errorf("no BSON type for %v", s)
}

// object converts the schema of an object; the id of a record is stored as _id.
func (k converter) object(s bson.D, record bool) (bson.D, error) {
	name := func(n string) string {
		if record && n == "id" {
			return pathID
		}
		return n
	}
	out := bsonType("object")
	if required, ok := member(s, "required").(bson.A); ok { // MongoDB takes no empty list
		names := bson.A{}
		for _, n := range required {
			names = append(names, name(fmt.Sprint(n)))
		}
		out = append(out, bson.E{Key: "required", Value: names})
	}
	properties := bson.D{}
	fields, _ := member(s, "properties").(bson.D)
	for _, f := range fields {
		field, _ := f.Value.(bson.D)
		p, err := k.convert(field)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Key, err)
		}
		properties = append(properties, bson.E{Key: name(f.Key), Value: p})
	}
	return append(out, bson.E{Key: "properties", Value: properties}), nil
}

// resolve is the schema that another one refers to, alone or beside a description; nil when it does
// not.
func resolve(all, s bson.D) bson.D {
	if one, ok := member(s, "allOf").(bson.A); ok && len(one) == 1 {
		s, _ = one[0].(bson.D)
	}
	ref, ok := member(s, "$ref").(string)
	if !ok {
		return nil
	}
	to, _ := member(all, "$defs", strings.TrimPrefix(ref, "#/$defs/")).(bson.D)
	return to
}

// member is the value at a path of a document; nil when there is none.
func member(d bson.D, path ...string) any {
	var v any = d
	for _, name := range path {
		doc, _ := v.(bson.D)
		v = nil
		for _, e := range doc {
			if e.Key == name {
				v = e.Value
			}
		}
	}
	return v
}

func bsonType(name string) bson.D { return bson.D{{Key: "bsonType", Value: name}} }
