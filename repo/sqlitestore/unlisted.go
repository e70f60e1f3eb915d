package sqlitestore

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"github.com/lunpai/lunpai/repo"
)

// Commands are listed by the hash of their ids, so that one that comes again is found, after years
// too. Hashes lie anywhere in the list: a line by itself changes a page of the file, and the longer
// the list, the fewer of them share one. So they are written many at a time, in order.
//
// A number in the file says up to which row all are listed. What lies above is read from the
// journal when the file is opened: a row holds the hashes of its commands.

// manyIDs is how many lines are written together: more would make the start after a kill slower,
// which has to read their rows. idsAtOnce is how many of them are written with one transaction when
// nothing else is to be done. Tests make them small.
var manyIDs, idsAtOnce = 32768, 4096

// idParts is in how many parts a batch is written.
const idParts = 64

// idLine is a line of the list of ids.
type idLine struct{ hash, key int64 }

// idBatch are lines that are written together.
type idBatch struct {
	rows  map[int64]int64 // by hash
	twice []idLine        // of a second row under a hash
	last  int64           // the newest row
	size  int
	left  []idLine // in order; only of the one that is being written
}

func (b *idBatch) add(key int64, hashes []int64) {
	for _, h := range hashes {
		if row, met := b.rows[h]; !met {
			b.rows[h] = key
		} else if row != key {
			b.twice = append(b.twice, idLine{h, key})
		} else {
			continue
		}
		b.size++
	}
	b.last = key
}

func (b *idBatch) sort() {
	b.left = slices.Clone(b.twice)
	for hash, key := range b.rows {
		b.left = append(b.left, idLine{hash, key})
	}
	slices.SortFunc(b.left, func(a, b idLine) int { return cmp.Compare(a.hash, b.hash) })
}

// unlisted are the commands of the journal that are not in the list of ids yet: the batch that
// grows, and the one before it, which is being written. Either may be nil. The writer alone changes
// them.
type unlisted struct {
	mu               sync.RWMutex
	growing, writing *idBatch
}

// add takes the commands of pages whose rows are durable.
func (u *unlisted) add(pages []*trailing) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, p := range pages {
		u.take(p.key, p.hashes)
	}
}

// take adds the commands of a row. The caller holds mu.
func (u *unlisted) take(key int64, hashes []int64) {
	if u.growing == nil {
		u.growing = &idBatch{rows: make(map[int64]int64)}
	}
	u.growing.add(key, hashes)
}

// rowsWith are the rows that hold a command with this hash.
func (u *unlisted) rowsWith(hash int64) (rows []int64) {
	u.mu.RLock()
	defer u.mu.RUnlock()
	for _, b := range []*idBatch{u.writing, u.growing} {
		if b == nil {
			continue
		}
		if key, met := b.rows[hash]; met {
			rows = append(rows, key)
		}
		for _, l := range b.twice {
			if l.hash == hash {
				rows = append(rows, l.key)
			}
		}
	}
	return rows
}

// turn are the lines to be written now, and the batch they belong to; nil when none is due. The
// work is spread evenly, in parts: a batch is written when the next one is full. all: as many as a
// transaction may write.
func (u *unlisted) turn(all bool) (b *idBatch, lines []idLine) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.writing == nil && u.growing != nil && (all || u.growing.size >= manyIDs) {
		u.writing, u.growing = u.growing, nil
		u.writing.sort()
	}
	if b = u.writing; b == nil {
		return nil, nil
	}
	n := idsAtOnce
	if !all {
		n = 0
		if u.growing != nil {
			n = b.size*min(u.growing.size, manyIDs)/manyIDs - (b.size - len(b.left))
		}
		if n < min(b.size/idParts, len(b.left)) {
			n = 0
		}
	}
	return b, b.left[:min(n, len(b.left))]
}

// advance notes that lines of the batch that is being written are durable.
func (u *unlisted) advance(lines int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.writing == nil {
		return
	}
	if u.writing.left = u.writing.left[lines:]; len(u.writing.left) == 0 {
		u.writing = nil
	}
}

// none reports whether every command is listed.
func (u *unlisted) none() bool {
	u.mu.RLock()
	defer u.mu.RUnlock()
	return u.writing == nil && u.growing == nil
}

// writeIDs writes with the transaction what is due of the list of ids.
func (w *writer) writeIDs(t *tx) error {
	if w.tight.Load() {
		return nil
	}
	b, lines := t.store.unlisted.turn(t.list)
	if b == nil {
		return nil
	}
	for _, l := range lines {
		if _, err := t.exec(t.insertID, l.hash, l.key); err != nil {
			return err
		}
	}
	if t.listed = len(lines); t.listed < len(b.left) {
		return nil
	}
	_, err := t.exec(t.setListed, strconv.FormatInt(b.last, 10))
	return err
}

// listSome writes a part of the list of ids, and reports whether more can be written.
func (w *writer) listSome(ctx context.Context) (more bool) {
	if w.store.unlisted.none() || w.tight.Load() {
		return false
	}
	c := &call{do: func(t *tx) error { t.list = true; return nil }, done: make(chan error, 1)}
	w.perform(ctx, []*call{c})
	if err := <-c.done; err != nil {
		w.store.log.WarnContext(ctx, "sqlite: the list of ids is behind the journal", "path",
			w.store.path, "error", err)
		return false
	}
	return !w.store.unlisted.none()
}

// findUnlisted reads from the file which commands are not listed. Until it is done nothing may be
// appended: a command could run twice.
func (s *Store) findUnlisted(ctx context.Context, p *pool) error {
	rows, err := p.db.QueryContext(ctx,
		`SELECT key, first, last, ids FROM journal `+
			`WHERE key > coalesce((`+listedMarkQuery+`), 0) ORDER BY key`)
	if err != nil {
		return err
	}
	defer rows.Close()
	s.unlisted.mu.Lock()
	defer s.unlisted.mu.Unlock()
	s.unlisted.growing, s.unlisted.writing = nil, nil
	for rows.Next() {
		var key, first, last int64
		var listed []byte
		if err := rows.Scan(&key, &first, &last, &listed); err != nil {
			return err
		}
		hashes := hashesIn(listed)
		if int64(len(hashes)) != last-first+1 {
			return fmt.Errorf("%w: row %d of the journal says %d ids", repo.ErrCorrupt, key,
				len(hashes))
		}
		s.unlisted.take(key, hashes)
	}
	return rows.Err()
}
