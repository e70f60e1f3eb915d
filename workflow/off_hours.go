package workflow

import "time"

// OffTime says whether a moment lies outside the hours of the line, and why (RS-9).
type OffTime string

// The times outside the line; withinHours is the zero.
const (
	OutsideHours OffTime = "outside_hours"
	InDutyShift  OffTime = "duty_shift"

	withinHours OffTime = ""
)

// rule is the article about such receptions.
func (o OffTime) rule() string {
	switch o {
	case OutsideHours:
		return "P1-43"
	case InDutyShift:
		return "P1-48"
	case withinHours:
	}
	return ""
}

// offHours is the present moment's.
func (d *draft) offHours() OffTime { return d.offHoursAt(d.local) }

func (d *draft) offHoursAt(local time.Time) OffTime {
	switch {
	case len(d.site().onDuty(local)) > 0:
		return InDutyShift
	case !d.site().InHours(local):
		return OutsideHours
	}
	return withinHours
}

// begunOff is that of the moment at which the reception began (A20), whatever the hours are by now.
// Visits from before version 4 tell it only by their route.
func (v *Visit) begunOff() OffTime {
	switch {
	case v.BeganOff != withinHours:
		return v.BeganOff
	case v.Route == RouteOffHours:
		return OutsideHours
	case v.Route == RouteDuty:
		return InDutyShift
	}
	return withinHours
}

// uncounted is begunOff, or withinHours where the policy of the visit's day counts such receptions.
func (d *draft) uncounted(v *Visit) OffTime {
	if d.policyOf(v).Count.OffHours {
		return withinHours
	}
	return v.begunOff()
}
