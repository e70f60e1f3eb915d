package mongostore

import (
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/lunpai/lunpai/workflow"
)

// ticketSums are columns of the reports about tickets.
var ticketSums = map[string]column{
	"major":         {"major", count(has("$major_at"))},
	"handed":        {"handed", count(has("$handed_at"))},
	"repeat_calls":  {"repeat_calls", sum(op1("$size", orEmpty("$calls")))},
	"resolved":      {"resolved", count(has("$resolved_at"))},
	"closed":        {"closed", count(has("$closed_at"))},
	"withdrawn":     {"withdrawn", count(op("$eq", "$outcome", workflow.OutcomeWithdrawn))},
	"told":          {"told", count(op("$eq", "$told", true))},
	"first_contact": {"first_contact", count(op("$eq", "$first_contact", true))},
}

// firstResponders counts tickets by who was asked first, and notes about those who shirked.
func firstResponders() bson.A {
	inside := op1("$size", op1("$filter", bson.D{
		{Key: "input", Value: orEmpty("$handovers")},
		{Key: "as", Value: "x"},
		{Key: "cond", Value: op("$eq", "$$x.inside", true)},
	}))
	shape := func(who string, shown columns) bson.D {
		return append(bson.D{{Key: pathSite, Value: 1}, {Key: "who", Value: who}},
			shown.fields()...)
	}
	p := bson.A{stage("$project", shape("$first_responder", columns{
		{"opened", bson.D{{Key: "$literal", Value: 1}}},
		{"first", when(op("$eq", "$first_contact", true), 1, 0)},
		{"handed", when(has("$handed_at"), 1, 0)},
		{"inside", inside},
		{"record", "$seconds.to_record"},
		{"resolve", "$seconds.to_resolve"},
	})), stage("$unionWith", bson.D{
		{Key: "coll", Value: "conduct"},
		{Key: "pipeline", Value: bson.A{
			stage("$match", match("rule", "P3-2.7a")),
			stage("$project", shape("$who", columns{
				{"noted", bson.D{{Key: "$literal", Value: 1}}},
			})),
		}},
	})}
	rank := func(of string, p int) bson.D {
		values := op1("$sortArray", bson.D{
			{Key: "input", Value: op1("$filter", bson.D{
				{Key: "input", Value: of},
				{Key: "as", Value: "x"},
				{Key: "cond", Value: op("$gt", "$$x", nil)},
			})},
			{Key: "sortBy", Value: 1},
		})
		n := op1("$size", "$$sorted")
		place := op("$subtract",
			op1("$toInt", op1("$ceil", op("$divide", op("$multiply", n, p), 100))), 1)
		return op1("$let", bson.D{
			{Key: "vars", Value: bson.D{{Key: "sorted", Value: values}}},
			{Key: "in", Value: when(op("$eq", n, 0), nil,
				op("$arrayElemAt", "$$sorted", place))},
		})
	}
	return append(p, grouped(nil, columns{{"first_responder", "$who"}}, columns{
		{"opened", sum("$opened")},
		{"first_contact", sum("$first")},
		{"handed", sum("$handed")},
		{"handed_inside", sum("$inside")},
		{"conduct_notes", sum("$noted")},
		{"_record", op1("$push", "$record")},
		{"_resolve", op1("$push", "$resolve")},
	}, columns{
		{"first_contact_rate", ratio("$first_contact", "$opened")},
		{"record_p50", rank("$_record", 50)},
		{"record_p90", rank("$_record", 90)},
		{"resolve_p50", rank("$_resolve", 50)},
		{"resolve_p90", rank("$_resolve", 90)},
	})...)
}

// slipsMonthly counts the liaison slips of matters that were solved first.
func slipsMonthly() bson.A {
	pending := op("$eq", "$slip", workflow.SlipPending)
	late := and(not(pending), has("$slip_due_at"), op("$gt", "$slip_at", "$slip_due_at"))
	return grouped(match("slip", bson.D{{Key: "$ne", Value: workflow.SlipNone}}),
		columns{{"month", "$month"}}, columns{
			{"solved_first", sum(1)},
			{"in_time", count(not(op("$or", pending, late)))},
			{"late", count(late)},
			{"pending", count(pending)},
		}, nil)
}

// outcomes counts what was due by what became of it.
func outcomes(of ...string) columns {
	c := columns{{"expected", sum(1)}}
	for _, o := range of {
		name := o
		if o == "missed" {
			name = "not_done"
		}
		c = append(c, column{name, count(op("$eq", "$duty.outcome", o))})
	}
	return c
}

// duty is something that was due: the members of a mark.
func duty(day, outcome any, more ...bson.E) bson.D {
	return append(bson.D{{Key: "day", Value: day}, {Key: "outcome", Value: outcome}}, more...)
}

// mapped is a duty for each item of a list.
func mapped(list, in any) bson.D {
	return op1("$map", bson.D{
		{Key: "input", Value: list}, {Key: "as", Value: "x"}, {Key: "in", Value: in},
	})
}

// spreadDuties makes a document of each duty.
func spreadDuties(lists ...any) bson.A {
	return bson.A{
		stage("$project", bson.D{
			{Key: pathID, Value: 0},
			{Key: pathSite, Value: 1},
			{Key: "duty", Value: op1("$concatArrays", bson.A(lists))},
		}),
		stage("$unwind", "$duty"),
	}
}

// followUpsMonthly counts the calls to customers of projects.
func followUpsMonthly() bson.A {
	answered := op1("$filter", bson.D{
		{Key: "input", Value: orEmpty("$calls")},
		{Key: "as", Value: "x"},
		{Key: "cond", Value: has("$$x.due")},
	})
	ends := op1("$dateToString", bson.D{
		{Key: "format", Value: "%Y-%m-%d"},
		{Key: "date", Value: op1("$dateAdd", bson.D{
			{Key: "startDate", Value: op1("$dateFromString",
				bson.D{{Key: "dateString", Value: "$delivered_on"}})},
			{Key: "unit", Value: "month"},
			{Key: "amount", Value: 12},
		})},
	})
	year := func(day string) bson.E {
		return bson.E{Key: "first_year", Value: op("$lte", day, "$ends")}
	}
	open := when(and(has("$next_due"), op("$eq", "$next_due", "$reminded_of")),
		bson.A{duty("$next_due", "open", year("$next_due"))}, bson.A{})
	p := append(bson.A{stage("$set", bson.D{{Key: "ends", Value: ends}})}, spreadDuties(
		mapped(answered, duty("$$x.due", when(op("$eq", "$$x.late", true), "late", "in_time"),
			year("$$x.due"))),
		mapped(orEmpty("$missed"), duty("$$x", "missed", year("$$x"))), open)...)
	return append(p, grouped(nil, columns{
		{"month", op("$substrBytes", "$duty.day", 0, 7)}, {"first_year", "$duty.first_year"},
	}, outcomes("in_time", "late", "missed", "open"), nil)...)
}

// faultsMonthly counts major faults and the time that they took.
func faultsMonthly() bson.A {
	seconds := func(from, to string) bson.D {
		return sum(when(has(to), op1("$floor", op("$divide", op("$subtract", to, from), 1000)), 0))
	}
	return grouped(nil, columns{{"month", "$month"}}, columns{
		{"faults", sum(1)},
		{"recurring", count(has("$recurs"))},
		{"filed", count(has("$filed_at"))},
		{"_filed", seconds("$reported_at", "$filed_at")},
		{"relayed", count(has("$relayed_at"))},
		{"_relayed", seconds("$filed_at", "$relayed_at")},
		{"analysed", count(has("$analysed_at"))},
		{"analysed_in_time", count(and(has("$analysed_at"),
			op("$lte", "$analysed_at", "$analysis_due_at")))},
		{"fed_back", count(has("$closed_at"))},
	}, columns{
		{"file_avg", ratio("$_filed", "$filed")}, {"relay_avg", ratio("$_relayed", "$relayed")},
	})
}

// serviceDiscipline counts sheets, supervision reports, watches and the round of the year's end.
func serviceDiscipline() bson.A {
	task := func(of any) bson.E { return bson.E{Key: "task", Value: of} }
	supervised := op("$eq", "$kind", workflow.ReportSupervision)
	day := when(supervised, op("$concat", "$month", "-01"), "$week")
	kind := when(supervised, "supervision", "weekly")
	unwritten := when(and(supervised, op("$eq", op1("$size", orEmpty("$entries")), 0)),
		bson.A{duty(day, "missed", task(kind))}, bson.A{})
	reports := spreadDuties(
		mapped(orEmpty("$entries"), duty(day,
			when(op("$eq", "$$x.late", true), "late", "in_time"), task(kind))),
		mapped(orEmpty("$missing"), duty(day, "missed", task(kind))),
		mapped(orEmpty("$excused"), duty(day, "excused", task(kind))), unwritten)

	silent := op("$eq", op1("$size", orEmpty("$log")), 0)
	unmanned := op("$eq", op1("$size", orEmpty("$staff")), 0)
	became := op1("$switch", bson.D{
		{Key: "branches", Value: bson.A{
			bson.D{
				{Key: "case", Value: op("$or", unmanned, and(silent, has("$judged_at")))},
				{Key: "then", Value: "missed"},
			},
			bson.D{{Key: "case", Value: has("$judged_at")}, {Key: "then", Value: "late"}},
		}},
		{Key: "default", Value: "in_time"},
	})
	toCome := and(silent, not(unmanned), not(has("$judged_at")))
	watches := spreadDuties(when(toCome, bson.A{}, bson.A{duty("$date", became, task("watch"))}))

	last := op("$concat", op1("$toString", "$$x.year"), "-12-31")
	of := func(name string) bson.D {
		at := fmt.Sprintf("$$x.%s_at", name)
		done := op1("$filter", bson.D{
			{Key: "input", Value: "$rounds"},
			{Key: "as", Value: "x"},
			{Key: "cond", Value: op("$or", has(at), has("$$x.skipped_at"))},
		})
		return mapped(done, duty(last, when(has(at), "in_time", "excused"), task(name)))
	}
	rounds := op1("$concatArrays", bson.A{
		orEmpty("$past_needs"), when(has("$need"), bson.A{"$need"}, bson.A{}),
	})
	needs := append(bson.A{
		stage("$match", match("need", bson.D{{Key: "$exists", Value: true}})),
		stage("$set", bson.D{{Key: "rounds", Value: rounds}}),
	}, spreadDuties(of("gift"), of("needs"))...)

	p := reports
	for _, other := range []struct {
		on string
		of bson.A
	}{{"watches", watches}, {"customers", needs}} {
		p = append(p, stage("$unionWith", bson.D{
			{Key: "coll", Value: other.on}, {Key: "pipeline", Value: other.of},
		}))
	}
	return append(p, grouped(nil, columns{
		{"month", op("$substrBytes", "$duty.day", 0, 7)}, {"task", "$duty.task"},
	}, outcomes("in_time", "late", "missed", "excused"), nil)...)
}
