package workflow

// meetAtDoor names, when a group arrives, who guides and who brings water: the second and the third
// of those who are free. The guide goes to the door before the group comes in (policy 2, items 05
// and 12).
func (d *draft) meetAtDoor(v *Visit) {
	e := d.eligible("")
	if !d.policy.Desk.Guiding || len(e) < 2 {
		return
	}
	d.nameHelp(v, e[1].who, e[min(2, len(e)-1)].who)
}

// settleHelp names others, when the reception begins, where those who were named receive now or are
// busy. Visitors who are no customers get no water.
func (d *draft) settleHelp(v *Visit) {
	if !v.customerKind() {
		v.Water = ""
		return
	}
	next := d.eligible("")
	still := func(s StaffID) bool { return s != "" && s != v.Server && d.free(s) }
	other := func(than StaffID) (who StaffID) { // the first free one, somebody else if possible
		for i := len(next) - 1; i >= 0; i-- {
			if who == "" || next[i].who != than {
				who = next[i].who
			}
		}
		return who
	}
	guide, water := v.Guide, v.Water
	if !still(water) {
		water = ""
	}
	if !still(guide) {
		guide = other(water)
	}
	if water == "" {
		water = other(guide)
	}
	d.nameHelp(v, guide, water)
}

// nameHelp asks those who were not asked yet.
func (d *draft) nameHelp(v *Visit, guide, water StaffID) {
	if guide != "" && guide != v.Guide {
		d.fact(FactReminded, "P2-05", string(guide), "item", "guide", "visit", v.ID)
	}
	if water != "" && water != v.Water {
		d.fact(FactReminded, "P2-12a", string(water), "item", "bring_water", "visit", v.ID)
	}
	v.Guide, v.Water = guide, water
}
