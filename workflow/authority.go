package workflow

import (
	"slices"
	"strings"
)

// may reports whether the actor has one of the roles.
func (d *draft) may(rs ...Role) bool { return slices.Contains(rs, d.env.By.Role) }

// authorise refuses an actor whose role may not give the command, or may give it only for what is
// his own.
func (d *draft) authorise(cmd Command) *Fault {
	by := d.env.By
	if by.Role == RoleSystem {
		return nil
	}
	ok, own := may(cmd, by.Role)
	mine, _ := cmd.(owned)
	switch {
	case !ok:
		return d.notFor(cmd.About().Rule, d.mayGive(cmd))
	case own && !mine.own(d):
		return forbidden("not_own", cmd.About().Rule, "staff", string(by.Staff))
	}
	return nil
}

// notFor refuses the actor's role and names those that may.
func (d *draft) notFor(rule string, roles []Role) *Fault {
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = string(r)
	}
	return forbidden("role", rule, "role", string(d.env.By.Role),
		"roles", strings.Join(names, " "))
}

// mayGive are the roles that may give a command here, whomever it is about.
func (d *draft) mayGive(cmd Command) []Role {
	if c, ok := cmd.(narrowed); ok && d.policy != nil {
		return c.narrow(d.policy)
	}
	return cmd.About().May
}

func (d *draft) ownVisit(id VisitID) bool {
	v, ok := look[*Visit](d, visitRef(id))
	return ok && v.Of(d.env.By.Staff)
}

func (d *draft) ownCustomer(id CustomerID) bool {
	k := d.customer(id)
	return k != nil && k.Owner != "" && k.Owner == d.env.By.Staff
}

// himself reports whether the command names nobody, or the one whose key it is.
func (d *draft) himself(named StaffID) bool { return named == "" || named == d.env.By.Staff }

// received reports whether the acting consultant took part in an open visit of the customer, or in
// the first or last one on the customer's record.
func (d *draft) received(id CustomerID) bool {
	me, found := d.env.By.Staff, false
	d.visits(func(v *Visit) { found = found || v.with(id) && v.Of(me) })
	if k := d.customer(id); k != nil && !found {
		found = d.ownVisit(k.FirstVisit) || d.ownVisit(k.LastVisit)
	}
	return found
}

// asker is the member of staff who asks: the one whose key it is. The front desk, whose key belongs
// to nobody, may name somebody.
func (d *draft) asker(named StaffID, rule string) (StaffID, *Fault) {
	if !d.himself(named) && !d.may(RoleFrontDesk, RoleSystem) {
		return "", forbidden("other_named", rule, "staff", string(named))
	}
	if f := d.colleague(named); f != nil {
		return "", f
	}
	return d.actor(named), nil
}
