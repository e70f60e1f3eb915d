package workflow

import "strconv"

// FactKind names what was decided, in the past tense.
type FactKind string

// The facts.
const (
	FactSiteCreated      FactKind = "site.created"
	FactSiteChanged      FactKind = "site.changed"
	FactPolicyAdopted    FactKind = "policy.adopted"
	FactStaffAdded       FactKind = "staff.added"
	FactStaffChanged     FactKind = "staff.changed"
	FactStaffLeft        FactKind = "staff.left"
	FactAbsencePlanned   FactKind = "absence.planned"
	FactAbsenceCancelled FactKind = "absence.cancelled"
	FactStaffReturned    FactKind = "staff.returned"
	FactStaffBusy        FactKind = "staff.busy"
	FactStaffFreed       FactKind = "staff.freed"

	FactDayOpened     FactKind = "day.opened"
	FactDayClosed     FactKind = "day.closed"
	FactLineReordered FactKind = "line.reordered"
	FactRosterChanged FactKind = "roster.changed"
	FactEventStarted  FactKind = "event.started"
	FactEventEnded    FactKind = "event.ended"

	FactTurnUsed      FactKind = "turn.used"
	FactTurnKept      FactKind = "turn.kept"
	FactTurnHeld      FactKind = "turn.held"
	FactTurnNone      FactKind = "turn.none"
	FactTurnPassed    FactKind = "turn.passed"     // detail effect, why
	FactTurnGivenBack FactKind = "turn.given_back" // at its former place
	FactTurnRestored  FactKind = "turn.restored"   // of one passed by a turn that is undone
	FactTurnClaimed   FactKind = "turn.claimed"    // waits for the floor to confirm
	FactRejoined      FactKind = "unit.rejoined"   // at the tail
	FactTurnWaits     FactKind = "turn.waits"      // the one on turn keeps it
	FactMakeUpArose   FactKind = "make_up.arose"
	FactMakeUpGranted FactKind = "make_up.granted"
	FactMakeUpLapsed  FactKind = "make_up.lapsed"

	FactVisitArrived      FactKind = "visit.arrived"
	FactVisitIdentified   FactKind = "visit.identified"
	FactVisitRecognised   FactKind = "visit.recognised"
	FactNamedLeft         FactKind = "visit.named_left" // detail staff: asked for, but has left
	FactVisitAssigned     FactKind = "visit.assigned"
	FactVisitWaits        FactKind = "visit.waits" // nobody may receive him now; detail why, staff
	FactVisitReidentified FactKind = "visit.reidentified"
	FactVisitServed       FactKind = "visit.served"
	FactVisitRegistered   FactKind = "visit.registered"
	FactVisitAbandoned    FactKind = "visit.abandoned"
	FactVisitWithdrawn    FactKind = "visit.withdrawn"
	FactVisitMerged       FactKind = "visit.merged"
	FactVisitChanged      FactKind = "visit.changed"
	FactVisitHandedOver   FactKind = "visit.handed_over"
	FactAssistantAdded    FactKind = "assistant.added"
	FactAssistantReleased FactKind = "assistant.released"

	FactCounted            FactKind = "visit.counted"
	FactNotCounted         FactKind = "visit.not_counted"
	FactOwned              FactKind = "customer.owned"
	FactFollowedUp         FactKind = "customer.followed_up"
	FactDealRecorded       FactKind = "deal.recorded"
	FactCustomerReassigned FactKind = "customer.reassigned"
	FactCustomerCovered    FactKind = "customer.covered"
	FactCustomerImported   FactKind = "customer.imported"

	FactCallTaken   FactKind = "call.taken"
	FactMessageKept FactKind = "message.kept"

	FactAppointmentMade      FactKind = "appointment.made"
	FactAppointmentChanged   FactKind = "appointment.changed"
	FactAppointmentCancelled FactKind = "appointment.cancelled"
	FactAppointmentKept      FactKind = "appointment.kept" // subject is the visit
	FactAppointmentMissed    FactKind = "appointment.missed"

	FactMessageDelivered  FactKind = "message.delivered"
	FactApprovalRequested FactKind = "approval.requested"
	FactApprovalDecided   FactKind = "approval.decided"
	FactDisputeOpened     FactKind = "dispute.opened"
	FactRulingMade        FactKind = "ruling.made"
	FactConductNoted      FactKind = "conduct.noted"
	FactChecked           FactKind = "checklist.done"
	FactCardGiven         FactKind = "card.given"
	FactSeatVacated       FactKind = "seat.vacated"
	FactSeatNotified      FactKind = "seat.notified"
	FactSeatFilled        FactKind = "seat.filled"
	FactVacancyJudged     FactKind = "vacancy.judged"

	FactKeyMade    FactKind = "key.made" // subject is the key; detail role, staff
	FactKeyRotated FactKind = "key.rotated"
	FactKeyRevoked FactKind = "key.revoked"
	FactPINChosen  FactKind = "pin.chosen" // by himself
	FactPINGiven   FactKind = "pin.given"  // detail by

	FactCustomerSearched FactKind = "customer.searched" // subject is who was found, if anybody
	FactPersonShown      FactKind = "person.shown"
	FactPersonChanged    FactKind = "person.changed"
	FactPersonErased     FactKind = "person.erased"
	FactNamesChanged     FactKind = "names.changed"
	FactNoteShown        FactKind = "note.shown" // subject is the note; detail of, reason
	FactNoteErased       FactKind = "note.erased"

	FactExplained    FactKind = "visit.explained"     // detail to
	FactAcknowledged FactKind = "notice.acknowledged" // detail by

	FactServiceAdopted  FactKind = "service.adopted" // subject is the day it begins
	FactServiceEnded    FactKind = "service.ended"
	FactTicketOpened    FactKind = "ticket.opened"
	FactTicketRecorded  FactKind = "ticket.recorded"
	FactTicketHanded    FactKind = "ticket.handed" // detail from, to, area
	FactTicketEscalated FactKind = "ticket.escalated"
	FactTicketReopened  FactKind = "ticket.reopened"
	FactTicketResolved  FactKind = "ticket.resolved"
	FactSlipPending     FactKind = "slip.pending"
	FactSlipSubmitted   FactKind = "slip.submitted"
	FactTicketClosed    FactKind = "ticket.closed" // detail outcome, told

	FactProjectDelivered FactKind = "project.delivered"
	FactProjectRetired   FactKind = "project.retired"
	FactFollowUpDone     FactKind = "follow_up.done"  // the call that was due
	FactFollowUpTried    FactKind = "follow_up.tried" // nobody answered
	FactFollowUpExtra    FactKind = "follow_up.extra" // none was due
	FactNeedMarked       FactKind = "need.marked"

	FactFaultReported FactKind = "fault.reported"
	FactFaultFiled    FactKind = "fault.filed"
	FactFaultRelayed  FactKind = "fault.relayed"
	FactFaultTracked  FactKind = "fault.tracked"
	FactFaultEnded    FactKind = "fault.ended"
	FactFaultAnalysed FactKind = "fault.analysed"
	FactFaultFedBack  FactKind = "fault.fed_back"

	FactReportSubmitted     FactKind = "report.submitted" // detail kind, late
	FactArbitrationOpened   FactKind = "arbitration.opened"
	FactOpinionAdded        FactKind = "opinion.added"
	FactArbitrationRuled    FactKind = "arbitration.ruled"
	FactArbitrationExecuted FactKind = "arbitration.executed"
	FactWatchSet            FactKind = "watch.set"
	FactWatchLogged         FactKind = "watch.logged"

	FactNotified FactKind = "notified" // subject is told; detail about
	FactFlagged  FactKind = "flagged"  // detail flag; subject is what it is about
	FactReminded FactKind = "reminded" // detail item
)

// pairs builds a fact's detail from key, value, key, value …; it leaves empty values out.
func pairs(kv ...string) map[string]string {
	m := make(map[string]string, len(kv)/2)
	for i := 0; i+1 < len(kv); i += 2 {
		if kv[i+1] != "" {
			m[kv[i]] = kv[i+1]
		}
	}
	if len(m) == 0 {
		return nil
	}
	return m
}

func itoa(n int) string { return strconv.Itoa(n) }

// fact records what was decided. rule is an article or the name of a policy parameter, whose
// article is cited then, or P1-51 when the office changed its value.
func (d *draft) fact(kind FactKind, rule, subject string, kv ...string) {
	rule, param := d.cite(rule)
	if param != "" {
		kv = append(kv, "parameter", param)
	}
	d.facts = append(d.facts, Fact{Kind: kind, Rule: rule, Subject: subject, Detail: pairs(kv...)})
}

// notify tells somebody about a matter, once per decision.
func (d *draft) notify(rule string, who StaffID, about string, kv ...string) {
	for _, f := range d.facts {
		if f.Kind == FactNotified && f.Subject == string(who) && f.Detail["about"] == about {
			return
		}
	}
	d.fact(FactNotified, rule, string(who), append(kv, "about", about)...)
}

// notifySupervisors tells every active supervisor.
func (d *draft) notifySupervisors(rule, about string, kv ...string) {
	for _, s := range d.staffAll() {
		if s.Role == RoleSupervisor && s.Active {
			d.notify(rule, s.Staff, about, kv...)
		}
	}
}

// flag raises a flag about a subject, once per decision.
func (d *draft) flag(rule, flag, subject string) {
	for _, f := range d.facts {
		if f.Kind == FactFlagged && f.Subject == subject && f.Detail["flag"] == flag {
			return
		}
	}
	d.fact(FactFlagged, rule, subject, "flag", flag)
}

// remind asks people for something that no software can check.
func (d *draft) remind(rule, item, who string, kv ...string) {
	d.fact(FactReminded, rule, who, append(kv, "item", item)...)
}
