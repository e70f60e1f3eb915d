// Package sample simulates a property-sales office for a year or ten: visitors, consultants,
// customers, deals, and the service desk beside reception. Every command goes to the real rules,
// and refusals are part of the story: a visitor for whom nobody is free waits, or leaves. Nobody
// has a name or a phone number; there are only ids.
//
// The office is completely determined by its Config: the same Config gives the same commands and
// so, under the same rules, the same journal, byte for byte.
package sample

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// Config describes the office. The zero value is usable.
type Config struct {
	Site workflow.SiteID // zero: riverside
	Seed uint64          // any number; a different one gives a different year
	// From and To are the first and the last day. If one is zero, the year has 365 days; if both
	// are, it starts on 2024-01-01.
	From, To workflow.Date
	// Visits is exactly how many groups come; zero: 30,000 in 365 days.
	Visits int
	// Consultants is how many there are; zero: as many as the visits need, from 4 to 40 (13 for
	// 30,000 a year).
	Consultants int
}

// Do decides one command. A refusal is a *workflow.Fault.
type Do = func(context.Context, workflow.Envelope, workflow.Command) (*workflow.Commit, error)

// Check reports what is wrong with a Config before anything is done.
func (c Config) Check() error {
	_, err := newOffice(c, nil)
	return err
}

// Run runs the office: under policy 1 in the first half of the time, then under policy 2. do starts
// with an empty site; progress, which may be nil, is called for every visitor. Any error of do
// other than a refusal ends the run.
func Run(ctx context.Context, c Config, do Do, progress func(done, total int)) error {
	decide := func(env workflow.Envelope, cmd workflow.Command) (*workflow.Commit, error) {
		return do(ctx, env, cmd)
	}
	o, err := newOffice(c, decide)
	if err != nil {
		return fmt.Errorf("sample: %w", err)
	}
	if progress != nil {
		o.progress = progress
	}
	return o.live()
}

// live runs the office from its first day to its last.
func (o *office) live() error {
	for o.today = range o.days {
		if err := o.work(); err != nil {
			return fmt.Errorf("sample: %s: %w", o.day().date, err)
		}
	}
	return nil
}

// decide decides one command, for as long as the run lasts.
type decide = func(workflow.Envelope, workflow.Command) (*workflow.Commit, error)

// office is the simulation: a clock, the people there, and what is still to happen.
type office struct {
	dice
	agenda
	site     workflow.SiteID
	do       decide
	progress func(done, total int)
	ids      ids

	days   []day
	today  int // index into days
	total  int // visits in all
	came   int // of these so far
	plans  map[int]plans
	policy int // day from which policy 2 holds

	staff   []*consultant
	hired   int             // so far
	rota    *workflow.Rota  // as the last commit left it
	refusal *workflow.Fault // of the last command; nil when it was carried out
	open    map[workflow.VisitID]*guest
	waiting []*guest
	last    *guest // the newest new visitor
	book    []*customer
	entered int // customers ever in the book
	service *service
	sold    int // flats
}

// plans are what was arranged for a later day.
type plans struct {
	returns []*customer
	tasks   []func() error
}

func newOffice(c Config, do decide) (*office, error) {
	c.Site = cmp.Or(c.Site, "riverside")
	if c.To == "" {
		c.From = cmp.Or(c.From, "2024-01-01")
	}
	o := &office{
		dice: newDice(string(c.Site), c.Seed), ids: newIDs(string(c.Site), c.Seed), site: c.Site,
		do:       do,
		progress: func(int, int) {}, plans: map[int]plans{}, open: map[workflow.VisitID]*guest{},
	}
	var err error
	if o.days, err = calendar(c.From, c.To); err != nil {
		return nil, err
	}
	o.total = cmp.Or(c.Visits, len(o.days)*30_000/365)
	if o.total < 0 || c.Consultants < 0 {
		return nil, errors.New("a number of visits or consultants is not negative")
	}
	o.policy = len(o.days) / 2
	if err := o.spread(o.total); err != nil {
		return nil, err
	}
	o.hire(cmp.Or(c.Consultants, min(max(o.total*100/len(o.days)/630, 4), 40)))
	o.service = newService(o, c.Seed)
	return o, nil
}

func (o *office) day() *day { return &o.days[o.today] }

// underP2 reports whether policy 2 holds.
func (o *office) underP2() bool { return o.today >= o.policy }

// work runs one day, from the morning until the last visitor has gone.
func (o *office) work() error {
	o.now = o.day().midnight.Add(8 * time.Hour)
	if o.today == 0 {
		if err := o.found(); err != nil {
			return err
		}
		if err := o.service.open(); err != nil {
			return err
		}
	}
	if o.day().closed {
		if err := o.service.morning(); err != nil {
			return err
		}
		return o.run()
	}
	if err := o.morning(); err != nil {
		return err
	}
	if err := o.service.morning(); err != nil {
		return err
	}
	o.visitors()
	p := o.plans[o.today]
	delete(o.plans, o.today)
	for _, task := range p.tasks {
		o.at(o.day().midnight.Add(9*time.Hour+time.Duration(o.IntN(9*60*60))*time.Second), task)
	}
	if err := o.run(); err != nil {
		return err
	}
	return o.evening()
}

// ask has a command decided now. A nil commit without an error is a refusal, kept in o.refusal.
func (o *office) ask(by workflow.Actor, cmd workflow.Command) (*workflow.Commit, error) {
	o.refusal = nil
	c, err := o.do(workflow.Envelope{
		ID: o.ids.command(), By: by,
		At: o.now.UTC().Truncate(time.Millisecond),
	}, cmd)
	if errors.As(err, &o.refusal) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", cmd.About().Kind, err)
	}
	rs, err := c.Records()
	if err != nil {
		return nil, err
	}
	for _, r := range rs {
		o.note(r)
	}
	return c, nil
}

// must is ask for commands that a sound office does not refuse.
func (o *office) must(by workflow.Actor, cmd workflow.Command) error {
	c, err := o.ask(by, cmd)
	if err == nil && c == nil {
		return fmt.Errorf("%s: %w", cmd.About().Kind, o.refusal)
	}
	return err
}

// may is ask for commands that may be refused.
func (o *office) may(by workflow.Actor, cmd workflow.Command) error {
	_, err := o.ask(by, cmd)
	return err
}

// note updates what the office knows from a record that a commit changed.
func (o *office) note(r workflow.Record) {
	switch r := r.(type) {
	case *workflow.Rota:
		if r.Open {
			o.rota = r
		}
	case *workflow.Visit:
		g := o.open[workflow.VisitID(r.ID)]
		if g == nil {
			return
		}
		if g.record == nil {
			o.came++
			o.progress(o.came, o.total)
		}
		o.engage(g.record, -1)
		o.engage(r, 1)
		if g.record = r; !r.Open {
			delete(o.open, workflow.VisitID(r.ID))
		}
	}
}

// later is the index of an open day about n days from now; false if that is past the end.
func (o *office) later(n int) (int, bool) {
	i := o.today + max(n, 1)
	for i < len(o.days) && o.days[i].closed {
		i++
	}
	return i, i < len(o.days)
}

// plan arranges something for about n days later.
func (o *office) plan(n int, do func() error) {
	if i, ok := o.later(n); ok {
		p := o.plans[i]
		p.tasks = append(p.tasks, do)
		o.plans[i] = p
	}
}

// expect arranges for a customer to come again about n days later, preferably at a weekend.
func (o *office) expect(n int, k *customer) {
	i, ok := o.later(n)
	if !ok {
		return
	}
	if to := int(time.Saturday - o.days[i].midnight.Weekday()); to < 6 && to > 0 && o.chance(.5) {
		i, ok = o.later(i - o.today + to + o.IntN(2))
	}
	if ok {
		p := o.plans[i]
		p.returns = append(p.returns, k)
		o.plans[i] = p
	}
}
