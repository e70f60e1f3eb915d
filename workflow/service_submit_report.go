package workflow

import "slices"

// SubmitReport hands in the sheet of the week, what its meeting summed up, or the supervision
// report of a month (policy 3, items 1 and 4).
type SubmitReport struct {
	// What it is: weekly, meeting or supervision.
	Kind ServiceReportKind `json:"kind"`
	// Any day of the week; of a sheet and a meeting.
	Week Date `json:"week,omitempty"`
	// Month, such as 2024-03; of a supervision report.
	Month Month `json:"month,omitempty"`
	// Id of the note with the report.
	Note NoteID `json:"note"`
}

func (*SubmitReport) About() About {
	return About{
		Kind: "submit_report", May: serviceStaff, Rule: "P3-4", Scope: ScopeService, Since: 5,
	}
}

func (c *SubmitReport) Needs(b *Board) []Ref { return []Ref{c.ref(b.ID)} }

func (c *SubmitReport) ref(s SiteID) Ref {
	if c.Kind == ReportSupervision {
		return supervisionRef(s, c.Month)
	}
	return sheetRef(s, c.Week.Week())
}

func (c *SubmitReport) texts() []string { return []string{string(c.Month)} }

func (c *SubmitReport) note(s SiteID) (NoteID, Ref) { return c.Note, c.ref(s) }

func (c *SubmitReport) decide(d *draft) *Fault {
	if _, f := d.desk(); f != nil {
		return f
	}
	rule := c.rule()
	if _, f := d.me(rule); f != nil {
		return f
	}
	if f := c.check(d, rule); f != nil {
		return f
	}
	r, ok := look[*ServiceReport](d, c.ref(d.ID))
	if !ok {
		r = &ServiceReport{Head: Head{ID: c.ref(d.ID).ID, Site: d.ID}, Kind: c.Kind}
	}
	e := ReportEntry{Staff: d.env.By.Staff, At: d.now, Note: c.Note}
	if c.taken(r, e.Staff) {
		return refused("already_submitted", rule, "kind", string(c.Kind))
	}
	if ok {
		r = edit[*ServiceReport](d, r.Ref())
	} else {
		r = c.begin(d)
	}
	d.subject = r.Ref()
	if c.Kind == ReportSupervision {
		s := d.serviceDesk()
		e.Late = s.openOn(c.Month.last()) && d.today >= s.supervisionLate(c.Month)
		r.Entries = append(r.Entries, e)
		d.fact(FactReportSubmitted, rule, string(c.Month), "kind", string(c.Kind), "by",
			string(e.Staff), "late", yes(e.Late))
		d.tellHat(rule, GeneralManager, string(c.Month), "supervision_report")
		return nil
	}
	if c.Kind == ReportMeeting {
		r.Meeting = &e
	} else {
		due, ok := d.sheetDue(d.serviceDesk(), r.Week)
		e.Late = ok && !d.now.Before(due)
		r.Entries = append(r.Entries, e)
		r.Missing = slices.DeleteFunc(r.Missing, func(s StaffID) bool { return s == e.Staff })
	}
	d.fact(FactReportSubmitted, rule, string(r.Week), "kind", string(c.Kind), "by",
		string(e.Staff), "late", yes(e.Late))
	return nil
}

func (c *SubmitReport) rule() string {
	if c.Kind == ReportSupervision {
		return "P3-1"
	}
	return "P3-4"
}

// check refuses who may not write the report, and times at which nobody may.
func (c *SubmitReport) check(d *draft, rule string) *Fault {
	switch {
	case !contains(c.Kind):
		return invalidUnder("bad_kind", "P3-4", "kind", string(c.Kind))
	case c.Kind == ReportSupervision && (!c.Month.Valid() || c.Week != ""),
		c.Kind != ReportSupervision && (!c.Week.Valid() || c.Month != ""):
		return invalidUnder("bad_period", rule, "kind", string(c.Kind))
	case c.Note == "":
		return invalidUnder("incomplete", rule, "missing", "note")
	}
	switch c.Kind {
	case ReportSupervision: // who supervises does not serve
		if f := d.ofDepartment("P3-1", Business); f != nil {
			return f
		}
		if m := d.staffMember(d.env.By.Staff); m.Department == TechService {
			return forbidden("function_needed", "P3-1", "function", string(Business))
		}
		if d.today < c.Month.last() {
			return refused("too_early", "P3-1", "date", string(c.Month.last()), "today",
				string(d.today))
		}
		return nil
	case ReportMeeting:
		if f := d.underHat("P3-4", TechHead); f != nil {
			return f
		}
	case ReportWeekly:
		if f := d.ofDepartment("P3-4", TechService); f != nil {
			return f
		}
	}
	if c.Week.Week() > d.today.Week() {
		return refused("in_future", "P3-4", "date", string(c.Week), "today", string(d.today))
	}
	return nil
}

// taken reports whether the entry is there already.
func (c *SubmitReport) taken(r *ServiceReport, who StaffID) bool {
	switch c.Kind {
	case ReportSupervision:
		return len(r.Entries) > 0
	case ReportMeeting:
		return r.Meeting != nil
	case ReportWeekly:
	}
	return r.wrote(who)
}

// begin is a new report of the period.
func (c *SubmitReport) begin(d *draft) *ServiceReport {
	if c.Kind == ReportSupervision {
		return add(d, &ServiceReport{
			Head: Head{ID: c.ref(d.ID).ID, Site: d.ID}, Kind: ReportSupervision, Month: c.Month,
			DueAt: d.morning(d.serviceDesk().supervisionLate(c.Month)),
		})
	}
	return d.sheet(c.Week.Week())
}

// sheet is the sheet of a week to change, a new one where there is none.
func (d *draft) sheet(monday Date) *ServiceReport {
	ref := sheetRef(d.ID, monday)
	if _, ok := look[*ServiceReport](d, ref); ok {
		return edit[*ServiceReport](d, ref)
	}
	r := &ServiceReport{Head: Head{ID: ref.ID, Site: d.ID}, Kind: ReportWeekly, Week: monday}
	r.DueAt, _ = d.sheetDue(d.serviceDesk(), monday)
	return add(d, r)
}
