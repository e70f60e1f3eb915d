package report

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// entry is one thing to be added up: a visit, or what a visit or the day's table says about the
// turn of one unit.
type entry struct {
	day    workflow.Date
	visit  *workflow.Visit // nil for what the day's table says
	unit   workflow.UnitID
	effect effect

	// Of the service desk.
	ticket    *workflow.Ticket
	fault     *workflow.MajorFault
	staff     workflow.StaffID // whose it is; empty: nobody's
	task      string
	outcome   outcome
	firstYear bool
}

// effect is what an entry says about a unit's turn.
type effect int

const (
	onTable effect = iota // the unit stands on the day's table and is expected
	madeUp
	used
	givenBack
	kept
	held
	passedVoid
	passedWithRight
	passedHold
)

// visits gives every visit of the query's days.
func visits(ctx context.Context, docs repo.Documents, q Query, put func(*entry) error) error {
	return scanVisits(ctx, docs, q, func(v *workflow.Visit) error {
		return put(&entry{day: v.BusinessDay, visit: v})
	})
}

func scanVisits(ctx context.Context, docs repo.Documents, q Query,
	put func(*workflow.Visit) error,
) error {
	of := repo.Span{Collection: workflow.Visits, Site: q.Site, ByDay: true, From: q.From, To: q.To}
	return docs.Scan(ctx, of, func(doc repo.Document) error {
		v, err := decode[*workflow.Visit](doc)
		if err != nil {
			return err
		}
		return put(v)
	})
}

func decode[R workflow.Record](doc repo.Document) (R, error) {
	r, err := workflow.Decode(doc.Image)
	if err != nil {
		var none R
		return none, fmt.Errorf("%w: %w", repo.ErrCorrupt, err)
	}
	return r.(R), nil
}

// turns passes on what the tables and visits of the query's days say about turns.
func turns(ctx context.Context, docs repo.Documents, q Query, put func(*entry) error) error {
	next, stop := iter.Pull2(dayTables(ctx, docs, q))
	defer stop()
	table, failed, more := next()
	own := newOwn(q.Own, put)
	// until passes on what the tables up to a day say; "" is past the last day.
	until := func(day workflow.Date) error {
		for more && failed == nil && (day == "" || table.Day <= day) {
			own.learn(table)
			if err := ofTable(table, own.put); err != nil {
				return err
			}
			table, failed, more = next()
		}
		return failed
	}
	err := scanVisits(ctx, docs, q, func(v *workflow.Visit) error {
		if err := until(v.BusinessDay); err != nil {
			return err
		}
		return ofVisit(v, own.put)
	})
	if err != nil {
		return err
	}
	return until("")
}

// own passes on only what belongs to one consultant: the turns of the unit he is in on the day's
// table. If who is nil, it passes on everything.
type own struct {
	who *workflow.StaffID
	in  workflow.UnitID
	to  func(*entry) error
}

func newOwn(who *workflow.StaffID, to func(*entry) error) *own {
	o := &own{who: who, to: to}
	if who != nil {
		o.in = workflow.UnitID(*who) // until a table says otherwise, he is his own unit
	}
	return o
}

// learn reads from a day's table to which unit he belongs.
func (o *own) learn(r *workflow.Rota) {
	for _, row := range r.Table {
		if o.who != nil && slices.Contains(row.Members, *o.who) {
			o.in = row.Unit
		}
	}
}

func (o *own) put(e *entry) error {
	if o.who != nil && e.unit != o.in {
		return nil
	}
	return o.to(e)
}

// dayTables are the rota tables of the query's days, in order.
func dayTables(ctx context.Context, docs repo.Documents, q Query) iter.Seq2[*workflow.Rota, error] {
	errEnough := errors.New("enough")
	return func(yield func(*workflow.Rota, error) bool) {
		of := repo.Span{Collection: workflow.Rotas, Site: q.Site}
		if q.From != "" { // ids are site/day
			of.After = workflow.DatedRotaRef(q.Site, q.From.AddDays(-1)).ID
		}
		err := docs.Scan(ctx, of, func(doc repo.Document) error {
			r, err := decode[*workflow.Rota](doc)
			switch {
			case err != nil:
				return err
			case doc.Ref == workflow.LiveRotaRef(q.Site):
				return nil
			case q.To != "" && r.Day > q.To, (q.From == "" || r.Day >= q.From) && !yield(r, nil):
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(nil, err)
		}
	}
}

// ofTable passes on the units that were expected on a day, and the make-ups that were granted.
func ofTable(r *workflow.Rota, put func(*entry) error) error {
	for _, row := range r.Table {
		if row.Presence == workflow.DayOff || row.Presence == workflow.OnLeave {
			continue
		}
		if err := put(&entry{day: r.Day, unit: row.Unit, effect: onTable}); err != nil {
			return err
		}
	}
	for _, m := range r.MadeUp {
		if err := put(&entry{day: r.Day, unit: m.Unit, effect: madeUp}); err != nil {
			return err
		}
	}
	return nil
}

// ofVisit passes on what a visit did to the turns of units.
func ofVisit(v *workflow.Visit, put func(*entry) error) error {
	all := []entry{{unit: v.TurnUnit, effect: used}}
	for _, u := range v.TurnsBack {
		all = append(all, entry{unit: u, effect: givenBack})
	}
	switch v.TurnEffect {
	case workflow.TurnKept:
		all = append(all, entry{unit: v.Unit, effect: kept})
	case workflow.TurnHeld:
		all = append(all, entry{unit: v.Unit, effect: held})
	case workflow.TurnUsed, workflow.TurnNone:
	}
	passed := map[workflow.PassEffect]effect{
		workflow.PassVoid:          passedVoid,
		workflow.PassVoidWithRight: passedWithRight, workflow.PassHold: passedHold,
	}
	for _, p := range v.Passed {
		all = append(all, entry{unit: p.Unit, effect: passed[p.Effect]})
	}
	for i := range all {
		all[i].day, all[i].visit = v.BusinessDay, v
		if all[i].unit == "" {
			continue
		}
		if err := put(&all[i]); err != nil {
			return err
		}
	}
	return nil
}
