package workflow

import "slices"

// MinReader is the version of this package's records: the highest that it can read. Every commit
// carries the lowest version that can read it, and a program that finds a higher one makes the site
// read-only. So a commit says a version only when it holds something that programs before it would
// lose or misjudge:
//
//   - a type of record that they do not know: .from(4) in its row of records.go;
//   - a member, or a value, that they do not know: the record's method reader;
//   - a command that they do not know: Since in its About.
//
// TestNewMembersRaiseTheReader finds a new member that reader forgets.
//
//	2: a visit's outcome is an object.
//	3: a customer can be erased.
//	4: appointments, reception outside hours as a member, the undoing of an assignment, and more.
//	5: the service desk, paired devices.
const MinReader = 5

// usualReader is what most commits need.
const usualReader = 2

// versioned are records that may hold something which not every program can read.
type versioned interface {
	// reader is the lowest version that keeps all that the record holds; 0 for any.
	reader() int
}

// since is the version when one of the members that came with it is present, otherwise 0.
func since(version int, present ...bool) int {
	if slices.Contains(present, true) {
		return version
	}
	return 0
}

// minReader is the lowest version that can read the commit.
func (d *draft) minReader(cmd Command) int {
	least := max(usualReader, cmd.About().Since)
	for _, r := range d.changed {
		least = max(least, readerOf(r))
	}
	return least
}

// readerOf is the lowest version that can read a record.
func readerOf(r Record) int {
	least := byCollection[r.Ref().Collection].since
	if v, ok := r.(versioned); ok {
		least = max(least, v.reader())
	}
	return least
}
