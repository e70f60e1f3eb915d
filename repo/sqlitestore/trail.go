package sqlitestore

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/lunpai/lunpai/repo"
)

// tightLines is how much of what trails is written with one transaction after the disk was full,
// unless the transaction adds more: there is no more room than roomNeeded for sure, and an append
// must not fail for what could wait.
const tightLines = 64

// writeTrailing writes a part of what trails with the transaction, or all.
func (w *writer) writeTrailing(t *tx, group []*call) error {
	now, tight := w.now(), w.tight.Load()
	s := t.store.tail.turn(now, t.all, tight)
	if s == nil {
		return nil
	}
	pays := t.store.tail.owed(now)
	if t.all {
		pays = s.cost
	}
	if tight {
		adds := 12
		for _, c := range group {
			adds += 6 * c.weight // a row, an id and an image, of two pages each
		}
		pays = min(pays, max(adds, tightLines))
	}
	t.wrote = s.next(pays)
	for _, p := range s.rows[:t.wrote.rows] {
		if same, err := t.exec(t.insertIndex, p.site, p.first, p.key); err != nil {
			return err
		} else if same == 0 {
			return fmt.Errorf("%w: row %d is a second page %s", repo.ErrCorrupt, p.key,
				repo.PageID(p.site, p.first))
		}
	}
	for _, i := range s.docs[:t.wrote.docs] {
		if err := t.writeImage(i); err != nil {
			return err
		}
	}
	if t.wrote != (slice{len(s.rows), len(s.docs)}) {
		return nil
	}
	_, err := t.exec(t.setMark, strconv.FormatInt(s.last(), 10))
	return err
}

// writeTail writes all that trails, or a part of it after the disk was full, and reports whether it
// is written.
func (w *writer) writeTail(ctx context.Context) bool {
	if pages, _ := w.store.tail.waiting(); pages == 0 {
		return true
	}
	c := &call{do: func(t *tx) error { t.all = true; return nil }, done: make(chan error, 1)}
	w.perform(ctx, []*call{c})
	if err := <-c.done; err != nil {
		w.store.log.WarnContext(ctx, "sqlite: documents are behind the journal", "path",
			w.store.path, "error", err)
	}
	pages, _ := w.store.tail.waiting()
	return pages == 0
}

// flush waits until what trails now is written.
func (s *Store) flush(ctx context.Context) error {
	if s.writer == nil {
		return nil
	}
	_, newest := s.tail.ends()
	for {
		oldest, _ := s.tail.ends()
		if oldest == 0 || oldest > newest {
			return nil
		}
		if err := s.write(ctx, 1, func(t *tx) error { t.all = true; return nil }); err != nil {
			return err
		}
		if s.writer.tight.Load() {
			return fmt.Errorf("%w: what trails is written little by little", repo.ErrStorageFull)
		}
	}
}

// findTrailing reads from the file what lies above the mark. Until it is done nothing may be
// appended: a command could run twice.
func (s *Store) findTrailing(ctx context.Context, p *pool) error {
	var newest int64
	if err := p.newest.QueryRowContext(ctx).Scan(&newest); err != nil {
		return err
	}
	rows, err := p.above.QueryContext(ctx)
	if err != nil {
		return err
	}
	defer rows.Close()
	var pages []*trailing
	for rows.Next() {
		page, key, err := scanRow(rows)
		if err != nil {
			return err
		}
		behind, err := trailingOf(page)
		if err != nil {
			return fmt.Errorf("row %d: %w", key, err)
		}
		behind.key, newest = key, max(newest, key)
		pages = append(pages, behind)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	s.tail.set(pages, time.Now()) //nolint:forbidigo // measures, dates nothing
	s.readable.Store(newest)
	return nil
}

// refresh does so for a store that is only read, when its file has moved on.
func (s *Store) refresh(ctx context.Context) error {
	s.refreshing.Lock()
	defer s.refreshing.Unlock()
	var mark, newest int64
	if err := s.pool.mark.QueryRowContext(ctx).Scan(&mark); err != nil {
		return err
	}
	if err := s.pool.newest.QueryRowContext(ctx).Scan(&newest); err != nil {
		return err
	}
	if is := [2]int64{mark, newest}; is != s.seen {
		if err := s.findTrailing(ctx, s.pool); err != nil {
			return err
		}
		s.seen = is
	}
	return nil
}

// Trailing implements repo.Trailer.
func (s *Store) Trailing() (pages int, since time.Time) { return s.tail.waiting() }

var _ repo.Trailer = (*Store)(nil)
