package workflow

import "time"

// Timer is a command that is due. Its ID is made of what is due and when, so it runs once, whoever
// fires it and however often.
type Timer struct {
	ID      string
	Command Command
}

// Due lists what is due at a moment, from the board alone. Visitors who wait too long are brought
// to the supervisors' notice (policy 1, art. 4), an empty first seat is judged once its grace is
// over (policy 2, item 04), and a day that nobody closed is closed once the date has changed.
func (b *Board) Due(now time.Time) []Timer {
	d := newDraft(b, Envelope{At: now})
	due := b.dueOnFloor(d)
	if s := b.ServiceDesk(); s != nil {
		for _, at := range d.dueCalendar(s) {
			id := "timer:calendar:" + string(b.ID) + ":" + at.Format(time.RFC3339)
			due = append(due, Timer{id, &RunCalendar{At: at}})
		}
	}
	return due
}

// dueOnFloor is what is due in reception; nothing before its first day.
func (b *Board) dueOnFloor(d *draft) (due []Timer) {
	r, now := b.Rota(), d.now
	if r == nil {
		return nil
	}
	// This comes first: the other commands may open the new day.
	if r.Day != "" && r.ClosedAt.IsZero() && d.today > r.Day {
		due = append(due, Timer{
			"timer:close:" + string(b.ID) + ":" + string(r.Day),
			&CloseDay{Date: r.Day},
		})
	}
	for _, v := range b.open {
		if d.waitsTooLong(v) {
			due = append(due, Timer{"timer:wait:" + v.ID, &RemindWaiting{Visit: VisitID(v.ID)}})
		}
	}
	if v := d.vacancy(); v != nil && v.late(now, d.grace()) {
		_, since := v.holder()
		id := "timer:vacancy:" + v.ID + ":" + since.UTC().Format(time.RFC3339Nano)
		due = append(due, Timer{id, &CheckVacancy{}})
	}
	return due
}

// NextDue is the first moment, from now on, at which something may be due on this board; before it
// Due is empty. It is zero when nothing will be due until another commit is applied.
func (b *Board) NextDue(now time.Time) (next time.Time) {
	d := newDraft(b, Envelope{At: now})
	sooner := func(t time.Time) {
		if next.IsZero() || t.Before(next) {
			next = t
		}
	}
	b.nextOnFloor(d, sooner)
	if s := b.ServiceDesk(); s != nil {
		sooner(d.nextCalendar(s))
	}
	if !next.IsZero() && next.Before(now) {
		return now
	}
	return next
}

// nextOnFloor are the moments at which something may be due in reception.
func (b *Board) nextOnFloor(d *draft, sooner func(time.Time)) {
	r := b.Rota()
	if r == nil {
		return
	}
	if r.Day != "" && r.ClosedAt.IsZero() {
		sooner(b.begins(r.Day.AddDays(1)))
	}
	if limit := d.waitLimit(); limit > 0 {
		for _, v := range b.open {
			if v.unreminded() {
				sooner(v.ArrivedAt.Add(limit + time.Millisecond))
			}
		}
	}
	if v := d.vacancy(); v != nil {
		if _, since := v.holder(); v.late(since.Add(d.grace()+time.Millisecond), d.grace()) {
			sooner(since.Add(d.grace() + time.Millisecond))
		}
	}
	for _, a := range d.site().Adoptions { // another policy has other limits
		if a.From > d.today {
			sooner(b.begins(a.From))
		}
	}
}

// begins is the first moment of a day in the site's zone, or up to an hour from it where clocks go
// forward at midnight.
func (b *Board) begins(day Date) time.Time { return day.begins(b.loc) }

func (d Date) begins(loc *time.Location) time.Time {
	t := d.time()
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, loc).UTC()
}
