package workflow

import (
	"cmp"
	"slices"
	"time"
)

// Board is everything needed to decide for one site: the line, the staff, the policy, all open
// visits, and the further records that a command named. It stands at exactly one commit of the
// journal.
type Board struct {
	ID      SiteID
	Seq     int64     // number of the last commit folded in; 0 before the site exists
	At      time.Time // when that commit was decided
	records map[Ref]Record
	absent  map[Ref]bool // looked for and not there
	open    []*Visit     // open visits by id
	staff   []*Staff     // by id
	matters []Record     // open messages, approvals, disputes, vacancies, appointments, as opened
	loc     *time.Location
	undo    *undo // what Rollback needs; nil outside Begin
}

// NewBoard is the board of a site before its first commit.
func NewBoard(id SiteID) *Board {
	return &Board{ID: id, records: map[Ref]Record{}, absent: map[Ref]bool{}, loc: time.UTC}
}

// Put folds one record in, as it stands in a store. Older images than the one held are skipped.
func (b *Board) Put(r Record) {
	ref := r.Ref()
	old, ok := b.records[ref]
	if ok && old.head().Seq > r.head().Seq {
		return
	}
	if b.undo != nil {
		if _, noted := b.undo.old[ref]; !noted {
			b.undo.old[ref] = old
		}
	}
	b.set(ref, r)
}

// set puts a record in, whatever was there, and keeps the lists.
func (b *Board) set(ref Ref, r Record) {
	b.records[ref] = r
	delete(b.absent, ref)
	if byCollection[ref.Collection].matter {
		b.putMatter(r)
	}
	switch r := r.(type) {
	case *Site:
		b.loc = r.Location()
	case *Staff:
		i, ok := slices.BinarySearchFunc(b.staff, r.Staff, byStaffID)
		if ok {
			b.staff[i] = r
		} else {
			b.staff = slices.Insert(b.staff, i, r)
		}
	case *Visit:
		i, ok := slices.BinarySearchFunc(b.open, r.ID, byVisitID)
		switch {
		case ok && r.Open:
			b.open[i] = r
		case ok:
			b.open = slices.Delete(b.open, i, i+1)
		case r.Open:
			b.open = slices.Insert(b.open, i, r)
		}
	}
}

func byStaffID(s *Staff, id StaffID) int { return cmp.Compare(s.Staff, id) }

func byVisitID(v *Visit, id string) int { return cmp.Compare(v.ID, id) }

// undo is how the board stood at Begin.
type undo struct {
	seq int64
	at  time.Time
	old map[Ref]Record // nil: was not there
}

// Begin starts folding in commits that are not yet in the journal: Keep makes them part of the
// board, Rollback takes them out again.
func (b *Board) Begin() { b.undo = &undo{seq: b.Seq, at: b.At, old: map[Ref]Record{}} }

// Keep ends what Begin began: the commits are in the journal.
func (b *Board) Keep() { b.undo = nil }

// Rollback restores the board as it stood at Begin.
func (b *Board) Rollback() {
	u := b.undo
	if u == nil {
		return
	}
	b.undo = nil
	for ref, old := range u.old {
		if old != nil {
			b.set(ref, old)
			continue
		}
		b.forget(ref)
	}
	b.Seq, b.At = u.seq, u.at
}

// forget removes a record as if it had never been read.
func (b *Board) forget(ref Ref) {
	delete(b.records, ref)
	b.open = slices.DeleteFunc(b.open, func(v *Visit) bool { return v.Ref() == ref })
	b.staff = slices.DeleteFunc(b.staff, func(s *Staff) bool { return s.Ref() == ref })
	b.matters = slices.DeleteFunc(b.matters, func(m Record) bool { return m.Ref() == ref })
}

// putMatter keeps the list of open matters.
func (b *Board) putMatter(r Record) {
	ref := r.Ref()
	i := slices.IndexFunc(b.matters, func(m Record) bool { return m.Ref() == ref })
	switch {
	case i >= 0 && r.head().Open:
		b.matters[i] = r
	case i >= 0:
		b.matters = slices.Delete(b.matters, i, i+1)
	case r.head().Open:
		b.matters = append(b.matters, r)
	}
}

// Matters are the open messages, approvals, disputes, vacancies and appointments. Callers must not
// change them.
func (b *Board) Matters() []Record { return b.matters }

// Apply folds the next commit in. It fails, and changes nothing, when c is not the next one or
// needs a newer program.
func (b *Board) Apply(c *Commit) error {
	if c.Seq != b.Seq+1 {
		return &GapError{Site: b.ID, At: b.Seq, Got: c.Seq}
	}
	if c.MinReader > MinReader {
		return ErrNewer
	}
	rs, err := c.Records()
	if err != nil {
		return err
	}
	for _, r := range rs {
		b.Put(r)
	}
	b.Seq, b.At = c.Seq, c.At
	return nil
}

// Missing returns those of refs that the board neither holds nor knows to be absent.
func (b *Board) Missing(refs []Ref) []Ref {
	var m []Ref
	for _, r := range refs {
		if _, ok := b.records[r]; !ok && !b.absent[r] && r.ID != "" {
			m = append(m, r)
		}
	}
	return m
}

// MarkAbsent notes that a record was looked for and is not there.
func (b *Board) MarkAbsent(refs ...Ref) {
	for _, r := range refs {
		if _, ok := b.records[r]; !ok {
			b.absent[r] = true
		}
	}
}

// Trim forgets records that are not open when more than n of them are held; they are read again
// when named.
func (b *Board) Trim(n int) {
	if len(b.records)+len(b.absent) <= n+len(b.open)+len(b.staff) {
		return
	}
	clear(b.absent)
	for ref, r := range b.records {
		switch ref.Collection {
		case Sites, StaffList:
		case Rotas:
			if ref != liveRotaRef(b.ID) {
				delete(b.records, ref)
			}
		default:
			if !r.head().Open {
				delete(b.records, ref)
			}
		}
	}
}

// Record returns a record the board holds.
func (b *Board) Record(ref Ref) (Record, bool) { r, ok := b.records[ref]; return r, ok }

// Site returns the site's record; nil before it is created.
func (b *Board) Site() *Site { s, _ := b.records[siteRef(b.ID)].(*Site); return s }

// Rota returns the live rota.
func (b *Board) Rota() *Rota { r, _ := b.records[liveRotaRef(b.ID)].(*Rota); return r }

// OpenVisits are the visits on the floor, by id. Callers must not change them.
func (b *Board) OpenVisits() []*Visit { return b.open }

// Staff are the staff by id. Callers must not change them.
func (b *Board) Staff() []*Staff { return b.staff }

// Local is t in the site's zone.
func (b *Board) Local(t time.Time) time.Time { return t.In(b.loc) }

// Next is the unit whose turn it is at a moment, by the plan of an event or by the line, and the
// member who would receive; empty when nobody is eligible.
func (b *Board) Next(now time.Time) (UnitID, StaffID) {
	if b.Rota() == nil {
		return "", ""
	}
	d := newDraft(b, Envelope{At: now})
	if e := d.eventPlan(); e != nil {
		if _, who, ok := d.planned(e); ok {
			return d.unitID(who), who
		}
		return "", ""
	}
	s, ok := d.onTurn()
	if !ok {
		return "", ""
	}
	return s.unit.ID, s.who
}
