package repo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

const (
	// fillRecords is how many records that are not open a Filler keeps in memory.
	fillRecords = 8192
	// fillPatience bounds how long a page whose fate is unknown is sent again, fillTimeout each
	// single try.
	fillPatience = 30 * time.Second
	fillTimeout  = 10 * time.Second
)

// Filler decides commands of one site, one after another, and writes the commits in full pages: for
// a new site at which nobody else works, such as an import or a made-up office. While a page is
// being written the next one is decided. A command is durable only after Close. A Filler belongs to
// one goroutine.
type Filler struct {
	store Store
	site  workflow.SiteID
	board *workflow.Board
	keep  int // how many records that are not open the board may hold

	commits []*workflow.Commit // decided, in no page yet
	size    int                // of them, about
	landed  int64              // the last commit known to be in the journal
	head    string             // hash of the page that ends with it
	writing chan written       // answers for the page that is being written; nil: none is
	err     error              // why nothing more can be written
}

// written is what became of a page.
type written struct {
	page *Page
	err  error
}

// OpenFiller makes a Filler for a site that has no journal yet; ErrExists when it has one.
func OpenFiller(ctx context.Context, store Store, site workflow.SiteID) (*Filler, error) {
	pages, err := store.Before(ctx, site, 1, 1)
	switch {
	case err != nil:
		return nil, fmt.Errorf("fill site %s: %w", site, err)
	case len(pages) > 0:
		return nil, fmt.Errorf("fill site %s: %w", site, ErrExists)
	}
	return &Filler{store: store, site: site, board: workflow.NewBoard(site), keep: fillRecords}, nil
}

// Do decides a command. A refusal is a *workflow.Fault and changes nothing; so does a ctx that has
// ended. After any other error nothing more is written. An At before the last commit's is raised to
// it.
func (f *Filler) Do(
	ctx context.Context, env workflow.Envelope, cmd workflow.Command,
) (*workflow.Commit, error) {
	if f.err != nil {
		return nil, f.err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := f.read(ctx, cmd); err != nil {
		if ctx.Err() != nil { // nothing was decided, and what was before is still to be written
			return nil, ctx.Err()
		}
		return nil, f.fail(err)
	}
	if env.At.Before(f.board.At) {
		env.At = f.board.At
	}
	c, fault := workflow.Decide(f.board, env, cmd)
	if fault != nil {
		return nil, fault
	}
	if err := f.board.Apply(c); err != nil {
		return nil, f.fail(err)
	}
	f.commits, f.size = append(f.commits, c), f.size+commitSize(c)
	if len(f.commits) == MaxPageCommits || f.size >= MaxPageBytes {
		return c, f.turn(ctx)
	}
	return c, nil
}

// Close writes what was decided and sees to it that the documents have followed. It answers for
// everything: after nil the whole site is in the store.
func (f *Filler) Close(ctx context.Context) error {
	if f.err == nil && len(f.commits) > 0 {
		f.err = f.turn(ctx)
	}
	if err := f.wait(); err != nil {
		return err
	}
	if err := follow(ctx, f.store, f.store, f.site); err != nil {
		return f.fail(err)
	}
	return nil
}

// Head is the last commit in the journal and the hash of the page that ends with it. It is meant
// for after Close.
func (f *Filler) Head() Expectation { return Expectation{Seq: f.landed, Hash: f.head} }

// fail notes why nothing more is written.
func (f *Filler) fail(err error) error {
	f.err = fmt.Errorf("fill site %s: %w", f.site, err)
	return f.err
}

// read gives the board the records that a command needs. What the board does not hold has landed:
// see turn.
func (f *Filler) read(ctx context.Context, cmd workflow.Command) error {
	for refs := f.board.Needs(cmd); len(refs) > 0; refs = f.board.Needs(cmd) {
		var docs []Document
		if f.landed > 0 {
			var err error
			if docs, err = f.store.Read(ctx, f.site, f.landed, refs); err != nil {
				return fmt.Errorf("read records: %w", err)
			}
		}
		for _, doc := range docs {
			r, err := doc.Record()
			if err != nil {
				return err
			}
			f.board.Put(r)
		}
		f.board.MarkAbsent(refs...)
	}
	return nil
}

// turn begins to write what was decided, as soon as the page before it has landed. The board
// forgets what is not open, but for what this page holds: so whatever it forgot can be read from
// the store.
func (f *Filler) turn(ctx context.Context) error {
	if err := f.wait(); err != nil {
		return err
	}
	commits, head, done := f.commits, f.head, make(chan written, 1)
	f.commits, f.size, f.writing = make([]*workflow.Commit, 0, MaxPageCommits), 0, done
	f.board.Trim(f.keep)
	for _, c := range commits {
		rs, err := c.Records()
		if err != nil {
			return f.fail(err)
		}
		for _, r := range rs {
			f.board.Put(r)
		}
	}
	go func() {
		p, err := NewPage(f.site, head, commits)
		if err == nil {
			err = f.write(ctx, p)
		}
		done <- written{p, err}
	}()
	return nil
}

// wait waits for the page that is being written.
func (f *Filler) wait() error {
	if f.writing == nil {
		return f.err
	}
	w := <-f.writing
	f.writing = nil
	switch {
	case w.err == nil:
		f.landed, f.head = w.page.Last, w.page.Hash
	case f.err == nil:
		return f.fail(w.err)
	}
	return f.err
}

// write appends a page. One whose fate is unknown is sent again, the same to the byte, so that it
// cannot land twice, until the patience or ctx ends. ctx is heeded only between two tries: no
// answer is thrown away.
func (f *Filler) write(ctx context.Context, p *Page) error {
	whole, cancel := context.WithTimeout(ctx, fillPatience)
	defer cancel()
	for wait := 20 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		err := f.append(ctx, p)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, ErrSeqTaken), errors.Is(err, ErrIDTaken):
			return fmt.Errorf("somebody else works at the site: %w", err)
		case errors.Is(err, ErrClosed):
			return err
		}
		if !Pause(whole, wait) {
			return err
		}
		if _, replaced := readSlot(whole, f.store, p); errors.Is(replaced, ErrReplaced) {
			return errors.Join(err, replaced)
		}
	}
}

func (f *Filler) append(ctx context.Context, p *Page) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fillTimeout)
	defer cancel()
	return f.store.Append(ctx, []*Page{p})[0]
}
