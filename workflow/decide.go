package workflow

// Decide is the one decision function: what the board and the policy in force say to a command. It
// is pure: the same board, envelope and command give the same commit, byte for byte, and the board
// is not changed. A refusal is a *Fault. The board must hold every record that b.Needs(cmd) names.
func Decide(b *Board, env Envelope, cmd Command) (*Commit, *Fault) {
	d := newDraft(b, env)
	if f := d.try(cmd); f != nil {
		return nil, f
	}
	if s := d.site(); s != nil {
		d.policy = s.PolicyOn(d.today) // a visit was perhaps judged by an earlier one
	}
	if d.rota() != nil && cmd.About().Scope <= ScopeOffice {
		d.rejoin()
		d.deliver()
	}
	d.keepNotices()
	if d.rota() != nil {
		d.keepNumber()
	}
	c, err := d.commit(cmd)
	if err != nil {
		return nil, invalid("unencodable")
	}
	return c, nil
}

// try does what the command asks for in the draft, or says why not.
func (d *draft) try(cmd Command) *Fault {
	if f := d.ready(cmd); f != nil {
		return f
	}
	if f := d.authorise(cmd); f != nil {
		return f
	}
	if f := NoPhone(textsOf(cmd)...); f != nil {
		return f
	}
	if cmd.About().Scope == ScopeFloor {
		d.openByItself()
	}
	if f := cmd.decide(d); f != nil {
		return f
	}
	return d.refuseNote(cmd)
}
