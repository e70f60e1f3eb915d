package workflow

import (
	"strings"
	"time"
)

// Next is what must be done about a record, by whom, and the moment that it is counted from. A
// record that waits for nobody has none. The agenda is a question to the indexes over it: there is
// no list of tasks beside the records.
type Next struct {
	// What must be done: the kind of item that it is on the agenda.
	What ItemKind `json:"what"`
	// Who must do it: staff:A for a member of staff.
	Who string `json:"who"`
	// Since when it waits.
	At time.Time `json:"at"`
}

// forStaff is a member of staff as Next names him.
func forStaff(s StaffID) string { return "staff:" + string(s) }

// staff is the member of staff who must do it; "" when it is nobody in person.
func (n *Next) staff() StaffID {
	s, ok := strings.CutPrefix(n.Who, "staff:")
	if !ok {
		return ""
	}
	return StaffID(s)
}
