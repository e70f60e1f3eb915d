package workflow

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// draft is a decision in the making: the board, and over it the records changed so far. The board
// stays as it is.
type draft struct {
	*Board
	env     Envelope
	seq     int64     // of the commit in the making
	now     time.Time // env.At
	local   time.Time // the same in the site's zone
	today   Date
	policy  *Policy
	changed map[Ref]Record
	facts   []Fact
	subject Ref
}

func newDraft(b *Board, env Envelope) *draft {
	d := &draft{Board: b, env: env, seq: b.Seq + 1, now: env.At, changed: make(map[Ref]Record, 4)}
	d.local = b.Local(env.At)
	d.today = dateOf(d.local)
	if s := b.Site(); s != nil {
		d.policy = s.PolicyOn(d.today)
	}
	return d
}

// look is a record as it stands in the draft.
func look[R Record](d *draft, ref Ref) (R, bool) {
	if r, ok := d.changed[ref].(R); ok {
		return r, true
	}
	r, ok := d.records[ref].(R)
	return r, ok
}

// edit is a record to change: a copy, once per draft.
func edit[R Record](d *draft, ref Ref) R {
	if r, ok := d.changed[ref].(R); ok {
		return r
	}
	r := d.records[ref].clone().(R)
	d.changed[ref] = r
	return r
}

// add puts a new record into the draft.
func add[R Record](d *draft, r R) R { d.changed[r.Ref()] = r; return r }

func (d *draft) site() *Site { s, _ := look[*Site](d, siteRef(d.ID)); return s }

func (d *draft) rota() *Rota { r, _ := look[*Rota](d, liveRotaRef(d.ID)); return r }

func (d *draft) editRota() *Rota { return edit[*Rota](d, liveRotaRef(d.ID)) }

// customer is nil when there is none of this id.
func (d *draft) customer(id CustomerID) *Customer {
	if id == "" {
		return nil
	}
	c, ok := look[*Customer](d, customerRef(id))
	if !ok || c.Site != d.ID {
		return nil
	}
	return c
}

func (d *draft) editCustomer(id CustomerID) *Customer { return edit[*Customer](d, customerRef(id)) }

// staffMember is nil when there is none of this id.
func (d *draft) staffMember(id StaffID) *Staff {
	s, ok := look[*Staff](d, staffRef(d.ID, id))
	if !ok {
		return nil
	}
	return s
}

// staffAll are all staff in order of id, as they stand in the draft.
func (d *draft) staffAll() []*Staff {
	all := make([]*Staff, 0, len(d.staff)+1)
	for _, s := range d.staff {
		t, _ := look[*Staff](d, s.Ref())
		all = append(all, t)
	}
	for ref, r := range d.changed {
		if s, ok := r.(*Staff); ok && d.records[ref] == nil {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b *Staff) int { return cmp.Compare(a.Staff, b.Staff) })
	return all
}

// visits calls f for every open visit as it stands in the draft, in order of id.
func (d *draft) visits(f func(*Visit)) {
	var added []*Visit
	for _, r := range d.changed {
		if v, ok := r.(*Visit); ok {
			if _, onBoard := slices.BinarySearchFunc(d.open, v.ID, byVisitID); !onBoard {
				added = append(added, v)
			}
		}
	}
	for _, v := range d.open {
		if c, ok := d.changed[v.Ref()].(*Visit); ok {
			v = c
		}
		f(v)
	}
	slices.SortFunc(added, func(a, b *Visit) int { return cmp.Compare(a.ID, b.ID) })
	for _, v := range added {
		f(v)
	}
}

// visit finds a visit to change and takes it through an event.
func (d *draft) visit(id VisitID, e Event) (*Visit, *Fault) {
	v, ok := look[*Visit](d, visitRef(id))
	if !ok || v.Site != d.ID {
		return nil, notFound("visit", string(id))
	}
	to, f := transition(v, e)
	if f != nil {
		return nil, f
	}
	v = edit[*Visit](d, visitRef(id))
	v.State = to
	d.subject = v.Ref()
	d.policy = d.policyOf(v)
	return v, nil
}

// policyOf is the policy that judges a visit: of the day on which the reception began, whatever is
// adopted afterwards (A94); today's while nobody receives him.
func (d *draft) policyOf(v *Visit) *Policy { return d.site().PolicyOn(d.dayOf(v)) }

// dayOf is the business day to which a visit belongs.
func (d *draft) dayOf(v *Visit) Date {
	if v.AssignedAt.IsZero() {
		return d.today
	}
	return v.BusinessDay
}

// under puts another policy in force until back is called.
func (d *draft) under(p *Policy) (back func()) {
	was := d.policy
	d.policy = p
	return func() { d.policy = was }
}

// commit seals the draft: facts, images in a fixed order, every changed record stamped with the
// commit's number.
func (d *draft) commit(cmd Command) (*Commit, error) {
	c := &Commit{
		Seq: d.seq, ID: d.env.ID, At: d.env.At, By: d.env.By, Fingerprint: d.env.Fingerprint,
		Kind: cmd.About().Kind, Subject: d.subject, Facts: d.facts, MinReader: d.minReader(cmd),
	}
	if s := d.site(); s != nil && d.clockBehind() && d.env.Clock.Before(s.ClockUntil) {
		c.ClockAt = d.env.Clock
	}
	var err error
	if c.Command, err = Encode(cmd); err != nil {
		return nil, err
	}
	c.records = make([]Record, 0, len(d.changed))
	for _, r := range d.changed {
		c.records = append(c.records, r)
	}
	slices.SortFunc(c.records, func(a, b Record) int {
		x, y := a.Ref(), b.Ref()
		return cmp.Or(cmp.Compare(slices.Index(Collections, x.Collection),
			slices.Index(Collections, y.Collection)), strings.Compare(x.ID, y.ID))
	})
	for _, r := range c.records {
		h := r.head()
		h.Seq = d.seq
		if v, ok := r.(*Visit); ok {
			v.Commits = append(v.Commits, d.seq)
			v.read(d.Local)
		}
		if x, ok := r.(chronicled); ok {
			x.changedBy(d.seq)
		}
		doc, err := Encode(r)
		if err != nil {
			return nil, err
		}
		c.Images = append(c.Images, Image{Ref: r.Ref(), Open: h.Open, Doc: doc})
	}
	if c.Facts == nil {
		c.Facts = []Fact{}
	}
	return c, nil
}

// newHead makes the head of a new record, or refuses an id that is missing or taken.
func (d *draft) newHead(c Collection, id RecordID, open bool) (Head, *Fault) {
	if id == "" {
		return Head{}, invalid("id_missing")
	}
	if _, ok := look[Record](d, Ref{c, string(id)}); ok {
		return Head{}, refused("record_exists", "", "id", string(id))
	}
	d.subject = Ref{c, string(id)}
	return Head{ID: string(id), Site: d.ID, Open: open}, nil
}

// actor is who a matter is about when the body names nobody.
func (d *draft) actor(named StaffID) StaffID {
	if named != "" {
		return named
	}
	return d.env.By.Staff
}
