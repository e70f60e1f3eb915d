package mongostore

import (
	"go.mongodb.org/mongo-driver/v2/bson"
)

// column is a field of a view and the expression behind it.
type column struct {
	name string
	expr any
}

type columns []column

func (c columns) fields() bson.D {
	d := make(bson.D, len(c))
	for i, x := range c {
		d[i] = bson.E{Key: x.name, Value: x.expr}
	}
	return d
}

// grouped matches, groups by the site and further dimensions, sums up, and computes from the sums.
// Sums whose names begin with _ are not shown.
func grouped(match bson.D, by, sums, computed columns) (p bson.A) {
	if match != nil {
		p = append(p, stage("$match", match))
	}
	id := bson.D{{Key: pathSite, Value: "$site"}}
	dims := make(columns, len(by))
	for i, d := range by {
		id = append(id, bson.E{Key: d.name, Value: op("$ifNull", d.expr, nil)})
		dims[i] = column{d.name, "$_id." + d.name}
	}
	shown := make(columns, 0, len(sums)+len(computed))
	for _, s := range sums {
		if s.name[0] != '_' {
			shown = append(shown, column{s.name, "$" + s.name})
		}
	}
	return append(p, stage("$group", append(bson.D{{Key: pathID, Value: id}}, sums.fields()...)),
		stage("$replaceWith", row(dims, append(shown, computed...))))
}

// row is what a view shows.
func row(dims, shown columns) bson.D {
	return append(append(bson.D{{Key: pathSite, Value: "$_id.site"}}, dims.fields()...),
		shown.fields()...)
}

func stage(name string, value any) bson.D { return bson.D{{Key: name, Value: value}} }

func match(field string, value any) bson.D { return bson.D{{Key: field, Value: value}} }

func op(name string, args ...any) bson.D { return bson.D{{Key: name, Value: bson.A(args)}} }

func op1(name string, arg any) bson.D { return bson.D{{Key: name, Value: arg}} }

func sum(of any) bson.D { return op1("$sum", of) }

func count(cond any) bson.D { return sum(when(cond, 1, 0)) }

func when(cond, then, otherwise any) bson.D { return op("$cond", cond, then, otherwise) }

func and(conds ...any) bson.D { return op("$and", conds...) }

func not(cond any) bson.D { return op("$not", cond) }

// has: a field that is neither missing nor null.
func has(field string) bson.D { return op("$gt", field, nil) }

// taken: a step of an outcome. Visits from before schema 1 hold a list in outcome, and a field of a
// list is a list.
func taken(step string) bson.D { return op("$eq", op1("$type", step), "object") }

func positive(field string) bson.D { return op("$gt", orZero(field), 0) }

func orZero(field string) bson.D { return op("$ifNull", field, 0) }

func orEmpty(field string) bson.D { return op("$ifNull", field, bson.A{}) }

// ratio is a / b rounded half up to four decimals; null when b is 0. It is computed in whole
// numbers up to the last division.
func ratio(a, b any) bson.D {
	rounded := op1("$floor",
		op("$divide", op("$add", op("$multiply", 2, a, 10_000), b), op("$multiply", 2, b)))
	return when(op("$eq", b, 0), nil, op("$divide", rounded, 10_000))
}
