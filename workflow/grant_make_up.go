package workflow

import "slices"

// GrantMakeUp places a unit that has a make-up right at a position of the line (RS-16).
type GrantMakeUp struct {
	// Unit to place; it must be back in the line.
	Unit UnitID `json:"unit"`
	// Position in the line, 1 for the first; 0 counts as 1.
	Position int `json:"position"`
	// Why, as a code.
	Reason string `json:"reason,omitempty"`
}

func (*GrantMakeUp) About() About {
	return About{
		Kind: "grant_make_up", May: approvers,
		Rule: "P1-08",
	}
}

func (*GrantMakeUp) Needs(*Board) []Ref { return nil }

func (*GrantMakeUp) narrow(p *Policy) []Role { return p.MakeUp.Approvers }

func (c *GrantMakeUp) texts() []string { return []string{c.Reason} }

// decide lets nobody place himself, and places only a unit that is back in the line.
func (c *GrantMakeUp) decide(d *draft) *Fault {
	u := d.unit(c.Unit)
	if u == nil {
		return notFound("unit", string(c.Unit))
	}
	if !d.policy.mayMakeUp(d.env.By.Role) {
		return d.notFor("makeup.approvers", d.policy.MakeUp.Approvers).citing(d)
	}
	if slices.Contains(u.Members, d.env.By.Staff) {
		return forbidden("own_benefit", "P1-08")
	}
	r := d.rota()
	i := slices.IndexFunc(r.MakeUps, func(m MakeUpRight) bool {
		return m.Unit == c.Unit && !d.expired(m, d.today)
	})
	if i < 0 {
		return refused("no_right", "makeup.approvers", "unit", string(c.Unit)).citing(d)
	}
	if r.lineIndex(c.Unit) < 0 {
		return refused("not_back", "P1-08", "unit", string(c.Unit))
	}
	pos := max(c.Position, 1)
	if c.Position < 0 || pos > len(r.Line) {
		return invalid("bad_position", "position", itoa(c.Position))
	}
	r = d.editRota()
	r.MakeUps = slices.Delete(r.MakeUps, i, i+1)
	order := slices.DeleteFunc(r.Order(), func(x UnitID) bool { return x == c.Unit })
	r.setLine(slices.Insert(order, pos-1, c.Unit))
	r.MadeUp = append(r.MadeUp, MadeUp{Unit: c.Unit, Position: pos, By: d.env.By.Staff, At: d.now})
	d.subject = liveRotaRef(d.ID)
	d.fact(FactMakeUpGranted, "makeup.approvers", string(c.Unit), "position", itoa(pos),
		"by", string(d.env.By.Staff))
	return nil
}
