package load

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Usage is what a process has used so far, as Linux counts it.
type Usage struct {
	Resident int64 // bytes of memory now (VmRSS)
	Peak     int64 // bytes of memory at most (VmHWM)
	CPU      time.Duration
}

// clockTick is the unit of processor time in /proc; it is the same on every Linux that Go runs on.
const clockTick = 10 * time.Millisecond

// Usage reads what the service has used. It fails where there is no /proc.
func (s *Service) Usage() (Usage, error) { return usageOf(strconv.Itoa(s.proc.Pid)) }

// OwnUsage is the usage of this process.
func OwnUsage() (Usage, error) { return usageOf("self") }

func usageOf(pid string) (u Usage, err error) {
	status, err := os.ReadFile("/proc/" + pid + "/status")
	if err != nil {
		return u, err
	}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		kb, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		switch name {
		case "VmRSS":
			u.Resident = kb << 10
		case "VmHWM":
			u.Peak = kb << 10
		}
	}
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return u, err
	}
	// The program's name, in brackets, may hold blanks; user and system time are the 12th and 13th
	// fields behind it.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 13 {
		return u, fmt.Errorf("/proc/%s/stat has %d fields", pid, len(fields))
	}
	for _, f := range fields[11:13] {
		ticks, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return u, err
		}
		u.CPU += time.Duration(ticks) * clockTick
	}
	return u, nil
}
