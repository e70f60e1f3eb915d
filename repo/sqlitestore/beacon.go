package sqlitestore

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"log/slog"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lunpai/lunpai/repo"
)

// ErrLoss: the file holds less than was acknowledged from it.
var ErrLoss = errors.New("the file holds less than was acknowledged")

// loss is an ErrLoss with its reason and the remedies.
func loss(path, format string, args ...any) error {
	return fmt.Errorf("%w: %s. Put a backup in its place (lunpai restore --store sqlite:%s "+
		"BACKUP), or serve what is left with --accept-loss",
		ErrLoss, fmt.Sprintf(format, args...), path)
}

// light says how much a store holds. All sites append to one table, so the number and hash of its
// newest row stand for all journals; a counter stands for the side documents.
type light struct {
	Row   int64  `json:"row"`
	Hash  string `json:"hash"`
	Sides int64  `json:"sides"`
	// State: open while the store is served, closing once its log may be removed, then closed.
	State string `json:"state"`
	Count int64  `json:"count"` // how often it was written
	// Size and Changed are the file's when it was closed.
	Size    int64 `json:"size,omitempty"`
	Changed int64 `json:"changed,omitempty"` // nanoseconds since 1970
}

const (
	stateOpen    = "open"
	stateClosing = "closing"
	stateClosed  = "closed"
)

// beacon keeps the light of a store in a separate file, so that a lost or damaged log is noticed:
// SQLite itself just goes on with what is left. It is written after the commits, at most a second
// late, alternately in two places, so that one of them is always whole.
type beacon struct {
	file *os.File
	log  *slog.Logger

	mu   sync.Mutex
	last light // written

	latest atomic.Pointer[light]
	wake   chan struct{}
	quit   chan struct{}
	ended  chan struct{}
}

const (
	beaconName  = ".beacon"
	beaconEvery = time.Second
	beaconSlot  = 512
)

// readBeacon is the newest light in the beacon's file; nil when none can be read.
func readBeacon(path string) (*light, error) {
	text, err := os.ReadFile(path + beaconName) //nolint:gosec // the operator names the file
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var newest *light
	for i := 0; i+beaconSlot <= len(text); i += beaconSlot {
		if l, ok := parseLight(text[i : i+beaconSlot]); ok &&
			(newest == nil || l.Count > newest.Count) {
			newest = l
		}
	}
	return newest, nil
}

// Each place begins with the checksum of its text, in eight digits.
func parseLight(text []byte) (*light, bool) {
	var l light
	sum, err := strconv.ParseUint(string(text[:8]), 16, 32)
	if err != nil || uint32(sum) != crc32.ChecksumIEEE(text[8:]) ||
		json.Unmarshal(text[8:], &l) != nil {
		return nil, false
	}
	return &l, true
}

func (l light) text() ([]byte, error) {
	body, err := json.Marshal(l)
	if err != nil {
		return nil, err
	}
	text := fmt.Appendf(nil, "%8s%-*s\n", "", beaconSlot-9, body)
	copy(text, fmt.Sprintf("%08x", crc32.ChecksumIEEE(text[8:])))
	return text, nil
}

// openBeacon opens the file and continues from what was read in it.
func openBeacon(path string, seen *light, log *slog.Logger) (*beacon, error) {
	//nolint:gosec // the operator names the file
	f, err := os.OpenFile(path+beaconName, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	b := &beacon{
		file: f, log: log, wake: make(chan struct{}, 1), quit: make(chan struct{}),
		ended: make(chan struct{}),
	}
	if seen != nil {
		b.last = *seen
	}
	return b, nil
}

// write makes a light durable.
func (b *beacon) write(l light, state string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	l.State, l.Count = state, b.last.Count+1
	text, err := l.text()
	if err == nil {
		_, err = b.file.WriteAt(text, l.Count%2*beaconSlot)
	}
	if err == nil {
		err = b.file.Sync()
	}
	if err != nil {
		return fmt.Errorf("beacon: %w", err)
	}
	b.last = l
	return nil
}

// run writes what was noted, until stop is called.
func (b *beacon) run() {
	defer close(b.ended)
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-b.quit:
			return
		case <-pause.C:
		}
		select {
		case <-b.quit:
			return
		case <-b.wake:
		}
		if err := b.write(*b.latest.Load(), stateOpen); err != nil {
			b.log.Warn("sqlite: a lost log would not be noticed now", "error", err)
		}
		pause.Reset(beaconEvery)
	}
}

// note records how much the store holds.
func (b *beacon) note(l light) {
	b.latest.Store(&l)
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// pause says that the log may be missing for a while.
func (b *beacon) pause(l light) error {
	select {
	case <-b.wake:
	default:
	}
	return b.write(l, stateClosing)
}

// stop ends run.
func (b *beacon) stop() {
	close(b.quit)
	<-b.ended
}

// lightOf reads how much a file holds.
func lightOf(ctx context.Context, on querier) (l light, err error) {
	rows, err := on.QueryContext(ctx, `SELECT key, hash FROM journal ORDER BY key DESC LIMIT 1`)
	_, err = collect(rows, err, func(rows *sql.Rows) (int64, error) {
		var hash []byte
		err := rows.Scan(&l.Row, &hash)
		l.Hash = hex.EncodeToString(hash)
		return l.Row, err
	})
	if err != nil {
		return l, fmt.Errorf("newest page: %w", err)
	}
	rows, err = on.QueryContext(ctx, `SELECT value FROM meta WHERE name = 'sides'`)
	counts, err := collect(rows, err, scanText)
	if err == nil && len(counts) == 1 {
		l.Sides, err = strconv.ParseInt(counts[0], 10, 64)
	}
	if err != nil {
		return l, fmt.Errorf("%w: count of side documents: %w", repo.ErrCorrupt, err)
	}
	return l, nil
}

// holds checks a file against a light that was seen: everything up to it must be there.
func (l light) holds(ctx context.Context, path string, on querier) error {
	is, err := lightOf(ctx, on)
	if err != nil {
		return err
	}
	rows, err := on.QueryContext(ctx, `SELECT hash FROM journal WHERE key = ?`, l.Row)
	hashes, err := collect(rows, err, func(rows *sql.Rows) (string, error) {
		var hash []byte
		err := rows.Scan(&hash)
		return hex.EncodeToString(hash), err
	})
	switch {
	case err != nil:
		return fmt.Errorf("newest acknowledged page: %w", err)
	case l.Row > 0 && len(hashes) == 0:
		return loss(path, "%d pages were acknowledged, %d are there", l.Row, is.Row)
	case l.Row > 0 && hashes[0] != l.Hash:
		return loss(path, "page %d is another than the one that was acknowledged", l.Row)
	case is.Sides < l.Sides:
		return loss(path, "%d changes of persons, notes and keys were acknowledged, %d are there",
			l.Sides, is.Sides)
	}
	return nil
}

// beforeOpening refuses what SQLite would open silently: a missing file, or a file without its log.
func (l *light) beforeOpening(path string) error {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if l != nil && (l.Row > 0 || l.Sides > 0) {
			return loss(path, "it is gone, and %d pages were acknowledged from it", l.Row)
		}
		if log, err := os.Stat(path + "-wal"); err == nil && log.Size() > 0 {
			return loss(path, "it is gone, only its log is there")
		}
		return nil
	}
	f, err := os.Open(path + "-wal") //nolint:gosec // the operator names the file
	switch {
	case errors.Is(err, fs.ErrNotExist) && l != nil && l.State == stateOpen:
		return loss(path, "the service was not stopped in order, and the log %s-wal is gone", path)
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	err = readLog(f)
	if errors.Is(err, errLog) {
		err = loss(path, "%v", err)
	}
	return errors.Join(err, f.Close())
}
