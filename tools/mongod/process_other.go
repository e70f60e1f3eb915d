//go:build !linux

package mongod

import (
	"errors"
	"os"
	"syscall"
)

// processAttributes is empty here: only Linux can tie a process to its parent.
func processAttributes() *syscall.SysProcAttr { return nil }

func pause(*os.Process) error  { return errors.ErrUnsupported }
func resume(*os.Process) error { return errors.ErrUnsupported }
