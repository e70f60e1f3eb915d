package workflow

// works reports whether somebody is a consultant here today. Whoever has left counts as not named,
// whether a visitor asks for him or is his customer (A92).
func (d *draft) works(s StaffID) bool {
	m := d.staffMember(s)
	return m != nil && m.Active && m.Role == RoleConsultant
}

// working refuses a consultant who has left: no customer and no appointment is given to him.
func (d *draft) working(s StaffID) *Fault {
	if f := d.consultant(s); f != nil {
		return f
	}
	if !d.works(s) {
		return invalid("staff_left", "staff", string(s))
	}
	return nil
}

// asked is the consultant whom the visitor asked for; empty when he has left.
func (d *draft) asked(v *Visit) StaffID {
	if !d.works(v.Named) {
		return ""
	}
	return v.Named
}

// noteLeft says that the consultant whom a visitor asked for has left. When the customer's owner
// has left, the customer waits for another one, and the managers are told, once for each customer:
// the
// reception alone gives him to nobody (policy 1, art. 17 and 51; A92).
func (d *draft) noteLeft(v *Visit) {
	if v.Named != "" && !d.works(v.Named) {
		d.fact(FactNamedLeft, d.article("P1-12b", "P2-08a"), v.ID, "staff", string(v.Named))
	}
	k := d.customer(v.Customer)
	if k == nil || !d.waits(v, k) {
		return
	}
	d.noteWaits(v, d.editCustomer(v.Customer))
}

// noteWaits records that a customer waits for another owner, and tells the managers the first time.
func (d *draft) noteWaits(v *Visit, k *Customer) {
	if !k.WaitsSinceAt.IsZero() {
		return
	}
	k.WaitsSinceAt = d.now
	d.notifyManagers("P1-51", k.ID, "why", "owner_left", "staff", string(k.Owner),
		"server", string(v.Server))
}

// waits reports whether a visit leaves its customer with an owner who has left: the first reception
// still held when it began, so he is no new customer, and he did not demand the one who received.
func (d *draft) waits(v *Visit, k *Customer) bool {
	demanded := v.Principal == d.asked(v) || v.Route == RouteChange
	return !d.works(k.Owner) && d.keeps(v, k) && (!demanded || v.Customer != CustomerID(k.ID))
}

// notifyManagers tells every active manager.
func (d *draft) notifyManagers(rule, about string, kv ...string) {
	for _, s := range d.staffAll() {
		if s.Role == RoleManager && s.Active {
			d.notify(rule, s.Staff, about, kv...)
		}
	}
}
