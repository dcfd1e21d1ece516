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

// hasNoReader reports whether a write failed because there is no reader any more.
func hasNoReader(err error) bool {
	return errors.Is(err, syscall.EPIPE)
}
