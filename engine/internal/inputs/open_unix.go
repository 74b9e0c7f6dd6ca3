//go:build unix

package inputs

import "syscall"

const nonBlocking = syscall.O_NONBLOCK
