//go:build linux

package load

import "syscall"

// processAttributes makes the service die with this process, however that ends, and keeps a Ctrl-C
// on the terminal from reaching it before its owner has finished.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}
