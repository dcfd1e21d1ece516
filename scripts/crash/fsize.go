//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// fsize sets a limit on the size of files.
func (b *bench) fsize() (string, error) {
	t, err := b.makeTree(filepath.Join(b.dir, "fsize"), 15)
	if err != nil {
		return "", err
	}
	trials, err := t.trials()
	if err != nil {
		return "", err
	}
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	nothing := func() error { return nil }
	c := count{}
	for _, trial := range trials {
		size, err := trial.size()
		if err != nil {
			return "", err
		}
		for limit := 0; limit <= size+1; limit++ {
			if skip := pick(b.Short, 499, pick(limit > 300, 13, 1)); limit%skip != 0 && limit < size-1 {
				continue
			}
			failed, err := trial.strained([]string{self, limited, strconv.Itoa(limit)}, nothing, nothing)
			if err == nil && failed != (limit < size) {
				err = fmt.Errorf("failed: %v, with %d bytes to write", failed, size)
			}
			if err != nil {
				return c.String(err), fmt.Errorf("%v, files of %d bytes: %w", &trial, limit, err)
			}
			c.add(failed)
		}
	}
	return c.String(nil), nil
}

// limited is our first argument when we are to run a command under a limit.
const limited = "--limited"

// runLimited becomes a command whose files may not grow over a limit. SIGXFSZ
// is left as it is by default, as it is after a shell's ulimit.
func runLimited(limit string, command []string) error {
	n, err := strconv.ParseUint(limit, 10, 64)
	if err != nil {
		return err
	}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: n, Max: n}); err != nil {
		return err
	}
	return syscall.Exec(command[0], command, os.Environ())
}
