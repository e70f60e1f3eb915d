package main

import (
	"fmt"
	"io"
	"strconv"

	"github.com/lunpai/lunpai/tools/load"
)

// heading prints the table's header.
func heading(w io.Writer) {
	fmt.Fprintln(w, "| store | instances | sites | clients | visits/s | requests/s | visit "+
		"p50 | p99 ms | request p50 | p99 ms | sent again | failed | service CPU "+
		"ms/visit | client CPU | inserts/s of the store alone | requests per insert |")
	fmt.Fprintln(w, "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
}

// names of the stores in the table.
var names = map[string]string{
	load.SQLite: "SQLite", load.Mongo: "one mongod", load.Mongo3: "three nodes",
}

// print writes the cell's row. Every request is one durable commit.
func (c *cell) print(w io.Writer) {
	rate := c.perSecond()
	commits := rate * float64(len(load.Steps))
	name := names[c.store]
	if c.textbook {
		name += ", textbook"
	}
	fmt.Fprintf(w, "| %s | %d | %d | %d | %.0f | %.0f | %s | %s | %s | %s | "+
		"%d | %d | %s | %s | %.0f | %.2f |\n",
		name, c.instances, c.sites, c.clients, rate, commits,
		ms(quantile(c.visits, .5)), ms(quantile(c.visits, .99)), ms(quantile(c.steps, .5)),
		ms(quantile(c.steps, .99)),
		c.retried, len(c.failed), ms(c.served.Seconds()*1000), ms(c.sent.Seconds()*1000), c.raw,
		commits/c.raw)
}

// ms writes milliseconds with two significant digits.
func ms(v float64) string {
	switch {
	case v < 1:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case v < 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 0, 64)
}
