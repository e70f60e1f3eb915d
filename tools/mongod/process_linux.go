//go:build linux

package mongod

import (
	"os"
	"syscall"
)

// processAttributes makes the server die with this process, however that ends, and keeps a Ctrl-C
// on the terminal from reaching it before its owner has finished.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}

func pause(p *os.Process) error  { return p.Signal(syscall.SIGSTOP) }
func resume(p *os.Process) error { return p.Signal(syscall.SIGCONT) }
