package workflow

import "time"

// offTime says whether a reception begins at a time for which the line does not stand (RS-9).
type offTime string

const (
	withinHours  offTime = ""
	outsideHours offTime = "outside_hours"
	inDutyShift  offTime = "duty_shift"
)

// rule is the article about receptions at such a time.
func (o offTime) rule() string {
	switch o {
	case outsideHours:
		return "P1-43"
	case inDutyShift:
		return "P1-48"
	case withinHours:
	}
	return ""
}

// offHours is for a reception that begins now, with the duty shift that holds, if one does.
func (d *draft) offHours() (offTime, *DutyShift) { return d.offHoursAt(d.local) }

func (d *draft) offHoursAt(local time.Time) (offTime, *DutyShift) {
	if s, ok := d.site().onDuty(local); ok {
		return inDutyShift, &s
	}
	if !d.site().InHours(local) {
		return outsideHours, nil
	}
	return withinHours, nil
}

// begunOff is offHours for a reception under way: its beginning decides (A20).
func (d *draft) begunOff(v *Visit) offTime {
	off, _ := d.offHoursAt(d.Local(v.AssignedAt))
	return off
}

// uncounted is begunOff where the policy of the visit's day counts no such reception, whatever it
// was about.
func (d *draft) uncounted(v *Visit) offTime {
	if d.site().PolicyOn(v.BusinessDay).Count.OffHours {
		return withinHours
	}
	return d.begunOff(v)
}
