//go:build !linux

package cli

import "time"

// steady is nil: what these systems count does not go on while the machine sleeps, and waking up is
// no fault of the clock.
var steady func() time.Duration
