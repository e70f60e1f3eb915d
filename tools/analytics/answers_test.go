package analytics

import (
	"slices"

	"github.com/lunpai/lunpai/workflow"
)

// answers answer the fifteen questions of the page, in its order, by going through the visits of
// the year, and the records of the service desk, one by one.
var answers = []func(*office) []any{
	byConsultant, byChannel, byHour, byPolicy, byWeek, untilSigned, receptions, waiting, walkouts,
	turns, fairness, firstAndLast, byArea, referrals, atFirstContact,
}

// row is a document of an answer.
type row = map[string]any

const (
	deposit  = workflow.StatusDeposit
	signed   = workflow.StatusSigned
	refunded = workflow.StatusRefunded
)

// customers are the first registered visits, one a customer.
func (o *office) customers() []*visit {
	return where(o.visits, func(v *visit) bool { return v.entry })
}

// groups are the visits that do not belong to another one.
func (o *office) groups() []*visit {
	return where(o.visits, func(v *visit) bool { return v.State != workflow.Merged })
}

func took(of workflow.CustomerStatus) func(*visit) bool {
	return func(v *visit) bool { return v.first[of] != nil }
}

func amountOf(of workflow.CustomerStatus) func(*visit) int64 {
	return func(v *visit) int64 { return v.first.amount(of) }
}

func takenWithin(days int64, of workflow.CustomerStatus) func(*visit) bool {
	return func(v *visit) bool { return v.first.within(days, of) }
}

func byConsultant(o *office) []any {
	var rows []row
	for who, vs := range by(o.customers(), func(v *visit) string { return string(v.Principal) }) {
		n, d, s := int64(len(vs)), count(vs, took(deposit)), count(vs, took(signed))
		rows = append(rows, row{
			"_id": orNull(who), "customers": n, "deposit": d, "signed": s,
			"amount":       total(vs, amountOf(signed)),
			"deposit_rate": share(d, n), "signed_rate": share(s, n),
		})
	}
	return order(rows, "-signed_rate", "_id")
}

func byChannel(o *office) []any {
	var rows []row
	for channel, vs := range by(o.customers(), func(v *visit) string { return v.Channel }) {
		n, s, amount := int64(len(vs)), count(vs, took(signed)), total(vs, amountOf(signed))
		rows = append(rows, row{
			"_id": orNull(channel), "customers": n, "deposit": count(vs, took(deposit)),
			"signed": s, "refunded": count(vs, took(refunded)),
			"amount": amount, "signed_rate": share(s, n),
			"amount_per_customer": round(float64(amount)/float64(n), 0),
		})
	}
	return order(rows, "-signed_rate", "_id")
}

func byHour(o *office) []any {
	var rows []row
	for hour, vs := range by(o.groups(), func(v *visit) int64 { return v.hour }) {
		n, d, s := int64(len(vs)), count(vs, took(deposit)), count(vs, took(signed))
		rows = append(rows, row{
			"_id": hour, "visits": n,
			"customers": count(vs, func(v *visit) bool { return v.entry }), "deposit": d,
			"signed":            s,
			"deposit_per_visit": share(d, n), "signed_per_visit": share(s, n),
		})
	}
	return order(rows, "_id")
}

func byPolicy(o *office) []any {
	var rows []row
	early := where(o.customers(), func(v *visit) bool { return v.BusinessDay <= "2024-12-02" })
	for policy, vs := range by(early, func(v *visit) string { return v.Policy }) {
		days := make([]string, len(vs))
		for i, v := range vs {
			days[i] = string(v.BusinessDay)
		}
		n, d, s := int64(len(vs)), count(vs, takenWithin(28, deposit)),
			count(vs, takenWithin(28, signed))
		rows = append(rows, row{
			"_id": policy, "first_day": slices.Min(days), "last_day": slices.Max(days),
			"customers": n, "deposit_28": d, "signed_28": s,
			"deposit_rate": share(d, n), "signed_rate": share(s, n),
		})
	}
	return order(rows, "_id")
}

func byWeek(o *office) []any {
	var rows []row
	for week, vs := range by(o.customers(), func(v *visit) string { return v.week }) {
		rows = append(rows, row{
			"_id": week, "customers": int64(len(vs)),
			"deposit_14": count(vs, takenWithin(14, deposit)),
			"deposit_28": count(vs, takenWithin(28, deposit)),
			"deposit_56": count(vs, takenWithin(56, deposit)),
			"signed_14":  count(vs, takenWithin(14, signed)),
			"signed_28":  count(vs, takenWithin(28, signed)),
			"signed_56":  count(vs, takenWithin(56, signed)),
		})
	}
	return order(rows, "_id")
}

func untilSigned(o *office) []any {
	contracts := map[int64]int64{} // by the number of visits before
	for _, v := range o.visits {
		if n := v.last.count(signed); n > 0 {
			contracts[int64(v.VisitNo)] += n
		}
	}
	var visits []row
	for no, n := range contracts {
		visits = append(visits, row{"_id": no, "contracts": n})
	}
	return []any{row{
		"visits_to_contract": order(visits, "_id"), "days_to_deposit": daysTo(deposit, o),
		"days_to_contract": daysTo(signed, o),
	}}
}

// daysTo counts customers by the days until a step, in bands.
func daysTo(of workflow.CustomerStatus, o *office) []any {
	bands := []int64{0, 1, 8, 15, 29, 57, 85, 9999}
	var rows []row
	for i, from := range bands[:len(bands)-1] {
		n := count(o.customers(), func(v *visit) bool {
			return v.first[of] != nil && from <= v.first[of].days && v.first[of].days < bands[i+1]
		})
		if n > 0 {
			rows = append(rows, row{"_id": from, "count": n})
		}
	}
	return order(rows, "_id")
}

func receptions(o *office) []any {
	over := where(o.visits, func(v *visit) bool {
		return !v.Open && (v.State == workflow.Served || v.State == workflow.Registered)
	})
	type key struct{ consultant, article string }
	var rows []row
	for k, vs := range by(over, func(v *visit) key {
		if v.CountsFor != "" {
			return key{string(v.CountsFor), v.CountRule}
		}
		return key{string(v.Server), v.CountRule}
	}) {
		rows = append(rows, row{
			"_id": row{"consultant": k.consultant, "article": k.article}, "visits": int64(len(vs)),
			"counted":   total(vs, func(v *visit) int64 { return int64(v.Count) }),
			"uncounted": count(vs, func(v *visit) bool { return v.Count == 0 }),
		})
	}
	return order(rows, "_id.consultant", "-visits", "_id.article")
}

func waiting(o *office) []any {
	received := where(o.visits, func(v *visit) bool {
		return v.State == workflow.Assigned || v.State == workflow.Served ||
			v.State == workflow.Registered
	})
	type key struct{ weekday, hour int64 }
	var rows []row
	for k, vs := range by(received, func(v *visit) key { return key{v.weekday, v.hour} }) {
		n, long := int64(len(vs)), count(vs, func(v *visit) bool { return v.waited > 600 })
		rows = append(rows, row{
			"_id": row{"weekday": k.weekday, "hour": k.hour}, "received": n, "over_10_min": long,
			"over_10_min_share": share(long, n),
			"average": round(float64(total(vs,
				func(v *visit) int64 { return v.waited }))/float64(n), 0),
		})
	}
	return order(rows, "_id.weekday", "_id.hour")
}

func walkouts(o *office) []any {
	var rows []row
	for hour, vs := range by(o.groups(), func(v *visit) int64 { return v.hour }) {
		left := where(vs, func(v *visit) bool {
			return v.State == workflow.Abandoned && v.AssignedAt.IsZero()
		})
		r := row{
			"_id": hour, "visits": int64(len(vs)), "left": int64(len(left)), "average": nil,
			"longest": nil,
			"share":   share(int64(len(left)), int64(len(vs))),
		}
		seen := where(left, func(v *visit) bool { return v.Reason != "day_over" })
		if len(seen) > 0 {
			longest := int64(0)
			for _, v := range seen {
				longest = max(longest, v.waited)
			}
			r["longest"] = longest
			r["average"] = round(float64(total(seen,
				func(v *visit) int64 { return v.waited }))/float64(len(seen)), 0)
		}
		rows = append(rows, r)
	}
	return order(rows, "_id")
}

func turns(o *office) []any {
	type key struct{ unit, month, effect, why string }
	times := map[key]int64{}
	for _, v := range o.visits {
		month := string(v.BusinessDay)[:7]
		if v.TurnUnit != "" {
			times[key{string(v.TurnUnit), month, "used", ""}]++
		}
		for _, u := range v.TurnsBack {
			times[key{string(u), month, "given_back", ""}]++
		}
		for _, p := range v.Passed {
			times[key{string(p.Unit), month, string(p.Effect), p.Why}]++
		}
	}
	var rows []row
	for k, n := range times {
		id := row{"unit": k.unit, "month": k.month, "effect": k.effect}
		if k.why != "" {
			id["why"] = k.why
		}
		rows = append(rows, row{"_id": id, "times": n})
	}
	return order(rows, "_id.unit", "_id.month", "_id.effect", "_id.why")
}

// fairness is about March alone.
func fairness(o *office) []any {
	const from, to = "2024-03-01", "2024-03-31"
	used := map[workflow.Date]map[workflow.UnitID]int64{}
	add := func(day workflow.Date, unit workflow.UnitID, n int64) {
		if day < from || day > to {
			return
		}
		if used[day] == nil {
			used[day] = map[workflow.UnitID]int64{}
		}
		used[day][unit] += n
	}
	for _, table := range o.tables {
		for _, r := range table.Table {
			if r.Presence != workflow.DayOff && r.Presence != workflow.OnLeave {
				add(table.Day, r.Unit, 0)
			}
		}
	}
	for _, v := range o.visits {
		if v.TurnUnit != "" {
			add(v.BusinessDay, v.TurnUnit, 1)
		}
	}
	var rows []row
	for day, units := range used {
		sum, most, least := int64(0), int64(0), int64(-1)
		for _, n := range units {
			sum, most = sum+n, max(most, n)
			if least < 0 || n < least {
				least = n
			}
		}
		rows = append(rows, row{
			"_id": string(day), "units": int64(len(units)), "turns": sum, "most": most,
			"least": least, "spread": most - least,
		})
	}
	return order(rows, "_id")
}

func firstAndLast(o *office) []any {
	told := where(o.visits, func(v *visit) bool { return v.entry || len(v.last) > 0 })
	var rows []row
	for who, vs := range by(told, func(v *visit) string { return string(v.Server) }) {
		first, last := total(vs, amountOf(signed)),
			total(vs, func(v *visit) int64 { return v.last.amount(signed) })
		rows = append(rows, row{
			"_id":             orNull(who),
			"first_contracts": total(vs, func(v *visit) int64 { return v.first.count(signed) }),
			"first_amount":    first,
			"last_contracts":  total(vs, func(v *visit) int64 { return v.last.count(signed) }),
			"last_amount":     last,
			"refunded":        total(vs, func(v *visit) int64 { return v.last.amount(refunded) }),
			"difference":      last - first,
		})
	}
	return order(rows, "-first_amount", "_id")
}

// readme answers the query in the README.
func readme(o *office) []any {
	var rows []row
	for who, vs := range by(o.customers(), func(v *visit) string { return string(v.Principal) }) {
		rows = append(rows, row{
			"_id": orNull(who), "customers": int64(len(vs)), "deposit": count(vs, took(deposit)),
			"signed": count(vs, took(signed)),
		})
	}
	return order(rows, "-signed", "-deposit", "_id")
}
