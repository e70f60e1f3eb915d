package mongostore

import (
	"context"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/lunpai/lunpai/workflow"
)

// This file holds the views for those who query MongoDB directly: the reports of the same names,
// for all sites, over the whole history, with the same fields and the same numbers to the last bit.
// The reports are the definition; TestViews compares every view with them.

// view is a stored aggregation.
type view struct {
	name, on string
	pipeline bson.A
}

// views lists them in such an order that each comes after what it reads.
func views() []view {
	funnel := func(dim, field string) bson.A {
		return grouped(match("state", bson.D{{Key: "$ne", Value: workflow.Merged}}),
			columns{{dim, field}}, funnelSums, funnelRates)
	}
	return []view{
		{"conversion_daily", "visits", funnel("day", "$business_day")},
		{"funnel_by_consultant", "visits", funnel("consultant", "$principal")},
		{"funnel_by_channel", "visits", funnel("channel", "$channel")},
		{
			"cohorts_weekly", "visits",
			grouped(match("outcome.first", bson.D{{Key: "$exists", Value: true}}),
				columns{{"week", "$week"}}, cohortSums(),
				columns{{"signed_rate", ratio("$signed", "$customers")}}),
		},
		{
			"receptions_daily", "visits",
			grouped(received, columns{{"day", "$business_day"}, {"rule", "$count_rule"}}, columns{
				{"receptions", sum(1)},
				{"counted", sum(when(not("$open"), orZero("$count"), 0))},
				{"uncounted", count(and(not("$open"), not(positive("$count"))))},
				{"pending", count("$open")},
			}, nil),
		},
		{"waiting_times", "visits", waitingTimes()},
		{
			"walkouts", "visits",
			grouped(match("state", bson.D{{Key: "$ne", Value: workflow.Merged}}),
				columns{{"day", "$business_day"}}, columns{
					{"visits", sum(1)},
					{"walkouts", count(walkedOut)},
					{"unreceived", count(and(walkedOut, not(has("$assigned_at"))))},
					{"given_up", count(and(walkedOut, has("$assigned_at")))},
					{
						"_seen",
						count(and(walkedOut, not(has("$assigned_at")), has("$seconds.waited"))),
					},
					{
						"_waited",
						sum(when(and(walkedOut, not(has("$assigned_at"))),
							orZero("$seconds.waited"), 0)),
					},
				},
				columns{
					{"rate", ratio("$walkouts", "$visits")}, {
						"left_after_avg", ratio("$_waited", "$_seen"),
					},
				}),
		},
		{"turns_ledger", "visits", turnsLedger()},
		{"fairness_daily", "turns_ledger", fairnessDaily()},
		{"tickets_daily", "tickets", grouped(nil, columns{{"day", "$business_day"}},
			columns{
				{"opened", sum(1)},
				ticketSums["major"], ticketSums["handed"],
				ticketSums["repeat_calls"], ticketSums["resolved"], ticketSums["closed"],
				ticketSums["withdrawn"], ticketSums["told"],
			}, nil)},
		{"first_responders", "tickets", firstResponders()},
		{"slips_monthly", "tickets", slipsMonthly()},
		{"follow_ups_monthly", "projects", followUpsMonthly()},
		{"faults_monthly", "faults", faultsMonthly()},
		{"service_discipline", "service_reports", serviceDiscipline()},
		{"supervision_monthly", "tickets", grouped(nil,
			columns{{"month", "$month"}, {"department", "$department"}},
			columns{
				{"opened", sum(1)},
				{"complaints", count(op("$eq", "$kind", workflow.TicketComplaint))},
				ticketSums["major"], ticketSums["handed"], ticketSums["repeat_calls"],
				ticketSums["resolved"], ticketSums["first_contact"], ticketSums["closed"],
				ticketSums["told"],
				{"_sum", sum("$seconds.to_resolve")},
			}, columns{{"resolve_avg", ratio("$_sum", "$resolved")}})},
	}
}

var (
	received = match("state", bson.D{
		{Key: "$in", Value: bson.A{workflow.Assigned, workflow.Served, workflow.Registered}},
	})
	walkedOut = op("$eq", "$state", workflow.Abandoned)
)

// funnelSums and funnelRates are the columns of a funnel.
var (
	funnelSums = columns{
		{"visits", sum(1)},
		{
			"received", count(op("$in", "$state", bson.A{
				workflow.Assigned, workflow.Served, workflow.Registered,
			})),
		},
		{"registered", count(op("$eq", "$state", workflow.Registered))},
		{"customers", count(taken("$outcome.first"))},
		{"intention", count(taken("$outcome.first.intention"))},
		{"holding_fee", count(taken("$outcome.first.holding_fee"))},
		{"deposit", count(taken("$outcome.first.deposit"))},
		{"signed", count(taken("$outcome.first.signed"))},
		{"refunded", count(taken("$outcome.first.refunded"))},
		{"deposit_amount", sum("$outcome.first.deposit.amount")},
		{"signed_amount", sum("$outcome.first.signed.amount")},
		{"refunded_amount", sum("$outcome.first.refunded.amount")},
		{"flats", sum("$outcome.first.signed.count")},
		{"deposit_last", count(taken("$outcome.last.deposit"))},
		{"signed_last", count(taken("$outcome.last.signed"))},
		{"signed_amount_last", sum("$outcome.last.signed.amount")},
	}
	funnelRates = columns{
		{"deposit_rate", ratio("$deposit", "$customers")}, {
			"signed_rate", ratio("$signed", "$customers"),
		},
	}
)

// cohortSums: how many customers had paid or signed so many days after their first visit, and until
// now.
func cohortSums() columns {
	c := columns{{"customers", sum(1)}}
	for _, step := range []string{"deposit", "signed"} {
		at := "$outcome.first." + step
		for _, days := range []int{7, 14, 28, 56, 84} {
			c = append(c, column{
				fmt.Sprintf("%s_%dd", step, days),
				count(and(taken(at), op("$lte", at+".days", days))),
			})
		}
		c = append(c, column{step, count(taken(at))})
	}
	return c
}

// waitingTimes counts visits by the seconds that they waited, and finds percentiles by the nearest
// rank.
func waitingTimes() bson.A {
	key := bson.D{{Key: pathSite, Value: "$site"}, {Key: "hour", Value: "$hour"}}
	byWait := append(bson.D{{
		Key: pathID, Value: append(key, bson.E{Key: "s", Value: "$seconds.waited"}),
	}}, columns{
		{"n", sum(1)}, {"served", count(has("$seconds.to_served"))}, {
			"spent", sum("$seconds.to_served"),
		},
	}.fields()...)
	upTo := func(window bson.A) bson.D {
		return bson.D{
			{Key: "$sum", Value: "$n"}, {
				Key: "window", Value: bson.D{{Key: "documents", Value: window}},
			},
		}
	}
	ranked := bson.D{
		{
			Key: "partitionBy", Value: bson.D{
				{Key: pathSite, Value: "$_id.site"}, {Key: "hour", Value: "$_id.hour"},
			},
		},
		{Key: "sortBy", Value: bson.D{{Key: "_id.s", Value: 1}}},
		{Key: "output", Value: columns{
			{"rank", upTo(bson.A{"unbounded", "current"})}, {
				"all", upTo(bson.A{"unbounded", "unbounded"}),
			},
		}.fields()},
	}
	percentile := func(p int) bson.D {
		// the least s whose rank is at least p per cent of all; $min passes over null
		return op1("$min",
			when(op("$gte", op("$multiply", "$rank", 100), op("$multiply", "$all", p)), "$_id.s",
				nil))
	}
	total := append(bson.D{{
		Key: pathID, Value: bson.D{
			{Key: pathSite, Value: "$_id.site"}, {Key: "hour", Value: "$_id.hour"},
		},
	}}, columns{
		{"received", sum("$n")},
		{"sum", sum(op("$multiply", "$_id.s", "$n"))},
		{"served", sum("$served")},
		{"spent", sum("$spent")},
		{"wait_p50", percentile(50)},
		{"wait_p90", percentile(90)},
		{"wait_max", op1("$max", "$_id.s")},
		{"over_10_min", sum(when(op("$gt", "$_id.s", 600), "$n", 0))},
	}.fields()...)
	return bson.A{
		stage("$match",
			append(bson.D{{Key: "seconds.waited", Value: bson.D{{Key: "$exists", Value: true}}}},
				received...)),
		stage("$group", byWait),
		stage("$setWindowFields", ranked),
		stage("$group", total),
		stage("$replaceWith", row(columns{{"hour", "$_id.hour"}}, columns{
			{"received", "$received"},
			{"wait_avg", ratio("$sum", "$received")},
			{"wait_p50", "$wait_p50"},
			{"wait_p90", "$wait_p90"},
			{"wait_max", "$wait_max"},
			{"over_10_min", "$over_10_min"},
			{"reception_avg", ratio("$spent", "$served")},
		})),
	}
}

// turnsLedger turns what visits did to the turns of units, and what the day tables say, into marks,
// and counts them.
func turnsLedger() bson.A {
	mark := func(unit, effect any) bson.D {
		return bson.D{{Key: "unit", Value: unit}, {Key: "effect", Value: effect}}
	}
	one := func(cond any, unit, effect string) bson.D {
		return when(and(cond, has(unit)), bson.A{mark(unit, effect)}, bson.A{})
	}
	each := func(list, unit string, effect any) bson.D {
		return op1("$map", bson.D{
			{Key: "input", Value: orEmpty(list)}, {Key: "as", Value: "x"}, {
				Key: "in", Value: mark(unit, effect),
			},
		})
	}
	expected := op1("$filter", bson.D{
		{Key: "input", Value: orEmpty("$table")},
		{Key: "as", Value: "x"},
		{
			Key: "cond", Value: not(op("$in", "$$x.presence", bson.A{
				workflow.DayOff, workflow.OnLeave,
			})),
		},
	})
	spread := func(day string, marks ...any) []any {
		return []any{
			stage("$project", bson.D{
				{Key: pathID, Value: 0},
				{Key: pathSite, Value: 1},
				{Key: "day", Value: day},
				{Key: "mark", Value: op1("$concatArrays", bson.A(marks))},
			}),
			stage("$unwind", "$mark"),
		}
	}
	ofTables := append(bson.A{stage("$match",
		bson.D{{Key: "table.0", Value: bson.D{{Key: "$exists", Value: true}}}})}, spread("$day",
		op1("$map", bson.D{
			{Key: "input", Value: expected}, {Key: "as", Value: "x"}, {
				Key: "in", Value: mark("$$x.unit", "on_table"),
			},
		}),
		each("$made_up", "$$x.unit", "made_up"))...)
	of := func(effect string) bson.D { return count(op("$eq", "$mark.effect", effect)) }
	sums := columns{
		{"on_table", of("on_table")},
		{"used", of("used")},
		{"given_back", of("given_back")},
		{"kept", of("kept")},
		{"held", of("held")},
		{"void", of("void")},
		{"void_with_right", of("void_with_right")},
		{"hold", of("hold")},
		{"made_up", of("made_up")},
	}
	p := append(bson.A{}, spread("$business_day",
		one(true, "$turn_unit", "used"), each("$turns_back", "$$x", "given_back"),
		one(op("$eq", "$turn_effect", workflow.TurnKept), "$unit", "kept"),
		one(op("$eq", "$turn_effect", workflow.TurnHeld), "$unit", "held"),
		each("$passed", "$$x.unit", "$$x.effect"))...)
	p = append(p, stage("$unionWith", bson.D{
		{Key: "coll", Value: "rotas"}, {Key: "pipeline", Value: ofTables},
	}))
	return append(p, grouped(nil, columns{{"day", "$day"}, {"unit", "$mark.unit"}}, sums,
		columns{{"due", op("$add", "$used", "$void", "$void_with_right")}})...)
}

// fairnessDaily is how evenly the turns of the ledger fell on those who were expected or had one.
func fairnessDaily() bson.A {
	sums := columns{
		{"units", sum(1)},
		{"due", sum("$due")},
		{"served", sum("$used")},
		{"most", op1("$max", "$used")},
		{"least", op1("$min", "$used")},
		{"_each", op1("$push", "$used")},
	}
	ordered := bson.D{{Key: "input", Value: "$_each"}, {Key: "sortBy", Value: 1}}
	weighted := op1("$sum", op1("$map", bson.D{
		{Key: "input", Value: op("$range", 0, "$units")},
		{Key: "as", Value: "i"},
		{
			Key: "in",
			Value: op("$multiply", op("$add", "$$i", 1),
				op("$arrayElemAt", op1("$sortArray", ordered), "$$i")),
		},
	}))
	gini := ratio(op("$subtract", op("$multiply", 2, weighted),
		op("$multiply", op("$add", "$units", 1), "$served")),
		op("$multiply", "$units", "$served"))
	some := bson.D{{Key: "$gt", Value: 0}}
	return grouped(bson.D{
		{
			Key: "$or", Value: bson.A{
				bson.D{{Key: "on_table", Value: some}}, bson.D{{Key: "used", Value: some}},
			},
		},
	},
		columns{{"day", "$day"}}, sums, columns{
			{"missed", op("$subtract", "$due", "$served")},
			{"spread", op("$subtract", "$most", "$least")},
			{"gini", gini},
		})
}

// prepareViews creates the views or updates existing ones. One that cannot be made does not stop
// the others.
func (s *Store) prepareViews(ctx context.Context, present map[string]bson.Raw) error {
	var errs []error
	for _, v := range views() {
		errs = append(errs, s.prepareView(ctx, v, present[v.name]))
	}
	return errors.Join(errs...)
}

func (s *Store) prepareView(ctx context.Context, v view, is bson.Raw) error {
	text, err := bson.Marshal(bson.D{
		{Key: "viewOn", Value: v.on}, {Key: "pipeline", Value: v.pipeline},
	})
	if err != nil {
		return fmt.Errorf("view %s: %w", v.name, err)
	}
	want, command := bson.Raw(text), "create"
	if is != nil {
		if is.Lookup("viewOn").Equal(want.Lookup("viewOn")) &&
			is.Lookup("pipeline").Equal(want.Lookup("pipeline")) {
			return nil
		}
		command = "collMod"
	}
	err = s.journal.Database().RunCommand(ctx,
		append(bson.D{{Key: command, Value: v.name}}, bson.E{Key: "viewOn", Value: v.on},
			bson.E{Key: "pipeline", Value: v.pipeline})).Err()
	if serverCode(err) == 48 { // another instance made it meanwhile
		return nil
	}
	return fail(command+" view "+v.name, err)
}
