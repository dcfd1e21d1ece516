package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Ticks of file systems. Within one tick two writes bear the same mtime, so an
// edit in the tick of the look that recorded a stamp would be hidden by it.
const (
	// Kernels before 6.13 stamp files with a clock of 1 to 10 ms; exFAT
	// counts in steps of 10 ms.
	fineTick = 10 * int64(time.Millisecond)
	// FAT counts in steps of 2 s, ext3 and HFS+ of 1 s: there an mtime has no
	// nanoseconds.
	coarseTick = 2 * int64(time.Second)
)

// settleWait bounds the wait for a tick to end.
const settleWait = 5 * time.Second

// TickEnd is when the tick of an mtime is over at the latest: what was written
// until then may bear it.
func TickEnd(mtime Time) Time {
	if mtime.Nsec == 0 {
		return mtime.Add(coarseTick)
	}
	return mtime.Add(fineTick)
}

// Settled tells whether no later write can bear this mtime any more, now being
// the present on the file system's own clock (see Tree.Now). An mtime far in
// the future is settled too: a write will bear an earlier one.
func Settled(mtime, now Time) bool {
	return TickEnd(mtime).Compare(now) <= 0 || mtime.Compare(now.Add(int64(settleWait))) > 0
}

// Now is the present on the clock of the file system that holds the tree's
// state, which need not be this machine's. It may create an empty WAL, which
// Close removes.
func (t *Tree) Now() (Time, error) {
	if err := t.Writable(); err != nil {
		return Time{}, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.app.now()
}

// errUnsettled is a file that somebody keeps modifying.
var errUnsettled = errors.New("modified while it was recorded")

// settle returns the mtime of a file, looked at once more after its tick.
func (t *Tree) settle(path string) (Time, error) {
	full := filepath.Join(t.root, filepath.FromSlash(path))
	deadline := time.Now().Add(settleWait)
	for pause := time.Millisecond; ; pause *= 2 {
		now, err := t.Now()
		if err != nil {
			return Time{}, err
		}
		info, err := os.Lstat(full)
		if err != nil {
			return Time{}, fmt.Errorf("record: %w", err)
		}
		if !info.Mode().IsRegular() {
			return Time{}, &fs.PathError{Op: "record", Path: full, Err: errors.New("not a regular file")}
		}
		mtime := TimeOf(info.ModTime())
		if Settled(mtime, now) {
			return mtime, nil
		}
		if time.Now().After(deadline) {
			return Time{}, &fs.PathError{Op: "record", Path: full, Err: errUnsettled}
		}
		time.Sleep(pause)
	}
}
