package workflow

import (
	"errors"
	"fmt"
)

// ErrNewer is returned when a stored commit needs a newer program.
var ErrNewer = errors.New("written by a newer lunpai")

// FaultClass sorts refusals for callers; the edge maps a class to a status.
type FaultClass string

// The classes.
const (
	ClassInvalid    FaultClass = "invalid"     // the command makes no sense as it stands
	ClassNotFound   FaultClass = "not_found"   // it names something that is not there
	ClassForbidden  FaultClass = "forbidden"   // the actor may not
	ClassWrongState FaultClass = "wrong_state" // the visit is not in a state for it
	ClassRefused    FaultClass = "refused"     // an article says no
)

// Fault is a refusal: nothing changed. Code is stable, one word for one cause; Rule is the article that refuses.
type Fault struct {
	Class   FaultClass
	Code    string
	Rule    string
	Detail  string            // one sentence, English; the edge renders other languages by Code and Args
	Args    map[string]string // the values in Detail
	Allowed []string          // events that would be allowed instead
	Fix     string            // how to mend it, one sentence
	Facts   []Fact            // how the rules came to it, when that helps
}

func (f *Fault) Error() string { return f.Code + ": " + f.Detail }

// GapError is returned when a commit does not follow the board.
type GapError struct {
	Site    SiteID
	At, Got int64
}

func (e *GapError) Error() string {
	return fmt.Sprintf("site %s stands at commit %d, got %d", e.Site, e.At, e.Got)
}
