//go:build !linux

package load

import "syscall"

// processAttributes is empty here: only Linux can tie a process to its parent.
func processAttributes() *syscall.SysProcAttr { return nil }
