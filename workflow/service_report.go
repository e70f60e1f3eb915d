package workflow

import (
	"slices"
	"time"
)

// ServiceReportKind is a report that people write.
type ServiceReportKind string

// The kinds of report.
const (
	ReportWeekly      ServiceReportKind = "weekly"      // what each of technical service writes
	ReportMeeting     ServiceReportKind = "meeting"     // what the weekly meeting sums up
	ReportSupervision ServiceReportKind = "supervision" // what business writes to the top
)

// ServiceReport is the sheet of a week with the summary of its meeting (policy 3, item 4), or the
// supervision report of a month (policy 3, item 1).
type ServiceReport struct {
	Head
	// What it is: weekly or supervision.
	Kind ServiceReportKind `json:"kind"`
	// Monday of the week; empty in the report of a month.
	Week Date `json:"week,omitempty"`
	// Month of the report, such as 2024-03; empty in the sheet of a week.
	Month Month `json:"month,omitempty"`
	// When it is due; missing in a week in which nothing is.
	DueAt time.Time `json:"due_at,omitzero"`
	// What was written, oldest first.
	Entries []ReportEntry `json:"entries,omitempty"`
	// When it was judged who is missing; missing before the sheet is due.
	JudgedAt time.Time `json:"judged_at,omitzero"`
	// Who was expected and had written nothing when it was due, and has not since.
	Missing []StaffID `json:"missing,omitempty"`
	// Who was on leave or had a day off when it was due.
	Excused []StaffID `json:"excused,omitempty"`
	// What the weekly meeting summed up.
	Meeting *ReportEntry `json:"meeting,omitempty"`
}

// ReportEntry is something that somebody wrote.
type ReportEntry struct {
	// Member of staff who wrote it.
	Staff StaffID `json:"staff"`
	// When it was handed in.
	At time.Time `json:"at"`
	// Whether it came too late.
	Late bool `json:"late,omitempty"`
	// Id of the note that holds the text.
	Note NoteID `json:"note,omitempty"`
}

// Ref names the report's record.
func (r *ServiceReport) Ref() Ref {
	if r.Kind == ReportSupervision {
		return supervisionRef(r.Site, r.Month)
	}
	return sheetRef(r.Site, r.Week)
}

func (r *ServiceReport) clone() Record {
	k := *r
	k.Entries, k.Missing = slices.Clone(r.Entries), slices.Clone(r.Missing)
	k.Excused = slices.Clone(r.Excused)
	if r.Meeting != nil {
		m := *r.Meeting
		k.Meeting = &m
	}
	return &k
}

func sheetRef(s SiteID, monday Date) Ref {
	return Ref{ServiceReports, string(s) + "/weekly/" + string(monday)}
}

func supervisionRef(s SiteID, m Month) Ref {
	return Ref{ServiceReports, string(s) + "/supervision/" + string(m)}
}

// SheetRef names the sheet of the week that begins on a Monday.
func SheetRef(s SiteID, monday Date) Ref { return sheetRef(s, monday) }

// SupervisionRef names the supervision report of a month.
func SupervisionRef(s SiteID, m Month) Ref { return supervisionRef(s, m) }

// wrote reports whether somebody has written an entry.
func (r *ServiceReport) wrote(s StaffID) bool {
	return slices.ContainsFunc(r.Entries, func(e ReportEntry) bool { return e.Staff == s })
}

// SheetDay is the day on which the sheet of a week is due: the office's weekday or, on a statutory
// day, the last working day before it in that week (A72). false: nothing is due, because there is
// no such day or no desk on it.
func (s *ServiceDesk) SheetDay(monday Date) (Date, bool) {
	a := s.judging(monday)
	for n := a.Parameters.Weekly.Weekday - 1; n >= 0; n-- {
		day := monday.AddDays(n)
		if x := s.judging(day); slices.Contains(x.Holidays, day) {
			continue
		}
		return day, s.openOn(day)
	}
	return "", false
}

// sheetDue is the moment at which the sheet of a week is due; false when nothing is.
func (b *Board) sheetDue(s *ServiceDesk, monday Date) (time.Time, bool) {
	day, ok := s.SheetDay(monday)
	if !ok {
		return time.Time{}, false
	}
	t, m := day.time(), s.On(day).Parameters.Weekly.At.minutes()
	return time.Date(t.Year(), t.Month(), t.Day(), 0, m, 0, 0, b.loc).UTC(), true
}

// expected are who should have written by a moment, and who of them is excused: those who were on
// leave or had a day off then (A72).
func (d *draft) expected(at time.Time) (all, excused []StaffID) {
	for _, s := range d.inDepartment(TechService) {
		all = append(all, s)
		if p := d.presenceAt(s, at); p == OnLeave || p == DayOff {
			excused = append(excused, s)
		}
	}
	return all, excused
}

// judge says who is missing in a sheet that is due.
func (d *draft) judge(r *ServiceReport) {
	at := d.now
	if due, ok := d.sheetDue(d.serviceDesk(), r.Week); ok && due.Before(at) {
		at = due
	}
	all, excused := d.expected(at)
	r.JudgedAt = d.now
	for _, s := range all {
		switch {
		case r.wrote(s):
		case slices.Contains(excused, s):
			r.Excused = append(r.Excused, s)
		default:
			r.Missing = append(r.Missing, s)
		}
	}
}

// supervisionLate is the day from whose morning on the report of a month is late.
func (s *ServiceDesk) supervisionLate(m Month) Date {
	return m.last().AddDays(1 + s.judging(m.last()).Parameters.Supervision.GraceDays)
}

// Audit is how the sheet of a week or the report of a month stands.
type Audit struct {
	// Who is expected to write; of the report of a month, nobody.
	Expected []StaffID `json:"expected"`
	// Who has written.
	Submitted []StaffID `json:"submitted"`
	// Who has written too late.
	Late []StaffID `json:"late"`
	// Who should have written by now and has not.
	Missing []StaffID `json:"missing"`
	// Who was on leave or had a day off when it was due.
	Excused []StaffID `json:"excused"`
	// Whether the report of a month should have been there by now and is not.
	Overdue bool `json:"overdue"`
}

// AuditSheet is how the sheet of a week stands now; r is nil when there is none.
func (b *Board) AuditSheet(r *ServiceReport, monday Date, now time.Time) Audit {
	d, desk := newDraft(b, Envelope{At: now}), b.ServiceDesk()
	at := Audit{
		Expected: []StaffID{}, Submitted: []StaffID{}, Late: []StaffID{}, Missing: []StaffID{},
		Excused: []StaffID{},
	}
	if desk == nil {
		return at
	}
	if r == nil {
		r = &ServiceReport{Kind: ReportWeekly, Week: monday}
	}
	due, ok := b.sheetDue(desk, monday)
	if judged := r.clone().(*ServiceReport); ok && r.JudgedAt.IsZero() && !now.Before(due) {
		d.judge(judged)
		r = judged
	}
	at.Missing, at.Excused = append(at.Missing, r.Missing...), append(at.Excused, r.Excused...)
	for _, e := range r.Entries {
		if at.Submitted = append(at.Submitted, e.Staff); e.Late {
			at.Late = append(at.Late, e.Staff)
		}
	}
	all, _ := d.expected(now)
	if !r.JudgedAt.IsZero() { // fixed when it was due
		all = slices.Concat(at.Submitted, at.Missing, at.Excused)
		slices.Sort(all)
		all = slices.Compact(all)
	}
	if ok {
		at.Expected = append(at.Expected, all...)
	}
	return at
}

// AuditSupervision is how the report of a month stands now; r is nil when there is none.
func (b *Board) AuditSupervision(r *ServiceReport, m Month, now time.Time) Audit {
	at := Audit{
		Expected: []StaffID{}, Submitted: []StaffID{}, Late: []StaffID{}, Missing: []StaffID{},
		Excused: []StaffID{},
	}
	desk := b.ServiceDesk()
	if r != nil {
		for _, e := range r.Entries {
			if at.Submitted = append(at.Submitted, e.Staff); e.Late {
				at.Late = append(at.Late, e.Staff)
			}
		}
		if len(r.Entries) > 0 {
			return at
		}
	}
	late := desk != nil && desk.openOn(m.last()) &&
		!now.Before(b.morning(desk.supervisionLate(m)))
	at.Overdue = late
	return at
}
