package workflow

import "time"

// RemindWaiting brings a visitor who waits too long to the supervisors' notice (policy 1, art.
// 4).
type RemindWaiting struct {
	// Id of the visit.
	Visit VisitID `json:"visit"`
}

func (*RemindWaiting) About() About { return About{Kind: "remind_waiting"} }

func (c *RemindWaiting) Needs(b *Board) []Ref { return b.visitNeeds(c.Visit) }

// decide refuses to remind early, or a second time.
func (c *RemindWaiting) decide(d *draft) *Fault {
	ref := visitRef(c.Visit)
	v, ok := look[*Visit](d, ref)
	if !ok || v.Site != d.ID {
		return notFound("visit", string(c.Visit))
	}
	if !d.waitsTooLong(v) {
		return refused("not_due", "wait_reminder_min").citing(d)
	}
	edit[*Visit](d, ref).RemindedAt = d.now
	d.subject = ref
	d.remind("wait_reminder_min", "waiting_too_long", v.ID)
	d.notifySupervisors("wait_reminder_min", v.ID, "why", "waiting_too_long")
	return nil
}

func (d *draft) waitLimit() time.Duration {
	return time.Duration(d.policy.WaitReminderMin) * time.Minute
}

func (d *draft) waitsTooLong(v *Visit) bool { return v.unreminded() && d.overdue(v) }

// overdue reports whether a visitor has waited longer than the policy allows, if it says so.
func (d *draft) overdue(v *Visit) bool {
	limit := d.waitLimit()
	return limit > 0 && v.waits() && d.now.Sub(v.ArrivedAt) > limit
}
