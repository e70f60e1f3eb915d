package mongostore

import (
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/lunpai/lunpai/workflow"
)

// field is what analysts may rely on of one field.
type field struct {
	name, kind string
	required   bool
}

// heads are the fields of every record.
var heads = []field{{pathID, "string", true}, {pathSite, "string", true}, {pathSeq, "long", true}, {"open", "bool", true}}

// promised are further fields by collection. Nothing more is promised of the others.
var promised = map[workflow.Collection][]field{
	workflow.Visits: {
		{"state", "string", true},
		{"business_day", "string", true},
		{"arrived_at", "date", true},
		{"identified_at", "date", false},
		{"assigned_at", "date", false},
		{"served_at", "date", false},
		{"registered_at", "date", false},
		{"ended_at", "date", false},
		{"kind", "string", false},
		{"customer", "string", false},
		{"server", "string", false},
		{"principal", "string", false},
		{"route", "string", false},
		{"counts_for", "string", false},
	},
	workflow.Customers: {{"status", "string", true}, {"owner", "string", false}, {"last_contact_at", "date", false}},
	workflow.Rotas:     {{"day", "string", true}},
	workflow.StaffList: {{"staff", "string", true}, {"active", "bool", true}},
	workflow.Sites:     {{"zone", "string", true}},
}

// validator is the minimal schema of an image collection.
func validator(c workflow.Collection) bson.D {
	var required bson.A
	var properties bson.D
	for _, fields := range [][]field{heads, promised[c]} {
		for _, f := range fields {
			if f.required {
				required = append(required, f.name)
			}
			properties = append(properties, bson.E{Key: f.name, Value: bson.D{{Key: "bsonType", Value: f.kind}}})
		}
	}
	return bson.D{{Key: "$jsonSchema", Value: bson.D{
		{Key: "bsonType", Value: "object"}, {Key: "required", Value: required}, {Key: "properties", Value: properties},
	}}}
}
