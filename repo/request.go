package repo

import (
	"errors"
	"fmt"
	"time"

	"github.com/lunpai/lunpai/workflow"
)

// Request is one command on its way to the engine.
type Request struct {
	// ID identifies the command for ever: hex SHA-256(credential id ‖ idempotency key).
	ID string
	// Fingerprint is a keyed HMAC of the content: the same ID with another fingerprint is
	// ErrKeyReused.
	Fingerprint string
	By          workflow.Actor
	Command     workflow.Command
	// Match is the version that the record must have (If-Match), else StaleError. Without a
	// collection nothing is checked.
	Match Match
	// New names records whose ids were made for this command: nobody can have written them, so the
	// store is not asked.
	New []workflow.Ref
	// DryRun decides and answers, and changes nothing.
	DryRun bool
}

// Match is the version that a caller saw.
type Match struct {
	workflow.Ref
	Seq int64
}

// Outcome is what was decided: the commit, now in the journal (or, of a dry run, what it would be).
type Outcome struct {
	Commit *workflow.Commit
	// Replayed: the command had run before, and this is its first answer.
	Replayed bool
}

// What the engine answers besides *workflow.Fault and the store's errors.
var (
	// ErrKeyReused: the ID was used before with other content.
	ErrKeyReused = errors.New("idempotency key reused with other content")
	// ErrInProgress: the twin of this command is running now.
	ErrInProgress = errors.New("the same command is running")
	// ErrBusy: too many commands wait, too many tries lost the race, or the caller left before the
	// command began. This call wrote nothing (an earlier one with the same ID may have): try again.
	ErrBusy = errors.New("busy")
	// ErrUnavailable: the store cannot be reached. This call wrote nothing (an earlier one with the
	// same ID may have): try again.
	ErrUnavailable = errors.New("store unavailable")
	// ErrReplaced: while the fate of a page was unknown, the journal was replaced by another one (a
	// restore). The page is never sent again. The site answers nothing until the page's number is
	// seen occupied, or the process is restarted.
	ErrReplaced = errors.New("the journal was replaced under the process")
	// ErrReadOnly: the site's journal cannot be trusted or needs a newer program; an operator must
	// look.
	ErrReadOnly = errors.New("site is read-only")
	// ErrStoreReplaced: the store's files were exchanged, or written by somebody else, while it was
	// served. It reads and writes nothing more until it is opened again. The outcome of a command
	// that meets this is unknown.
	ErrStoreReplaced = fmt.Errorf("%w: the store was replaced under the service", ErrReadOnly)
	// ErrStorageFull: the store has no room, and this call wrote nothing. Reading goes on, and so
	// does writing once there is room again.
	ErrStorageFull = errors.New("no room in the store")
	// ErrDraining: the process is stopping.
	ErrDraining = errors.New("shutting down")
)

// StaleError: the record has moved on since the caller read it.
type StaleError struct {
	workflow.Ref
	Want, Is int64
}

func (e *StaleError) Error() string {
	return fmt.Sprintf("%s %s stands at version %d, not %d", e.Collection, e.ID, e.Is, e.Want)
}

// Clock tells the time. In a config nil means the system's clock.
type Clock func() time.Time
