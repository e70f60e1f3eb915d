package sqlitestore

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/lunpai/lunpai/repo"
)

// TestFullIsNoFault: a disk that stays full may refuse any number of writes without the store being
// given up.
func TestFullIsNoFault(t *testing.T) {
	t.Parallel()
	s, o := openNew(t), newOffice("site")
	mustAppend(t, s, o.mustPage(t, 1))
	atMost := func(tx *tx, pages int) error {
		_, err := tx.conn.ExecContext(tx.ctx, fmt.Sprintf(`PRAGMA max_page_count = %d`, pages))
		return err
	}
	for range 2 * strikesToEnd {
		waitForRoom(t, s)
		err := s.write(t.Context(), 1, func(tx *tx) error {
			if err := atMost(tx, 1); err != nil { // the size it has
				return err
			}
			_, err := tx.exec(tx.insertPage, "big", 1, 1, 1, []byte{}, []byte{}, []byte{},
				make([]byte, 1<<20))
			return err
		})
		if !errors.Is(err, repo.ErrStorageFull) {
			t.Fatalf("want ErrStorageFull, got %v", err)
		}
	}
	waitForRoom(t, s)
	must(t, s.write(t.Context(), 1, func(tx *tx) error { return atMost(tx, 1<<30) }))
	mustAppend(t, s, o.mustPage(t, 1))
	if s.writer.strikes != 0 {
		t.Error("a full disk counted as a failing one")
	}
}

// waitForRoom waits until a store accepts writes, without writing.
func waitForRoom(t *testing.T, s *Store) {
	t.Helper()
	for s.Ping(t.Context()) != nil {
		select {
		case <-t.Context().Done():
			t.Fatal("it never takes writes again")
		case <-time.After(10 * time.Millisecond):
		}
	}
}
