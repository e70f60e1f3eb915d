package mongostore

import "golang.org/x/sys/windows"

// connectionRefused: Windows has its own number for it.
const connectionRefused = windows.WSAECONNREFUSED
