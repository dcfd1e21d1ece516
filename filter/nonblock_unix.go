//go:build unix

package filter

import "syscall"

// nonblock keeps the opening of what has become a FIFO from waiting for its
// writer. Reading a regular file it changes nothing.
const nonblock = syscall.O_NONBLOCK
