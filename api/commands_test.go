package api

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/lunpai/lunpai/workflow"
)

// TestCommandsHaveRoutes: whatever somebody may command has an address, and nothing that only time
// commands has one.
func TestCommandsHaveRoutes(t *testing.T) {
	routed := map[workflow.Kind]bool{}
	for _, r := range (&API{metrics: newMetrics(prometheus.NewRegistry(), nil)}).routes() {
		routed[r.kind] = true
	}
	for _, c := range workflow.Commands() {
		about := c.About()
		if given := len(about.May) > 0; given != routed[about.Kind] {
			t.Errorf("%s: somebody may give it: %t; it has a route: %t", about.Kind, given,
				routed[about.Kind])
		}
	}
}
