package workflow

// followTopic makes turn, count and customer follow the topic. A visitor who came for something
// else and asks about sales after all is a reception from then on (policy 1, art. 42; policy 2,
// item 09a; A91). Under a policy that counts only sales matters, one who asked about something else
// is none, and the second of the line is told why (item 09b; A45). late: the receiver was let go
// before, and may have received others since.
func (d *draft) followTopic(v *Visit, before Topic, late bool) *Fault {
	whenSales := d.policy.Count.Unstated == CountWhenSales
	other := v.Kind == KindUnrelated || v.Kind == KindPeer
	switch {
	case v.Kind == KindCompanyStaff: // counts for nobody, whatever it was about
	case v.Topic == TopicSales && (other || whenSales && before == TopicOther):
		if f := d.turnedToSales(v, late); f != nil {
			return f
		}
	case v.Topic == TopicOther && other && before == TopicSales:
		d.turnedToOther(v, d.article("P1-44", "P2-09b"))
	case v.Topic == TopicOther && whenSales &&
		(v.customerKind() || v.TurnUnit != "" || v.CountsFor != ""):
		d.turnedToOther(v, d.article("P1-44", "P2-09b"))
	}
	if !whenSales {
		return nil
	}
	turnedAway := v.Topic == TopicOther && v.customerKind() ||
		v.Kind == KindUnrelated && v.Topic != TopicSales
	missing := turnedAway && v.ExplainedTo == ""
	d.awaitExplanation(v, missing)
	if missing {
		d.flag("P2-09b", "explanation_missing:"+v.ID, v.ID)
	}
	return nil
}

// turnedToSales makes a reception of a visit that was none: it counts as it would have counted, and
// costs what it would have cost. Where what counts uses the turn, or the visit had used it and got
// it back, the turn is used; otherwise the place is kept unless it was passed meanwhile, and void
// if it was. Outside hours places are held, whatever counts.
func (d *draft) turnedToSales(v *Visit, late bool) *Fault {
	v.TurnClaim = nil // the turn is still used
	if v.TurnUnit != "" {
		v.TurnEffect = TurnUsed
	}
	if v.CountsFor != "" || d.uncounted(v) != withinHours {
		return nil
	}
	asNew := *v
	if !v.customerKind() {
		asNew.Kind = KindNew
	}
	n := d.countFor(&asNew, d.identity(v), v.Principal, v.begunOff())
	v.CountsFor = n.who
	v.CountRule, _ = d.cite(n.rule)
	if n.who == "" {
		return nil
	}
	return d.payForSales(v, late)
}

// payForSales takes from the place of the unit that pays for a visit what the reception costs.
// Whoever left the line since he was let go can no longer pay: only the floor may make a reception
// of it then, and the supervisors are told (A90).
func (d *draft) payForSales(v *Visit, late bool) *Fault {
	who := v.Server
	if v.ServerRole == StandIn {
		who = v.Principal
	}
	u := d.unitOf(who)
	rule := d.article("P1-42", "P2-09a")
	switch {
	case v.begunOff() != withinHours:
		v.PassEffect = d.policy.Pass.OffHours
		return nil
	case v.TurnUnit != "" || v.ServerRole == Assist || d.eventPlan() != nil:
		return nil
	}
	v.PassEffect = d.policy.Pass.OwnReception
	uses := d.policy.Count.ConsumesTurn || len(v.TurnsBack) > 0
	passed := len(v.PassedBy) > 0 && v.PassEffect != PassHold
	if late && (uses || passed) && !d.samePlace(v, u) {
		if d.byReceiver() {
			return refused("turn_gone", "P1-06", "visit", v.ID)
		}
		d.notifySupervisors("P1-04", v.ID, "why", "sales_after_all", "staff", string(v.Server))
		v.TurnEffect = TurnNone
		return nil
	}
	switch {
	case !d.inLine(u):
		v.TurnEffect = TurnNone
	case uses:
		v.TurnEffect = TurnUsed
		d.useTurn(v, u, who, rule, false)
	case passed:
		v.TurnEffect = TurnKept
		d.fact(FactTurnPassed, "pass_effect.own_reception", string(u.ID),
			"effect", string(v.PassEffect), "why", "receiving", "visit", string(v.PassedBy[0]))
		d.void(u.ID, &hindrance{
			why: "receiving", visit: v, pass: v.PassEffect, rule: "pass_effect.own_reception",
		})
	default:
		v.TurnEffect = TurnKept
		d.fact(FactTurnKept, "pass_effect.own_reception", string(v.Server), "visit", v.ID)
	}
	return nil
}

// samePlace reports whether a unit holds the place in the line that it had when the visit last
// changed.
func (d *draft) samePlace(v *Visit, u *Unit) bool {
	if !d.inLine(u) {
		return false
	}
	r := d.rota()
	return r.Line[r.lineIndex(u.ID)].Left <= v.Commits[len(v.Commits)-1]
}

// turnedToOther makes a visit that was a reception none. Outside hours it does not count whatever
// it was about.
func (d *draft) turnedToOther(v *Visit, rule string) {
	if d.uncounted(v) == withinHours {
		v.CountRule = rule
	}
	v.CountsFor = ""
	if !d.byReceiver() && v.begunOff() == withinHours {
		v.PassEffect = d.policy.Pass.Unrelated
	}
	if used := v.TurnUnit != ""; d.reclaim(v, rule, "not_about_sales", TurnHeld) && used {
		v.TurnEffect = TurnHeld
	}
}

// byReceiver reports whether a consultant asks, with an own key: what he says about his visits
// never makes his place better (A90).
func (d *draft) byReceiver() bool { return d.env.By.Role == RoleConsultant }

// reclaim gives the turn back of a visit that turned out to be none that uses it, and tells the
// supervisors. A consultant's own report does not: the turn stays used, and the report waits for
// the floor or, under policy 2, for the colleague to whom it was explained (ReturnTurn). effect is
// what the reception does to the place once the turn is back. False: the turn is still used.
func (d *draft) reclaim(v *Visit, rule, why string, effect TurnEffect) bool {
	if v.TurnUnit == "" {
		return true
	}
	if !d.byReceiver() {
		d.giveBack(v, rule, why)
		d.tellOfReturn(v)
		return true
	}
	rule, _ = d.cite(rule)
	v.TurnClaim = &TurnClaim{
		Unit: v.TurnUnit, Ticket: v.TurnTicket, Why: why, Rule: rule, Effect: effect,
		By: d.env.By.Staff, At: d.now,
	}
	d.fact(FactTurnClaimed, "P1-08", string(v.TurnUnit), "visit", v.ID, "why", why)
	d.flag("P1-08", "turn_unconfirmed:"+v.ID, v.ID)
	d.notifySupervisors("P1-04", v.ID, "why", "turn_claimed", "staff", string(v.Server))
	if v.ExplainedTo != "" {
		d.notify("P2-09b", v.ExplainedTo, v.ID, "why", "turn_claimed", "staff", string(v.Server))
	}
	return false
}

// tellOfReturn tells the supervisors that a turn went back because a visit was seen in another
// light; not whoever did it.
func (d *draft) tellOfReturn(v *Visit) {
	for _, s := range d.staffAll() {
		if s.Role == RoleSupervisor && s.Active && s.Staff != d.env.By.Staff {
			d.notify("P1-04", s.Staff, v.ID, "why", "turn_given_back", "staff", string(v.Server))
		}
	}
}
