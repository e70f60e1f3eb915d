package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/lunpai/lunpai/internal/slow"
	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// onCommit makes f end the next n commits.
func onCommit(t *testing.T, s *Store, n int, f func(context.Context, *sql.Stmt) error) {
	t.Helper()
	err := s.write(t.Context(), 1, func(*tx) error { // in the writer's own goroutine
		skip := true // the commit of this very call
		s.writer.commit = func(ctx context.Context, commit *sql.Stmt) error {
			if skip || n == 0 {
				skip = false
				_, err := commit.ExecContext(ctx)
				return err
			}
			n--
			return f(ctx, commit)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

var errDisk = errors.New("disk on fire")

// failBefore is a commit that never reached the disk, failAfter one that did.
func failBefore(context.Context, *sql.Stmt) error { return errDisk }

func failAfter(ctx context.Context, commit *sql.Stmt) error {
	if _, err := commit.ExecContext(ctx); err != nil {
		return err
	}
	return errDisk
}

// TestFailedCommit: the outcome of a failed commit is unknown, whatever became of it; the same page
// sent again succeeds and is in the journal once.
func TestFailedCommit(t *testing.T) {
	for name, fail := range map[string]func(context.Context,
		*sql.Stmt) error{"not on disk": failBefore, "on disk": failAfter} {
		t.Run(name, func(t *testing.T) {
			s, o := openNew(t), newOffice("site")
			mustAppend(t, s, o.mustPage(t, 2))
			if _, err := openReader(t, s.path).Sites(t.Context()); err != nil {
				// keeps the log from being written back by itself
				t.Fatal(err)
			}
			onCommit(t, s, 1, fail)
			p := o.mustPage(t, 3)
			if err := appendOne(t.Context(), s, p); !errors.Is(err, repo.ErrUnknown) ||
				!errors.Is(err, errDisk) {
				t.Fatalf("want ErrUnknown and its cause, got %v", err)
			}
			if err := s.Ping(t.Context()); err != nil {
				t.Errorf("ping after one failure: %v", err)
			}
			if log, err := os.Stat(s.path + "-wal"); err != nil || log.Size() != 0 {
				t.Errorf("what can be read now was not flushed to the file: %v, %v", log.Size(),
					err)
			}
			mustAppend(t, s, p)
			mustAppend(t, s, o.mustPage(t, 1))
			if stored := chain(t, s, o.id); len(stored) != 3 || stored[5] != p.Hash {
				t.Errorf("journal: %v", stored)
			}
		})
	}
}

// TestFailedCommitForgetsHeads: the store must forget its heads after a failure, or it would answer
// with what the disk does not hold.
func TestFailedCommitForgetsHeads(t *testing.T) {
	s, o := openNew(t), newOffice("site")
	mustAppend(t, s, o.mustPage(t, 1))
	onCommit(t, s, 1, failAfter)
	p := o.mustPage(t, 1)
	_ = appendOne(t.Context(), s, p)
	pages, err := s.Since(t.Context(), o.id, 2, 10)
	if err != nil || len(pages) != 1 || pages[0].Hash != p.Hash {
		t.Errorf("since 2: %d pages, %v; the page is on the disk", len(pages), err)
	}
	if mark, err := s.Mark(t.Context(), o.id); err != nil || mark != 2 {
		t.Errorf("mark %d, %v", mark, err)
	}
}

// TestNoOldHeadBesideNewDocuments: at every moment what can be read of the documents is not newer
// than the journal, and reaches as far as the mark says; a board made of new documents and an old
// head would be taken for a broken site.
func TestNoOldHeadBesideNewDocuments(t *testing.T) {
	s, o := openNew(t), newOffice("site")
	mustAppend(t, s, o.mustPage(t, 1))
	look := func(ctx context.Context) {
		docs, mark, loaded := s.Load(ctx, o.id)
		pages, since := s.Since(ctx, o.id, 1, 100)
		if err := errors.Join(loaded, since); err != nil || len(pages) == 0 ||
			pages[len(pages)-1].Last < mark {
			t.Errorf("%d pages, mark %d, %v", len(pages), mark, err)
			return
		}
		newest := int64(0)
		for _, d := range docs {
			newest = max(newest, d.Seq)
		}
		if newest != mark {
			t.Errorf("documents up to %d, mark %d", newest, mark)
		}
	}
	for _, all := range []bool{false, true, false} { // before, while and after they are written
		onCommit(t, s, 1, func(ctx context.Context, commit *sql.Stmt) error {
			look(ctx)
			_, err := commit.ExecContext(ctx)
			look(ctx)
			return err
		})
		if all {
			must(t, s.flush(t.Context()))
		}
		mustAppend(t, s, o.mustPage(t, 1))
		look(t.Context())
	}
}

// TestFailedTwice: the second failure without a success between makes the store read-only; a
// success between does not.
func TestFailedTwice(t *testing.T) {
	s, o := openNew(t), newOffice("site")
	mustAppend(t, s, o.mustPage(t, 1))
	var p *repo.Page
	for range 3 { // one failure at a time is survived
		onCommit(t, s, 1, failBefore)
		p = o.mustPage(t, 1)
		if err := appendOne(t.Context(), s, p); !errors.Is(err, repo.ErrUnknown) {
			t.Fatal(err)
		}
		mustAppend(t, s, p)
	}
	onCommit(t, s, 2, failBefore)
	p = o.mustPage(t, 1)
	for range 2 {
		if err := appendOne(t.Context(), s, p); !errors.Is(err, repo.ErrUnknown) ||
			errors.Is(err, repo.ErrReadOnly) {
			t.Fatalf("want ErrUnknown alone, got %v", err)
		}
	}
	time.Sleep(2 * mendEvery)
	if err := appendOne(t.Context(), s, p); !errors.Is(err, repo.ErrUnknown) ||
		!errors.Is(err, repo.ErrReadOnly) {
		t.Errorf("append after two failures: want ErrUnknown and ErrReadOnly, got %v", err)
	}
	if err := s.Insert(t.Context(),
		repo.Side{Collection: repo.Notes, ID: "n", Site: "a", Body: []byte(`{}`)}); !errors.Is(err,
		repo.ErrReadOnly) {
		t.Errorf("insert after two failures: want ErrReadOnly, got %v", err)
	}
	if err := s.Ping(t.Context()); !errors.Is(err, repo.ErrReadOnly) {
		t.Errorf("ping after two failures: want ErrReadOnly, got %v", err)
	}
	if stored := chain(t, s, o.id); len(stored) != 4 {
		t.Errorf("%d pages can be read, want 4", len(stored))
	}
}

// TestFailureIsNotContagious: calls that share a transaction do not share the fault of one of them.
func TestFailureIsNotContagious(t *testing.T) {
	s := openNew(t)
	hold, held := make(chan struct{}), make(chan struct{})
	answers := make(chan error, 3)
	go func() {
		answers <- s.write(t.Context(), 1, func(*tx) error { close(held); <-hold; return nil })
	}()
	<-held
	good, bad := newOffice("good"), make(chan error, 1)
	page := good.mustPage(t, 2)
	go func() { answers <- appendOne(t.Context(), s, page) }()
	go func() {
		bad <- s.write(t.Context(), 1, func(t *tx) error {
			_, err := t.exec(t.insertPage, "bad", 1, 1, "not a time", []byte{}, []byte{}, []byte{},
				[]byte{})
			return err
		})
	}()
	go func() {
		answers <- s.Insert(t.Context(), repo.Side{
			Collection: repo.Notes, ID: "n", Site: "a", Body: []byte(`{}`),
		})
	}()
	time.Sleep(50 * time.Millisecond) // let all of them wait for one transaction
	close(hold)
	for range 3 {
		if err := <-answers; err != nil {
			t.Errorf("a good call: %v", err)
		}
	}
	if err := <-bad; errors.Is(err, repo.ErrUnknown) || code(err) != codeMismatch &&
		code(err) != codeConstraint {
		t.Errorf("the bad call: want to hear that its data does not fit, got %v", err)
	}
	if s.writer.strikes != 0 {
		t.Error("bad data counted as a failure of the disk")
	}
	if len(chain(t, s, good.id)) != 1 || len(chain(t, s, "bad")) != 0 {
		t.Error("the journal holds something else")
	}
}

// TestBadPagesAreNoFault: a page that contradicts itself is refused as often as it comes, and the
// store goes on.
func TestBadPagesAreNoFault(t *testing.T) {
	s, o := openNew(t), newOffice("site")
	first := o.mustPage(t, 2)
	mustAppend(t, s, first)
	p := o.mustPage(t, 2)
	for name, spoil := range map[string]func(*repo.Page){
		"wrong hash":  func(p *repo.Page) { p.Images, p.Hash = nil, first.Hash },
		"broken body": func(p *repo.Page) { p.Images, p.Body = nil, []byte(`[{]`) },
		"broken image": func(p *repo.Page) {
			p.Images = []workflow.Image{{Ref: workflow.VisitRef("v"), Doc: []byte(`{`)}}
		},
		"foreign number": func(p *repo.Page) {
			p.Images = []workflow.Image{{Ref: workflow.VisitRef("v"), Doc: []byte(`{"seq":9}`)}}
		},
	} {
		bad := *p
		spoil(&bad)
		for range strikesToEnd {
			if err := appendOne(t.Context(), s, &bad); !errors.Is(err, repo.ErrCorrupt) {
				t.Errorf("append, %s: want ErrCorrupt, got %v", name, err)
			}
			if err := s.Project(t.Context(), []*repo.Page{&bad}); !errors.Is(err, repo.ErrCorrupt) {
				t.Errorf("project, %s: want ErrCorrupt, got %v", name, err)
			}
		}
	}
	mustAppend(t, s, p)
}

// TestBusy: the store waits for another process that writes to the file, against all advice, and
// then gives up without having written.
func TestBusy(t *testing.T) {
	t.Parallel()
	slow.Test(t, "a second writer, waited for as long as patience goes, 5 s")
	s, o := openNew(t), newOffice("site")
	db, err := sql.Open("sqlite", dsn(s.path, "rw", nil))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tx, err := db.BeginTx(t.Context(), nil)
	if err == nil {
		_, err = tx.ExecContext(t.Context(), `UPDATE meta SET value = value`)
	}
	if err != nil {
		t.Fatal(err)
	}
	p := o.mustPage(t, 1)
	if err := appendOne(t.Context(), s, p); !errors.Is(err, repo.ErrUnavailable) {
		t.Errorf("want ErrUnavailable, got %v", err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, s, p)
}

// TestGap: a page beyond the head, or with a different history, is refused even if its number is
// free.
func TestGap(t *testing.T) {
	s, o := openNew(t), newOffice("site")
	mustAppend(t, s, o.mustPage(t, 2))
	skipped := o.mustPage(t, 1)
	if err := appendOne(t.Context(), s, o.mustPage(t, 1)); !errors.Is(err, repo.ErrSeqTaken) {
		t.Errorf("a page beyond the head: want ErrSeqTaken, got %v", err)
	}
	otherPast := &office{id: o.id, seq: 2, prev: "another"}
	if err := appendOne(t.Context(), s, otherPast.mustPage(t, 1)); !errors.Is(err,
		repo.ErrSeqTaken) {
		t.Errorf("a page with another past: want ErrSeqTaken, got %v", err)
	}
	mustAppend(t, s, skipped)
}

// TestProjectMends: a damaged document is written again from the journal, byte by byte.
func TestProjectMends(t *testing.T) {
	s, o := openNew(t), newOffice("site")
	p := o.mustPage(t, 3)
	mustAppend(t, s, p)
	scan := func() (docs []repo.Document) {
		for _, c := range []workflow.Collection{
			workflow.Visits, workflow.Rotas, workflow.Customers,
		} {
			if err := s.Scan(t.Context(), repo.Span{Collection: c, Site: o.id},
				func(d repo.Document) error { docs = append(docs, d); return nil }); err != nil {
				t.Fatal(err)
			}
		}
		return docs
	}
	want := scan()
	for _, damage := range []string{`UPDATE images SET doc = '{}'`, `DELETE FROM images`} {
		err := s.write(t.Context(), 1, func(t *tx) error {
			_, err := t.conn.ExecContext(t.ctx, damage)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Project(t.Context(), []*repo.Page{p}); err != nil {
			t.Fatal(err)
		}
		got := scan()
		if len(got) != len(want) {
			t.Fatalf("after %s: %d documents, want %d", damage, len(got), len(want))
		}
		for i := range want {
			if string(got[i].Doc) != string(want[i].Doc) || got[i].Seq != want[i].Seq {
				t.Errorf("after %s: %s %s is %s", damage, got[i].Collection, got[i].ID, got[i].Doc)
			}
		}
	}
}
