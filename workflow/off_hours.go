package workflow

import "time"

// offTime says whether a moment lies outside the hours of the line, and why (RS-9).
type offTime string

const (
	withinHours  offTime = ""
	outsideHours offTime = "outside_hours"
	inDutyShift  offTime = "duty_shift"
)

// rule is the article about such receptions.
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

// offHours is the present moment's, with the duty shift in force, if there is one.
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

// begunOff is that of the moment at which a running reception began (A20).
func (d *draft) begunOff(v *Visit) offTime {
	off, _ := d.offHoursAt(d.Local(v.AssignedAt))
	return off
}

// uncounted is begunOff, or withinHours where the policy of the visit's day counts such receptions.
func (d *draft) uncounted(v *Visit) offTime {
	if d.site().PolicyOn(v.BusinessDay).Count.OffHours {
		return withinHours
	}
	return d.begunOff(v)
}
