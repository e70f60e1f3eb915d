package repo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

const (
	// fillRecords is how many closed records a Filler keeps in memory.
	fillRecords = 8192
	// fillPatience limits how long a page is sent again while its fate is unknown; fillTimeout
	// limits each try.
	fillPatience = 30 * time.Second
	fillTimeout  = 10 * time.Second
)

// Filler decides the commands of one site, one after another, and writes the commits in full pages.
// It is for a new site where nobody else works, such as an import or a made-up office. While one
// page is being written, the next is decided. A command is durable only after Close. A Filler
// belongs to one goroutine.
type Filler struct {
	store Store
	site  workflow.SiteID
	board *workflow.Board
	keep  int // how many closed records the board may hold

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

// OpenFiller makes a Filler for a site without a journal. ErrExists: the site has one.
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

// Do decides a command. A refusal is a *workflow.Fault and changes nothing. Nothing changes either
// when ctx has ended. After any other error nothing more is written. An earlier At than the last
// commit's is raised to that.
func (f *Filler) Do(
	ctx context.Context, env workflow.Envelope, cmd workflow.Command,
) (*workflow.Commit, error) {
	if f.err != nil {
		return nil, f.err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := f.readRecords(ctx, cmd); err != nil {
		if ctx.Err() != nil { // nothing was decided, and earlier commits are still to be written
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
		return c, f.startPage(ctx)
	}
	return c, nil
}

// Close writes what was decided and makes sure that the documents have caught up. Its answer covers
// everything: after nil the whole site is in the store.
func (f *Filler) Close(ctx context.Context) error {
	if f.err == nil && len(f.commits) > 0 {
		f.err = f.startPage(ctx)
	}
	if err := f.awaitPage(); err != nil {
		return err
	}
	if err := projectRest(ctx, f.store, f.store, f.site); err != nil {
		return f.fail(err)
	}
	return nil
}

// Head is the last commit in the journal and the hash of the page that ends with it. Call it after
// Close.
func (f *Filler) Head() Expectation { return Expectation{Seq: f.landed, Hash: f.head} }

// fail notes why nothing more is written.
func (f *Filler) fail(err error) error {
	f.err = fmt.Errorf("fill site %s: %w", f.site, err)
	return f.err
}

// readRecords gives the board the records that a command needs. What the board does not hold is in
// the store: see startPage.
func (f *Filler) readRecords(ctx context.Context, cmd workflow.Command) error {
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

// startPage begins to write what was decided as soon as the page before it has landed. The board
// then forgets closed records, except those in this page, so whatever it forgot can be read from
// the store.
func (f *Filler) startPage(ctx context.Context) error {
	if err := f.awaitPage(); err != nil {
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
			err = f.writePage(ctx, p)
		}
		done <- written{p, err}
	}()
	return nil
}

// awaitPage waits for the page that is being written.
func (f *Filler) awaitPage() error {
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

// writePage appends a page. While its fate is unknown the same bytes are sent again, so that it
// cannot land twice, until the patience or ctx ends. ctx is checked only between tries: no answer
// is thrown away.
func (f *Filler) writePage(ctx context.Context, p *Page) error {
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
