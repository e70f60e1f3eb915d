package main

import (
	"fmt"

	"github.com/lunpai/lunpai/workflow"
)

// line follows a site's line from the facts alone and reports what must not happen.
type line struct {
	site  string
	used  map[string]string // unit → visit that uses its turn
	leads map[string]string // consultant → visit he leads
	of    map[string]string // visit → consultant
	ended map[string]bool   // visits that are over

	found *findings
}

func newLine(site string, found *findings) *line {
	return &line{
		site: site, found: found, used: map[string]string{}, leads: map[string]string{},
		of: map[string]string{}, ended: map[string]bool{},
	}
}

func (l *line) problem(e *entry, format string, args ...any) {
	l.found.add(twice, "site %s, commit %d: %s", l.site, e.Seq, fmt.Sprintf(format, args...))
}

// fold applies the facts of a commit.
func (l *line) fold(e *entry) {
	for _, f := range e.Facts {
		switch f.Kind { //nolint:exhaustive // the others do not touch turns and leads
		case workflow.FactTurnUsed:
			if visit, twice := l.used[f.Subject]; twice {
				l.problem(e, "the turn of %s is given to visit %s and was given to %s", f.Subject,
					f.Detail["visit"], visit)
			}
			l.used[f.Subject] = f.Detail["visit"]
		case workflow.FactRejoined, workflow.FactTurnGivenBack:
			delete(l.used, f.Subject)
		case workflow.FactVisitAssigned:
			l.assigned(e, f)
		case workflow.FactVisitRegistered, workflow.FactVisitAbandoned, workflow.FactVisitMerged:
			if l.ended[f.Subject] {
				l.problem(e, "visit %s ends twice", f.Subject)
			}
			l.ended[f.Subject] = true
			delete(l.leads, l.of[f.Subject])
		}
	}
}

func (l *line) assigned(e *entry, f workflow.Fact) {
	visit := f.Detail["visit"]
	if who, twice := l.of[visit]; twice {
		l.problem(e, "visit %s is given to %s and was given to %s", visit, f.Subject, who)
	}
	l.of[visit] = f.Subject
	if f.Detail["role"] != string(workflow.Lead) {
		return
	}
	if other, both := l.leads[f.Subject]; both {
		l.problem(e, "%s leads visit %s while he leads %s", f.Subject, visit, other)
	}
	l.leads[f.Subject] = visit
}
