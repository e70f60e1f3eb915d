package sqlitestore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lunpai/lunpai/repo"
)

// watch notices when somebody else moves, deletes, replaces or overwrites the files of a store.
// SQLite does not: it goes on writing to a file that no longer has a name, or writes its log over
// the pages of another database.
//
// The main file changes only when this store writes its log back. So the writer records how the
// file looks after each of its own changes, and everybody who uses the store compares before
// trusting it.
type watch struct {
	path string
	// held until every connection is closed: closing it earlier would drop SQLite's own locks
	file  *os.File
	self  fs.FileInfo
	sides [2]fs.FileInfo // -wal and -shm as SQLite opened them; nil while they come and go
	log   *slog.Logger

	// how the file looked last; nil while this store may be changing it
	look atomic.Pointer[look]

	mu      sync.Mutex
	changes int   // that are under way, at most a commit and a log that is written back
	before  *look // how the file looked before them
	fits    []func(is look, was *look) bool
	lost    atomic.Pointer[error] // what was noticed; it stays
}

// look is what can be seen of a file without reading it all: its size, its time of change, and the
// database header with its change counter.
type look struct {
	size    int64
	changed time.Time
	header  [headerSize]byte
}

const headerSize = 100

// sideNames are the suffixes of the files that SQLite keeps beside a database.
var sideNames = [2]string{"-wal", "-shm"}

// newWatch opens the file to watch it, and locks its inode: it cannot be served elsewhere under
// another name.
func newWatch(path string, log *slog.Logger) (*watch, error) {
	f, err := os.Open(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, err
	}
	w := &watch{path: path, file: f, log: log}
	if w.self, err = f.Stat(); err == nil {
		err = hold(f)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return w, nil
}

// begin records how the files look once all connections are open.
func (w *watch) begin() error {
	for i, name := range sideNames {
		var err error
		if w.sides[i], err = os.Stat(w.path + name); err != nil {
			return err
		}
		// Windows determines a file's identity when it is first compared: do that now, not after it
		// was exchanged. A file that does not even equal itself (one that is mapped, under Wine) is
		// not watched.
		if !os.SameFile(w.sides[i], w.sides[i]) {
			w.sides[i] = nil
		}
	}
	l, err := w.see()
	if err != nil {
		return err
	}
	w.look.Store(&l)
	return nil
}

// end runs f, which closes all connections: the last one removes the files beside the database.
func (w *watch) end(f func() error) error {
	if err := w.intact(); err != nil {
		return errors.Join(err, f())
	}
	w.sides = [2]fs.FileInfo{}
	return w.change(f)
}

// see looks at the files. Its error names the one that is not the file that was opened.
func (w *watch) see() (l look, err error) {
	is, err := w.same("", w.self)
	if err != nil {
		return l, err
	}
	for i, name := range sideNames {
		if w.sides[i] == nil {
			continue
		}
		if _, err := w.same(name, w.sides[i]); err != nil {
			return l, err
		}
	}
	l.size, l.changed = is.Size(), changed(is)
	if _, err := w.file.ReadAt(l.header[:], 0); err != nil && !errors.Is(err, io.EOF) {
		return l, fmt.Errorf("%w: look at %s: %w", repo.ErrUnavailable, w.path, err)
	}
	return l, nil
}

// same is a file under its name, if it is still the one that was opened.
func (w *watch) same(name string, opened fs.FileInfo) (fs.FileInfo, error) {
	is, err := os.Stat(w.path + name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w: %s%s was moved or deleted", repo.ErrStoreReplaced, w.path, name)
	case err != nil:
		return nil, fmt.Errorf("%w: look at %s%s: %w", repo.ErrUnavailable, w.path, name, err)
	case !os.SameFile(is, opened):
		return nil, fmt.Errorf("%w: another file stands at %s%s", repo.ErrStoreReplaced, w.path,
			name)
	}
	return is, nil
}

// intact is an error when the files are not as this store left them. The error stays: the files may
// come back, but nobody knows what happened to them meanwhile.
func (w *watch) intact() error {
	if p := w.lost.Load(); p != nil {
		return *p
	}
	was := w.look.Load()
	is, err := w.see()
	// While this store is writing only the names can be checked; change compares the rest.
	if err == nil && was != nil && w.look.Load() == was && is != *was {
		err = fmt.Errorf("%w: somebody else wrote to %s", repo.ErrStoreReplaced, w.path)
	}
	return w.keep(err)
}

// keep remembers what was noticed, and logs it once.
func (w *watch) keep(err error) error {
	if (errors.Is(err, repo.ErrStoreReplaced) || errors.Is(err, repo.ErrCorrupt)) &&
		w.lost.CompareAndSwap(nil, &err) {
		w.log.Error("sqlite: nothing is read or written any more: stop the service, see to the "+
			"file, start again", "path", w.path, "error", err)
	}
	return err
}

// change runs f, which may write to the main file, between two looks. The second must be what
// SQLite makes of the first.
func (w *watch) change(f func() error) error { return w.between(f, look.follows) }

// commit runs f, which commits a transaction. That leaves the main file alone unless the log is
// long, so somebody else's write is noticed even while this store is busy.
func (w *watch) commit(f func() error) error {
	return w.between(f, func(is look, was *look) bool {
		return is == *was || w.mayDrain(is) && is.follows(was)
	})
}

// mayDrain reports whether the log may be so long that SQLite wrote it back with a commit. Its file
// never shrinks by itself, so the answer errs towards yes.
func (w *watch) mayDrain(l look) bool {
	page := int64(binary.BigEndian.Uint16(l.header[16:])) // https://sqlite.org/fileformat2.html
	log, err := os.Stat(w.path + sideNames[0])
	return err != nil || log.Size() >= walPages*page
}

// between runs f between two looks; fits tells whether the second may be what f made of the first.
// While the log is written back a commit may begin and end: then the looks are compared after both.
func (w *watch) between(f func() error, fits func(is look, was *look) bool) error {
	if err := w.intact(); err != nil {
		return err
	}
	w.mu.Lock()
	if w.changes++; w.changes == 1 {
		w.before, w.fits = w.look.Swap(nil), nil
	}
	w.fits = append(w.fits, fits)
	w.mu.Unlock()
	failed := f()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.changes--
	is, err := w.see()
	if err == nil && w.changes == 0 && w.before != nil && !w.fit(is) {
		err = fmt.Errorf("%w: somebody else wrote to %s", repo.ErrStoreReplaced, w.path)
	}
	if w.keep(err) != nil {
		err = &doubt{err}
	}
	switch {
	case w.changes > 0: // the last of them compares
	case err != nil:
		w.look.Store(w.before)
	default:
		w.look.Store(&is)
	}
	return errors.Join(failed, err)
}

// fit reports whether the file may look like this after the changes that were under way together.
func (w *watch) fit(is look) bool {
	return slices.ContainsFunc(w.fits, func(fits func(look, *look) bool) bool {
		return fits(is, w.before)
	})
}

// follows reports whether this look can come after another one by SQLite's own writing: the same
// database, no smaller, its counter no lower.
func (l look) follows(was *look) bool {
	if l == *was || was.size == 0 { // a new file has no header yet
		return true
	}
	// offset in the header: https://sqlite.org/fileformat2.html
	const counter = 24
	//nolint:gosec // it may wrap
	grown := int32(
		binary.BigEndian.Uint32(l.header[counter:]) - binary.BigEndian.Uint32(was.header[counter:]))
	return l.size >= was.size && grown >= 0 &&
		bytes.Equal(l.header[:counter], was.header[:counter]) &&
		bytes.Equal(l.header[60:72], was.header[60:72]) // user version, vacuuming, application
}

// close closes the file. It must be the last that the store closes.
func (w *watch) close() error { return w.file.Close() }
