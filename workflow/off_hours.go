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

// offHours is the present moment's.
func (d *draft) offHours() offTime { return d.offHoursAt(d.local) }

func (d *draft) offHoursAt(local time.Time) offTime {
	switch {
	case len(d.site().onDuty(local)) > 0:
		return inDutyShift
	case !d.site().InHours(local):
		return outsideHours
	}
	return withinHours
}

// begunOff is that of the moment at which a running reception began (A20).
func (d *draft) begunOff(v *Visit) offTime {
	return d.offHoursAt(d.Local(v.AssignedAt))
}

// uncounted is begunOff, or withinHours where the policy of the visit's day counts such receptions.
func (d *draft) uncounted(v *Visit) offTime {
	if d.site().PolicyOn(v.BusinessDay).Count.OffHours {
		return withinHours
	}
	return d.begunOff(v)
}
