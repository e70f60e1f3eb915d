package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/sample"
	"github.com/lunpai/lunpai/workflow"
)

// generateCmd fills a store with a made-up office.
type generateCmd struct {
	Store  string `help:"The store to fill: sqlite:PATH or mongodb://…" default:"sqlite:year.db"`
	Site   string `help:"Id of the new site." default:"riverside"`
	Visits int    `help:"How many groups come in total; default: 30,000 a year." placeholder:"N"`
	Seed   uint64 `help:"Each seed is another year; the same seed gives the same year, byte for byte, on the same kind of machine." default:"1"`
	From   string `help:"First day; default: 365 days before the end." placeholder:"2024-01-01"`
	To     string `help:"Last day; default: yesterday, or 365 days after the first." placeholder:"2024-12-31"`
}

// Help is printed below the flags.
func (generateCmd) Help() string {
	return `Makes up an office and lets it work: visitors of every kind, 13 consultants at a time
with days off and errands, follow-ups, deals and refunds, under policy 1 in the first half of the
time and policy 2 in the second. The real rules decide every command, so the journal is as good as
any other: it can be verified, explained and replayed. Nobody has a name or a phone.

Examples:
  lunpai generate                                   a year in year.db in this folder
  lunpai generate --store sqlite:year.db --site hillside --seed 2 --visits 12000
  lunpai generate --store sqlite:decade.db --from 2015-01-01 --to 2024-12-31`
}

// fillWithin bounds how long the last pages may take when the work is stopped.
const fillWithin = time.Minute

// Run fills the store and tells how fast.
func (c *generateCmd) Run(ctx context.Context, w *World) (err error) {
	collectLess(w)
	if c.From == "" && c.To == "" {
		c.To = w.Now().AddDate(0, 0, -1).Format(time.DateOnly)
	}
	if !workflow.ValidID(c.Site) {
		return fmt.Errorf("--site %q is not an id: write 1 to 64 letters, digits and dashes",
			c.Site)
	}
	office := sample.Config{
		Site: workflow.SiteID(c.Site), Seed: c.Seed,
		From: workflow.Date(c.From), To: workflow.Date(c.To), Visits: c.Visits,
	}
	if err := office.Check(); err != nil { // before a store is made
		return err
	}
	s, err := openStore(ctx, c.Store, w.warnings())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	f, err := repo.OpenFiller(ctx, s, workflow.SiteID(c.Site))
	if errors.Is(err, repo.ErrExists) {
		return fmt.Errorf("this store already holds site %s: "+
			"choose another with --site, or another --store", c.Site)
	}
	if err != nil {
		return err
	}
	return c.fill(ctx, w, f, office)
}

// fill lets the office work. When it is stopped, what was decided so far is written all the same: a
// shorter year.
func (c *generateCmd) fill(
	ctx context.Context, w *World, f *repo.Filler, office sample.Config,
) error {
	m := &meter{progress: w.patientProgress(), begun: w.Now()}
	err := sample.Run(ctx, office, f.Do, m.tell)
	m.clear()
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), fillWithin)
	defer cancel()
	closed := f.Close(end)
	if stopped := ctx.Err() != nil && errors.Is(err, ctx.Err()); closed == nil && stopped {
		return fmt.Errorf("stopped after %d of %d visits; the store is sound and holds them",
			m.done, m.total)
	}
	if err = errors.Join(err, closed); err != nil {
		return err
	}
	took := w.Now().Sub(m.begun).Seconds()
	head := f.Head()
	_, err = fmt.Fprintf(w.Stdout,
		"%s: %d visits, %d commits in %.1f s, %.0f visits/s, head %s:%d:%s\n",
		c.Site, m.done, head.Seq, took, float64(m.done)/took, c.Site, head.Seq, head.Hash)
	return err
}

// meter shows how far the work has come.
type meter struct {
	progress
	begun       time.Time
	done, total int
}

// tell is called after every visit.
func (m *meter) tell(done, total int) {
	m.done, m.total = done, total
	took := m.now().Sub(m.begun)
	left := time.Duration(float64(took) * float64(total-done) / float64(done)).Round(time.Second)
	m.show("generate: %3d %%, %d of %d visits, %.0f visits/s, %v left",
		100*done/total, done, total, float64(done)/took.Seconds(), left)
}
