//go:build unix

package main

import (
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// survivePipes makes a write into a closed pipe an error like any other. By
// default the runtime dies of SIGPIPE on stdout and stderr, and a commit must
// outlive both. The signal is caught, not ignored, because a child process
// would inherit that.
func survivePipes() {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
}

// isClosedPipe tells whether err came from a reader that has gone away.
func isClosedPipe(err error) bool {
	return errors.Is(err, syscall.EPIPE)
}
