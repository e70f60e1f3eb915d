package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lunpai/lunpai/repo"
	"github.com/lunpai/lunpai/workflow"
)

// keepAwake keeps a store from writing what trails, and the log, when it has nothing else to do.
func keepAwake(t *testing.T, s *Store) {
	t.Helper()
	must(t, s.write(t.Context(), 0, func(*tx) error { s.writer.awake = true; return nil }))
}

// trailBusily is a store in each state of its tail: all of it waits, a part of it is written, a
// part is written and more has come, nothing waits.
func trailBusily(t *testing.T, f func(t *testing.T, s *Store, sites []*office)) {
	for name, reach := range map[string]func(t *testing.T, s *Store, more func()){
		"waits": func(*testing.T, *Store, func()) {},
		"partly written": func(t *testing.T, s *Store, _ func()) {
			begin(t, s)
			must(t, s.write(t.Context(), 1, func(*tx) error { return nil }))
		},
		"partly written and more": func(t *testing.T, s *Store, more func()) {
			begin(t, s)
			more()
		},
		"written": func(t *testing.T, s *Store, _ func()) { must(t, s.flush(t.Context())) },
	} {
		t.Run(name, func(t *testing.T) {
			listInParts(t)
			s := openNew(t)
			keepAwake(t, s)
			sites := newLoad(2).sites
			more := func() {
				for n := range 7 { // it ends between two changes of a customer
					for _, o := range sites {
						mustAppend(t, s, o.mustPage(t, 1+n%3))
					}
				}
			}
			more()
			must(t, s.flush(t.Context()))
			more()
			reach(t, s, more)
			f(t, s, sites)
		})
	}
}

// listInParts makes the list of ids trail in any state: begun, half written, and new ones behind.
func listInParts(t *testing.T) {
	t.Helper()
	many, atOnce := manyIDs, idsAtOnce
	manyIDs, idsAtOnce = 9, 4
	t.Cleanup(func() { manyIDs, idsAtOnce = many, atOnce })
}

// begin lets the tail be written in parts from the next transaction on, however young it is.
func begin(t *testing.T, s *Store) {
	t.Helper()
	must(t, s.write(t.Context(), 0, func(*tx) error {
		s.tail.turn(time.Now(), true, false)
		half := s.tail.writing.begun.Add(writtenIn / 2) // and there it stands
		s.writer.now = func() time.Time { return half }
		return nil
	}))
}

// picture is all that can be read of a store, whatever trails.
func picture(t *testing.T, s *Store, sites []*office) string {
	t.Helper()
	ctx := t.Context()
	var b strings.Builder
	note := func(what string, v any, err error) {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
		fmt.Fprintf(&b, "%s: %v\n", what, v)
	}
	text := func(d repo.Document) string {
		return fmt.Sprintf("%s %s %s %d %t %s", d.Site, d.Collection, d.ID, d.Seq, d.Open, d.Doc)
	}
	texts := func(docs []repo.Document) (out []string) {
		for _, d := range docs {
			out = append(out, text(d))
		}
		return out
	}
	hashes := func(pages []*repo.Page) (out []string) {
		for _, p := range pages {
			out = append(out, fmt.Sprint(p.First, p.Last, p.At, p.Prev, p.Hash, p.Entries))
		}
		return out
	}
	known, err := s.Sites(ctx)
	note("sites", known, err)
	heads, next, err := s.Moved(ctx, 0)
	note("moved", fmt.Sprint(heads, next), err)
	heads, next, err = s.Moved(ctx, 5)
	note("moved since", fmt.Sprint(heads, next), err)
	for _, o := range sites {
		docs, mark, err := s.Load(ctx, o.id)
		open := texts(docs)
		slices.Sort(open)
		note("load", fmt.Sprint(mark, open), err)
		m, err := s.Mark(ctx, o.id)
		note("mark", m, err)
		for _, limit := range []int{1, 3, 1000} {
			for seq := range o.seq + 2 {
				pages, err := s.Since(ctx, o.id, seq, limit)
				note(fmt.Sprint("since ", seq), hashes(pages), err)
				pages, err = s.Before(ctx, o.id, seq, limit)
				note(fmt.Sprint("before ", seq), hashes(pages), err)
			}
		}
		pages, err := s.Since(ctx, o.id, 0, 1000)
		note("all", hashes(pages), err)
		for _, p := range pages {
			commits, err := p.Commits()
			note("commits", len(commits), err)
			for _, c := range commits {
				at, err := s.Find(ctx, o.id, c.ID)
				note("find", at.Hash, err)
				docs, err := s.Read(ctx, o.id, c.Seq, []workflow.Ref{c.Subject})
				note("read", texts(docs), err)
			}
		}
		if _, err := s.Find(ctx, o.id, "no such command"); !errors.Is(err, repo.ErrNotFound) {
			t.Errorf("what never was is found: %v", err)
		}
		for _, c := range []workflow.Collection{
			workflow.Visits, workflow.Customers, workflow.Rotas,
		} {
			for _, of := range []repo.Span{
				{},
				{After: "0199"},
				{ByDay: true},
				{ByDay: true, From: "2024-03-04", To: "2024-03-04"},
				{ByDay: true, From: "2030-01-01"},
			} {
				of.Collection, of.Site = c, o.id
				if of.ByDay && c != workflow.Visits {
					continue
				}
				var docs []repo.Document
				err := s.Scan(ctx, of, func(d repo.Document) error {
					docs = append(docs, d)
					return nil
				})
				note(fmt.Sprintf("scan %+v", of), texts(docs), err)
			}
		}
	}
	for _, o := range sites {
		for _, limit := range []int{1, 3, 1000} {
			docs, err := s.Asked(ctx, o.id, o.seq, workflow.Ask{
				Collection: workflow.Customers, By: workflow.ByContact,
				Whose: []string{"li", "wang"},
				From:  time.Date(2026, 3, 14, 4, 0, 5, 0, time.UTC),
			}, limit)
			note("asked", texts(docs), err)
			if len(docs) == 0 {
				t.Error("nothing is asked for: this proves nothing")
			}
		}
	}
	var docs []repo.Document
	err = s.ScanAllSites(ctx, workflow.Visits, func(d repo.Document) error {
		docs = append(docs, d)
		return nil
	})
	note("all visits", texts(docs), err)
	return b.String()
}

// TestTailIsRead: whatever trails, everything that is read is as if nothing did; also by a process
// that only reads the file.
func TestTailIsRead(t *testing.T) {
	trailBusily(t, func(t *testing.T, s *Store, sites []*office) {
		waits, _ := s.Trailing()
		trailing := picture(t, s, sites)
		if reader := picture(t, openReader(t, s.path), sites); reader != trailing {
			t.Error("a reader of the file sees something else")
		}
		if now, _ := s.Trailing(); now != waits {
			t.Fatalf("%d pages waited, now %d: reading wrote them", waits, now)
		}
		reports, err := repo.Verify(t.Context(), s, repo.VerifyOptions{})
		must(t, errors.Join(err, repo.Sound(reports)))
		must(t, s.flush(t.Context()))
		if pages, since := s.Trailing(); pages > 0 || !since.IsZero() {
			t.Errorf("%d pages trail after a flush", pages)
		}
		if written := picture(t, s, sites); written != trailing {
			t.Errorf("when all is written it reads differently:\n%s\nbefore:\n%s", written,
				trailing)
		}
		for _, o := range sites {
			for _, c := range []workflow.Collection{workflow.Visits, workflow.Customers} {
				l, err := s.List(t.Context(), repo.Query{Collection: c, Site: o.id, Limit: 1000})
				if err != nil || l.Mark != o.seq {
					t.Errorf("the list of %s reaches %d of %d, %v", c, l.Mark, o.seq, err)
				}
			}
		}
	})
}

// TestTailAfterKill: a process that is killed in any state of its tail loses none of it: commands
// are found and not run again, documents are complete, and the file is sound before and after.
func TestTailAfterKill(t *testing.T) {
	trailBusily(t, func(t *testing.T, s *Store, sites []*office) {
		want := picture(t, s, sites)
		killed := crash(t, s)
		if dead := picture(t, openReader(t, killed), sites); dead != want {
			t.Error("the file of a killed process reads differently")
		}
		c := openAt(t, killed)
		keepAwake(t, c)
		for _, o := range sites {
			runAgain(t, c, o)
		}
		if is := picture(t, c, sites); is != want {
			t.Errorf("after the start it reads\n%s\nbefore the kill\n%s", is, want)
		}
		reports, err := repo.Verify(t.Context(), c, repo.VerifyOptions{})
		must(t, errors.Join(err, repo.Sound(reports)))
		must(t, c.Close())
		db, err := sql.Open("sqlite", dsn(killed, "ro", nil))
		must(t, err)
		defer db.Close()
		var behind int
		must(t, db.QueryRowContext(t.Context(),
			`SELECT count(*) FROM journal WHERE key > min((`+markQuery+`), (`+listedMarkQuery+`))`).
			Scan(&behind))
		if behind > 0 {
			t.Errorf("%d rows are above the mark after an orderly stop", behind)
		}
	})
}

// runAgain sends every command of a site once more, in a new page: none runs.
func runAgain(t *testing.T, s *Store, o *office) {
	t.Helper()
	pages, err := s.Since(t.Context(), o.id, 1, 1000)
	must(t, err)
	for _, p := range pages {
		for _, e := range p.Entries {
			commits := (&load{made: 1 << 40}).commits(&office{id: o.id, seq: o.seq}, 1)
			commits[0].ID = e.ID
			again, err := repo.NewPage(o.id, o.prev, commits)
			must(t, err)
			if err := appendOne(t.Context(), s, again); !errors.Is(err, repo.ErrIDTaken) {
				t.Errorf("command %s of page %d runs again: %v", e.ID, p.First, err)
			}
		}
		if err := appendOne(t.Context(), s, p); err != nil { // the very page is there
			t.Errorf("page %d again: %v", p.First, err)
		}
	}
}

// TestCommandsRunOnce in every state of the tail, and twice in one group of calls.
func TestCommandsRunOnce(t *testing.T) {
	trailBusily(t, func(t *testing.T, s *Store, sites []*office) {
		for _, o := range sites {
			runAgain(t, s, o)
		}
		o := sites[0]
		a := o.mustPage(t, 2)
		drafts, err := makeDrafts([]*repo.Page{a, a})
		must(t, err)
		must(t, s.write(t.Context(), 2, func(t *tx) error {
			for _, d := range drafts { // the second is the first: it is there
				if answer, err := t.append(d); answer != nil || err != nil {
					return errors.Join(answer, err)
				}
			}
			return nil
		}))
		if pages, err := s.Since(t.Context(), o.id, a.First, 10); err != nil || len(pages) != 1 {
			t.Errorf("written %d times, %v", len(pages), err)
		}
	})
}

// TestHashesMayMeet: commands whose ids have one hash are told apart by their ids.
func TestHashesMayMeet(t *testing.T) {
	for name, meet := range map[string]func(s *Store, hash int64) error{
		"in the list": func(s *Store, hash int64) error {
			return s.write(t.Context(), 1, func(t *tx) error {
				_, err := t.exec(t.insertID, hash, 1)
				return err
			})
		},
		"before they are listed": func(s *Store, hash int64) error {
			return s.write(t.Context(), 1, func(*tx) error {
				s.unlisted.add([]*trailing{{key: 1, hashes: []int64{hash}}})
				return nil
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, o := openNew(t), newOffice("site")
			keepAwake(t, s)
			first := o.mustPage(t, 1)
			mustAppend(t, s, first)
			next := o.mustPage(t, 1)
			must(t, meet(s, hashOf(o.id, next.Entries[0].ID)))
			if _, err := s.Find(t.Context(), o.id, next.Entries[0].ID); !errors.Is(err,
				repo.ErrNotFound) {
				t.Errorf("found before it ran: %v", err)
			}
			mustAppend(t, s, next)
			for _, listed := range []bool{false, true} {
				for _, p := range []*repo.Page{first, next} {
					at, err := s.Find(t.Context(), o.id, p.Entries[0].ID)
					if err != nil || at.Hash != p.Hash {
						t.Errorf("listed %t, the command of page %d: %v, %v", listed, p.First, at,
							err)
					}
				}
				must(t, s.write(t.Context(), 1, func(t *tx) error { t.list = true; return nil }))
			}
		})
	}
}

// TestIDsAreListedInTime: a batch is written while the next one grows, never more than that is kept
// in memory, and an office that rests has everything listed.
func TestIDsAreListedInTime(t *testing.T) {
	listInParts(t)
	s, o := openNew(t), newOffice("site")
	keepAwake(t, s)
	waiting := func() (n int) {
		for _, b := range []*idBatch{s.unlisted.writing, s.unlisted.growing} {
			if b != nil {
				n += b.size
			}
		}
		return n
	}
	for n := range 100 {
		mustAppend(t, s, o.mustPage(t, 1))
		if is := waiting(); is > 2*manyIDs+1 {
			t.Fatalf("after %d commands %d are not listed", n+1, is)
		} else if n == manyIDs-1 && is != manyIDs {
			t.Fatalf("of %d commands %d are not listed", n+1, is)
		}
	}
	must(t, s.write(t.Context(), 0, func(*tx) error { s.writer.awake = false; return nil }))
	waitFor(t, "the list of ids", s.unlisted.none)
	var above int
	must(t, s.pool.db.QueryRowContext(t.Context(),
		`SELECT count(*) FROM journal WHERE key > (`+listedMarkQuery+`)`).Scan(&above))
	if above > 0 {
		t.Errorf("%d rows are above the mark of the list", above)
	}
}

// TestDamagedPageMayHoldTheCommand: where a disk changed the id in a page, the command it held is
// not taken for one that never ran.
func TestDamagedPageMayHoldTheCommand(t *testing.T) {
	s, o := openNew(t), newOffice("site")
	p := o.mustPage(t, 1)
	mustAppend(t, s, p)
	for range 3 {
		mustAppend(t, s, o.mustPage(t, 1))
	}
	must(t, s.Close())
	id := p.Entries[0].ID
	other := strings.Repeat("0", len(id))
	body := pack([]byte(strings.ReplaceAll(string(p.Body), id, other)))
	alter(t, s.path, fmt.Sprintf(`UPDATE journal SET body = x'%x' WHERE first = 1`, body))
	s = openAt(t, s.path)
	at, err := s.Find(t.Context(), o.id, id)
	if err == nil && repo.Chain(at.Prev, at.Body) == at.Hash || errors.Is(err, repo.ErrNotFound) {
		t.Errorf("the command is said not to have run: %v", err)
	}
	commits := (&load{made: 1 << 40}).commits(&office{id: o.id, seq: o.seq}, 1)
	commits[0].ID = id
	again, err := repo.NewPage(o.id, o.prev, commits)
	must(t, err)
	if err := appendOne(t.Context(), s, again); !errors.Is(err, repo.ErrIDTaken) {
		t.Errorf("it runs again: %v", err)
	}
}

// TestTailAfterFailedCommit: a transaction that is rolled back takes nothing out of the tail,
// wherever it stood.
func TestTailAfterFailedCommit(t *testing.T) {
	for name, fail := range map[string]func(context.Context, *sql.Stmt) error{
		"not on disk": failBefore, "on disk": failAfter,
	} {
		t.Run(name, func(t *testing.T) {
			trailBusily(t, func(t *testing.T, s *Store, sites []*office) {
				onCommit(t, s, 1, fail)
				p := sites[0].mustPage(t, 1)
				if err := appendOne(t.Context(), s, p); !errors.Is(err, repo.ErrUnknown) {
					t.Fatalf("want ErrUnknown, got %v", err)
				}
				mustAppend(t, s, p)
				onCommit(t, s, 1, fail)
				if err := s.flush(t.Context()); err != nil && !errors.Is(err, errDisk) {
					t.Fatal(err)
				}
				want := picture(t, s, sites)
				must(t, s.flush(t.Context()))
				if is := picture(t, s, sites); is != want {
					t.Error("after the failures it reads differently")
				}
				for _, o := range sites {
					runAgain(t, s, o)
				}
				reports, err := repo.Verify(t.Context(), s, repo.VerifyOptions{})
				must(t, errors.Join(err, repo.Sound(reports)))
			})
		})
	}
}

// TestTailOnFullDisk: while the disk is full what trails cannot be written, and everything is read
// all the same; lists say up to where they reach. Afterwards it is written.
func TestTailOnFullDisk(t *testing.T) {
	trailBusily(t, func(t *testing.T, s *Store, sites []*office) {
		want := picture(t, s, sites)
		atMost := func(pages int) error {
			return s.write(t.Context(), 0, func(tx *tx) error {
				s.writer.awake, s.writer.now = false, time.Now
				_, err := tx.conn.ExecContext(tx.ctx,
					fmt.Sprintf(`PRAGMA max_page_count = %d`, pages))
				return err
			})
		}
		big := newOffice("big")
		err := atMost(1) // the size it has; the transaction may need more for what trails
		for err == nil {
			if err = appendOne(t.Context(), s, big.mustPage(t, 60)); big.seq > 6000 {
				t.Fatal("the disk is never full")
			}
		}
		if !errors.Is(err, repo.ErrStorageFull) {
			t.Fatal(err)
		}
		others := func(picture string) string { // what is not about the big one
			return strings.Join(slices.DeleteFunc(strings.Split(picture, "\n"),
				func(l string) bool {
					return strings.HasPrefix(l, "sites:") || strings.HasPrefix(l, "moved") ||
						strings.HasPrefix(l, "all visits")
				}), "\n")
		}
		if others(picture(t, s, sites)) != others(want) {
			t.Error("while the disk is full it reads differently")
		}
		for _, o := range sites {
			l, err := s.List(t.Context(), repo.Query{
				Collection: workflow.Visits, Site: o.id, Limit: 1000,
			})
			if err != nil || l.Mark > o.seq {
				t.Errorf("the list reaches %d of %d, %v", l.Mark, o.seq, err)
			}
		}
		waitFor(t, "room", func() bool { return atMost(math.MaxInt32) == nil })
		waitFor(t, "the documents", func() bool { return s.flush(t.Context()) == nil })
		if others(picture(t, s, sites)) != others(want) {
			t.Error("after the full disk it reads differently")
		}
		reports, err := repo.Verify(t.Context(), s, repo.VerifyOptions{})
		must(t, errors.Join(err, repo.Sound(reports)))
	})
}

// TestTailIsBounded: what is older than a moment is written with the next transaction, and so is
// what has grown too long.
func TestTailIsBounded(t *testing.T) {
	s, o := openNew(t), newOffice("site")
	var ahead atomic.Int64
	must(t, s.write(t.Context(), 0, func(*tx) error {
		s.writer.awake = true
		s.writer.now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
		return nil
	}))
	trails := func() int {
		mustAppend(t, s, o.mustPage(t, 1))
		pages, _ := s.Trailing()
		return pages
	}
	for range 40 {
		trails()
	}
	ahead.Add(int64(stretchAge)) // now a part of it
	if n := trails(); n != 41 {
		t.Errorf("%d pages trail, want 41: one stretch of 40 is being written", n)
	}
	begun := s.tail.writing
	ahead.Add(int64(writtenIn / 2)) // half of it
	trails()
	if begun.spent*3 < begun.cost || begun.spent*3 > 2*begun.cost {
		t.Errorf("%d of %d is written after half of the time", begun.spent, begun.cost)
	}
	ahead.Add(int64(writtenIn))
	trails()
	if n := trails(); n > 4 {
		t.Errorf("%d pages trail after %v", n, stretchAge+2*writtenIn)
	}

	var l tail
	for key := range int64(2 * stretchPages) {
		l.add([]*trailing{{site: "a", key: key + 1}}, time.Now())
		if key == stretchPages && l.turn(time.Now(), false, false) == nil {
			t.Error("a long stretch is not written")
		}
	}
	l.add([]*trailing{{site: "a", key: 2*stretchPages + 1}}, time.Now())
	if owed := l.owed(time.Now()); owed != l.writing.cost {
		t.Errorf("the next stretch is long already, and of %d only %d is owed", l.writing.cost,
			owed)
	}
	first := l.turn(time.Now(), false, true)
	l.advance(slice{rows: 1})
	again := l.turn(time.Now(), true, true)
	if again != first || len(again.rows) >= len(first.pages) {
		t.Error("where room is tight a list begins the stretch anew")
	}
}

// TestListReachesTheHead: a list of what does not trail is not written for, and says that it is
// complete all the same.
func TestListReachesTheHead(t *testing.T) {
	s, o := openNew(t), newOffice("site")
	keepAwake(t, s)
	mustAppend(t, s, o.mustPage(t, 2)) // no customer
	for _, c := range []workflow.Collection{workflow.Customers, workflow.Visits} {
		l, err := s.List(t.Context(), repo.Query{Collection: c, Site: o.id, Limit: 10})
		if err != nil || l.Mark != o.seq {
			t.Errorf("the list of %s reaches %d of %d, %v", c, l.Mark, o.seq, err)
		}
		if pages, _ := s.Trailing(); c == workflow.Customers && pages != 1 {
			t.Errorf("%d pages trail after a list of %s, want 1", pages, c)
		}
	}
}

// TestTailIsWrittenAtRest: a store that has nothing to do writes what trails.
func TestTailIsWrittenAtRest(t *testing.T) {
	s, o := openNew(t), newOffice("site")
	mustAppend(t, s, o.mustPage(t, 3))
	waitFor(t, "the documents", func() bool { pages, _ := s.Trailing(); return pages == 0 })
	var mark int64
	must(t, s.pool.mark.QueryRowContext(t.Context()).Scan(&mark))
	if mark != 1 {
		t.Errorf("the mark is %d", mark)
	}
}

// TestBackupHoldsTheTail: a backup of a store of which much trails is complete.
func TestBackupHoldsTheTail(t *testing.T) {
	trailBusily(t, func(t *testing.T, s *Store, sites []*office) {
		want := picture(t, s, sites)
		path := filepath.Join(t.TempDir(), "backup.db")
		must(t, s.Backup(t.Context(), path))
		if is := picture(t, openReader(t, path), sites); is != want {
			t.Error("the backup reads differently")
		}
		if is := picture(t, openAt(t, path), sites); is != want {
			t.Error("the backup, served, reads differently")
		}
	})
}
