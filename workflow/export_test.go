package workflow

import (
	"fmt"
	"slices"
	"strings"
)

// Dump is everything a board holds, for tests that compare two moments of it.
func Dump(b *Board) string {
	var out strings.Builder
	fmt.Fprintln(&out, b.ID, b.Seq, b.At, b.loc)
	var lines []string
	for ref, r := range b.records {
		doc, err := Encode(r)
		if err != nil {
			lines = append(lines, err.Error())
		}
		lines = append(lines, fmt.Sprintf("%v %s", ref, doc))
	}
	for ref := range b.absent {
		lines = append(lines, fmt.Sprintf("%v absent", ref))
	}
	slices.Sort(lines)
	out.WriteString(strings.Join(lines, "\n"))
	for _, v := range b.open {
		fmt.Fprint(&out, " ", v.ID)
	}
	for _, s := range b.staff {
		fmt.Fprint(&out, " ", s.ID)
	}
	for _, m := range b.matters {
		fmt.Fprint(&out, " ", m.Ref())
	}
	return out.String()
}

// ReaderOf is the lowest version that can read a record.
func ReaderOf(r Record) int { return readerOf(r) }
