//go:build !linux

package load

import "syscall"

// processAttributes has nothing to say here: only Linux can tie a process to its parent.
func processAttributes() *syscall.SysProcAttr { return nil }
