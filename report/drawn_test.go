package report_test

import (
	"flag"
	"testing"

	"github.com/lunpai/lunpai/shape/draw"
)

var update = flag.Bool("update", false, "write what is drawn anew")

// TestDrawnWords draws drawn.go from the constants of this package.
func TestDrawnWords(t *testing.T) { draw.HoldWords(t, "report", *update) }
