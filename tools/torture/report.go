package main

import (
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/lunpai/lunpai/tools/load"
)

// report is what a trial found.
type report struct {
	plan
	clients      int
	acknowledged int
	retried      int
	replayed     int
	silences     []time.Duration // one a kill
	findings
}

func heading(w io.Writer) {
	fmt.Fprintln(w, "| store | killed | kills | clients | acknowledged | sent again | answered "+
		"from the journal | lost | doubled | turns given twice | unanswered | other "+
		"findings | silence, median s | longest s |")
	fmt.Fprintln(w, "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
}

var names = map[string]string{
	load.SQLite: "SQLite", load.Mongo: "one mongod",
	load.Mongo3: "three nodes",
}

// print writes the trial's row, and what was found to log.
func (r *report) print(w, log io.Writer) {
	slices.Sort(r.silences)
	median, longest := r.silences[len(r.silences)/2], r.silences[len(r.silences)-1]
	own := []string{lost, doubled, twice, unanswered}
	fmt.Fprintf(w, "| %s | %s | %d | %d | %d | %d | %d | %d | %d | %d | %d | %d | %.2f | %.2f |\n",
		names[r.store], r.target, r.kills, r.clients, r.acknowledged, r.retried, r.replayed,
		r.of(lost), r.of(doubled), r.of(twice),
		r.of(unanswered), r.of()-r.of(own...), median.Seconds(), longest.Seconds())
	r.findings.print(log)
}
