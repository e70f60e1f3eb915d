package cli

import (
	"time"

	"golang.org/x/sys/unix"
)

// steady is the time since the machine was started, sleep included: nobody can set it.
func steady() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		return 0
	}
	return time.Duration(t.Nano())
}
