package mongostore

import "golang.org/x/sys/windows"

// connectionRefused: Windows has a number of its own for it.
const connectionRefused = windows.WSAECONNREFUSED
