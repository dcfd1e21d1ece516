package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"

	"treefilter/filter"
)

func TestWithoutClosedPipe(t *testing.T) {
	noReader := error(syscall.EPIPE)
	if runtime.GOOS == "windows" {
		noReader = syscall.Errno(232) // ERROR_NO_DATA
	}
	var (
		closed = &fs.PathError{Op: "write", Path: os.Stdout.Name(), Err: noReader}
		full   = &fs.PathError{Op: "write", Path: os.Stdout.Name(), Err: syscall.ENOSPC}
		state  = &fs.PathError{Op: "write", Path: "photos/.treefilter_treestamps.wal.yaml", Err: noReader}
		gone   = errors.New("photos: gone")
	)
	for _, test := range []struct {
		name string
		err  error
		want error
	}{
		{"nothing wrong", nil, nil},
		{"closed", closed, nil},
		{"closed, found twice", errors.Join(fmt.Errorf("photos: %w", closed), errors.Join(closed)), nil},
		{"something else, before and after", errors.Join(gone, errors.Join(closed, full)), errors.Join(gone, full)},
		{"full", full, full},
		{"a state file on a server that is gone", state, state},
	} {
		if got := fmt.Sprint(withoutClosedPipe(test.err)); got != fmt.Sprint(test.want) {
			t.Errorf("%s: %s, want %v", test.name, got, test.want)
		}
	}
}

func TestExitCode(t *testing.T) {
	var (
		failed      = errors.New("no such tree")
		interrupted = &ended{by: os.Interrupt}
		terminated  = &ended{by: syscall.SIGTERM}
		notFound    = &filter.StartError{Command: "a", Err: exec.ErrNotFound}
		cannotRun   = &filter.StartError{Command: "a", Err: syscall.EACCES}
	)
	for _, test := range []struct {
		name      string
		err       error
		otherwise int
		want      int
	}{
		{"all done", nil, exitDone, 0},
		{"a path failed", nil, exitIncomplete, 1},
		{"check found work", nil, exitNeedsWork, 1},
		{"failed", failed, exitDone, 2},
		{"failed in spite of all", failed, exitIncomplete, 2},
		{"SIGINT", interrupted, exitDone, 130},
		{"SIGINT after a warning", interrupted, exitIncomplete, 130},
		{"SIGTERM", terminated, exitDone, 143},
		{"SIGHUP", &ended{by: syscall.SIGHUP}, exitDone, 129},
		{"a command that cannot be run", cannotRun, exitIncomplete, 126},
		{"a command that is not there", errors.Join(errors.Join(notFound)), exitIncomplete, 127},
		{"a command that is not there, and stamps not saved", errors.Join(failed, notFound), exitIncomplete, 2},
		{"SIGTERM, and the rest could not be saved", errors.Join(terminated, failed), exitDone, 2},
	} {
		if got := exitCode(test.err, test.otherwise); got != test.want {
			t.Errorf("%s: exit code %d, want %d", test.name, got, test.want)
		}
	}
}
