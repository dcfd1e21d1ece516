package main

import (
	"errors"

	"golang.org/x/sys/windows"
)

// survivePipes has nothing to do: there is no SIGPIPE.
func survivePipes() {}

// isClosedPipe tells whether err came from a reader that has gone away.
func isClosedPipe(err error) bool {
	return errors.Is(err, windows.ERROR_BROKEN_PIPE) || errors.Is(err, windows.ERROR_NO_DATA)
}
