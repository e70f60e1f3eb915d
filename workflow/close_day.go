package workflow

// CloseDay closes the business day and says who opens the next one (policy 1, art. 7).
type CloseDay struct {
	// The day meant, so that a late timer does not close the next one; empty for the open day.
	Date Date `json:"date,omitempty"`
}

func (*CloseDay) About() About {
	return About{Kind: "close_day", May: receptionists, Scope: ScopeOffice}
}

func (*CloseDay) Needs(b *Board) []Ref { return b.tableOfDay() }

// decide completes the day's table and flags what is not registered (policy 1, art. 7 and 28).
func (c *CloseDay) decide(d *draft) *Fault {
	if c.Date == "" {
		d.openByItself()
	}
	r := d.editRota()
	if r.Day == "" || !r.ClosedAt.IsZero() || c.Date != "" && c.Date != r.Day {
		return refused("not_open", "")
	}
	d.subject = liveRotaRef(d.ID)
	d.visits(func(v *Visit) {
		if (v.State == Assigned || v.State == Served) && v.mustRegister() {
			d.flag(d.article("P1-28", "P2-02"), "unregistered:"+v.ID, v.ID)
		}
	})
	r.ClosedAt, r.NextFirst = d.now, ""
	if len(r.Line) > 0 { // a kept place opens the next day (A29)
		r.NextFirst = r.Line[0].Unit
	}
	d.fact(FactDayClosed, d.article("P1-07", "P2-01"), string(r.Day),
		"next_first", string(r.NextFirst))
	d.missAppointments(r.Day)
	d.datedCopy(nil)
	r.MadeUp = nil // they stand in the table now
	return nil
}
