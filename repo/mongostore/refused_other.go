//go:build !windows

package mongostore

import "syscall"

const connectionRefused = syscall.ECONNREFUSED
