package main

import (
	"errors"

	"golang.org/x/sys/windows"
)

// survivePipes has nothing to do: there is no SIGPIPE.
func survivePipes() {}

// hasNoReader reports whether a write failed because there is no reader any more.
func hasNoReader(err error) bool {
	return errors.Is(err, windows.ERROR_BROKEN_PIPE) || errors.Is(err, windows.ERROR_NO_DATA)
}
