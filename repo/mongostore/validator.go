package mongostore

import (
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/lunpai/lunpai/workflow"
)

// validator is the minimal schema of an image collection: what analysts may rely on in every document.
func validator(c workflow.Collection) bson.D {
	required := bson.A{pathID, pathSite, pathSeq, "open"}
	properties := bson.D{typed(pathID, "string"), typed(pathSite, "string"), typed(pathSeq, "long"), typed("open", "bool")}
	extra := func(must bool, field, kind string) {
		if must {
			required = append(required, field)
		}
		properties = append(properties, typed(field, kind))
	}
	switch c {
	case workflow.Visits:
		extra(true, "state", "string")
		extra(true, "business_day", "string")
		extra(true, "arrived_at", "date")
		for _, f := range []string{"identified_at", "assigned_at", "served_at", "registered_at", "ended_at"} {
			extra(false, f, "date")
		}
		for _, f := range []string{"kind", "customer", "server", "principal", "route", "counts_for"} {
			extra(false, f, "string")
		}
	case workflow.Customers:
		extra(true, "status", "string")
		extra(false, "owner", "string")
		extra(false, "last_contact_at", "date")
	case workflow.Rotas:
		extra(true, "day", "string")
	case workflow.StaffList:
		extra(true, "staff", "string")
		extra(true, "active", "bool")
	case workflow.Sites:
		extra(true, "zone", "string")
	default: // nothing more is promised yet
	}
	return bson.D{{Key: "$jsonSchema", Value: bson.D{
		{Key: "bsonType", Value: "object"}, {Key: "required", Value: required}, {Key: "properties", Value: properties},
	}}}
}

func typed(field, kind string) bson.E {
	return bson.E{Key: field, Value: bson.D{{Key: "bsonType", Value: kind}}}
}
