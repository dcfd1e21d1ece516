package main

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"syscall"

	"treefilter/filter"
)

// The exit codes, the same for every command:
//
//	0    all done; printing nothing is success
//	1    done, but some paths could not be examined, stamped or processed (each
//	     is named on stderr); with --check: something needs work
//	2    usage; a ROOT that cannot be read, once the others are done; output
//	     failure; for the commands that write state, state that cannot be read
//	     or is not ours: nothing was changed
//	126  the command of exec cannot be run
//	127  the command of exec was not found
//	130  ended by SIGINT, with everything already read safe in the WAL
//	143  ended by SIGTERM, likewise; 129 by SIGHUP
const (
	exitDone       = 0
	exitIncomplete = 1
	exitNeedsWork  = 1
	exitFailed     = 2
	exitCannotRun  = 126
	exitNotFound   = 127
	exitSignalled  = 128 // and the number of the signal
)

// withoutClosedPipe takes out of what went wrong that the reader of stdout has
// gone away: it has seen enough. All else still decides how the run ends.
func withoutClosedPipe(err error) error {
	if err == nil {
		return nil
	}
	all := unjoin(err)
	kept := slices.DeleteFunc(slices.Clone(all), isClosedPipe)
	if len(kept) == len(all) {
		return err
	}
	return errors.Join(kept...)
}

// isClosedPipe reports whether an error is a write to a stdout without a reader. A
// file system whose server is gone may fail with the same number.
func isClosedPipe(err error) bool {
	write, ok := errors.AsType[*fs.PathError](err)
	return ok && write.Path == os.Stdout.Name() && hasNoReader(write)
}

// exitCode is the one place where what ends a run becomes its exit code; otherwise
// is that of a run that came to its end.
// A signal decides only when nothing else went wrong: what was read may not be
// safe when something did.
func exitCode(err error, otherwise int) int {
	var start *filter.StartError
	end, bySignal := err.(*ended)
	switch {
	case bySignal:
		return exitSignalled + int(end.by.(syscall.Signal))
	case errors.As(err, &start) && len(unjoin(err)) == 1:
		if start.NotFound() {
			return exitNotFound
		}
		return exitCannotRun
	case err != nil:
		return exitFailed
	default:
		return otherwise
	}
}
