package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
)

// findings are the violations found, by kind. Several goroutines may use them.
type findings struct {
	mu    sync.Mutex
	kinds []string // in the order of their first
	count map[string]int
	shown map[string][]string
}

// maxShown is how many findings of a kind are kept to be shown.
const maxShown = 3

// add records a finding: its kind, and the case.
func (f *findings) add(kind, format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.count == nil {
		f.count, f.shown = map[string]int{}, map[string][]string{}
	}
	if f.count[kind]++; f.count[kind] == 1 {
		f.kinds = append(f.kinds, kind)
	}
	if len(f.shown[kind]) < maxShown {
		f.shown[kind] = append(f.shown[kind], fmt.Sprintf(format, args...))
	}
}

// of counts the findings of some kinds; of all when none is named.
func (f *findings) of(kinds ...string) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(kinds) == 0 {
		kinds = f.kinds
	}
	for _, k := range kinds {
		n += f.count[k]
	}
	return n
}

// print lists what was found.
func (f *findings) print(w io.Writer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, k := range f.kinds {
		fmt.Fprintf(w, "  found %d × %s, such as:\n    %s\n", f.count[k], k,
			strings.Join(f.shown[k], "\n    "))
	}
}

// The kinds of findings that have a column of their own; refusals and others are named as they
// come.
const (
	lost       = "lost"
	doubled    = "doubled"
	twice      = "turn given twice"
	unanswered = "unanswered"
)
