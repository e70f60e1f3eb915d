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
	// Who must do it: staff:A for a member of staff, dept:business for a department, hat:tech_head
	// for a function, role:manager for the manager.
	Who string `json:"who"`
	// Since when it waits.
	At time.Time `json:"at"`
	// When it is late; missing when it never is.
	DueAt time.Time `json:"due_at,omitzero"`
	// When the service looks at it by itself; missing when it does not.
	WakeAt time.Time `json:"wake_at,omitzero"`
}

// forStaff is a member of staff as Next names him.
func forStaff(s StaffID) string { return "staff:" + string(s) }

func forDepartment(d Department) string { return "dept:" + string(d) }
func forHat(h Hat) string               { return "hat:" + string(h) }

const forManager = "role:manager"

// next is something that waits since a moment and becomes late after a while; after zero it never
// does.
func next(what ItemKind, who string, since time.Time, after time.Duration) *Next {
	n := &Next{What: what, Who: who, At: since}
	if after > 0 {
		n.DueAt = since.Add(after)
		n.WakeAt = n.DueAt
	}
	return n
}

// nextOf is what is next about a record; nil when nothing is.
func nextOf(r Record) *Next {
	if r, ok := r.(interface{ next() *Next }); ok {
		return r.next()
	}
	return nil
}

// staff is the member of staff who must do it; "" when it is nobody in person.
func (n *Next) staff() StaffID {
	s, ok := strings.CutPrefix(n.Who, "staff:")
	if !ok {
		return ""
	}
	return StaffID(s)
}
