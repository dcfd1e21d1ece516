package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
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

// SettleWait bounds the wait for a tick to end.
const SettleWait = 5 * time.Second

// TickEnd is when the tick of an mtime is over at the latest: what was written
// until then may bear it.
func TickEnd(mtime format.Time) format.Time {
	if mtime.Nsec == 0 {
		return mtime.Add(coarseTick)
	}
	return mtime.Add(fineTick)
}

// foreignTick is what is added to a tick of a machine that we know nothing of:
// Windows counts in steps of 16 ms, and its clock need not keep our pace.
const foreignTick = 100 * time.Millisecond

// TickOver reports whether the tick of an mtime is over, given how long ago a
// look at the file has shown it: no clock is asked, so it holds for any file
// system. A write that comes now bears a later mtime.
func TickOver(mtime format.Time, seen time.Duration) bool {
	return TickEnd(mtime).Compare(mtime.Add(int64(seen-foreignTick))) <= 0
}

// ToCome reports whether an mtime lies so far in the future that no write can bear
// it any more, now being the present on the file system's own clock (see Tree.Now),
// asked for after the mtime was seen. Until the clock reaches it a write bears an
// earlier one, and then it would have to come at the very nanosecond. Only where
// the clock itself shows whole seconds could one, so there a file waits until its
// tick is over, unless that is too far off to be waited for.
func ToCome(mtime, now format.Time) bool {
	if now.Nsec != 0 {
		return mtime.Compare(now.Add(fineTick)) > 0
	}
	return TickEnd(mtime).Compare(now.Add(int64(SettleWait))) > 0
}

// OwnClock reports whether Now is the clock that sets the mtime of a file, or of
// those in a directory. Where it is not (the state lies elsewhere, or a file
// server is mounted in the tree) nothing can be told by it: the two clocks may
// differ by seconds or years. Only TickOver holds then.
func (t *Tree) OwnClock(path string) bool {
	dir := t.names.Dir
	for t.names.Base != "" {
		_, err := t.opt.fsys.Lstat(dir)
		if err == nil {
			break
		}
		if !disk.IsMissing(err) || dir == filepath.Dir(dir) {
			return false
		}
		dir = filepath.Dir(dir) // the folder is yet to be made
	}
	state := t.opt.fsys.Volume(dir)
	if state.Dev == 0 && t.names.Base == "" {
		return true // this system does not tell; nearly always so
	}
	return state.SameClock(t.opt.fsys.Volume(path))
}

// Now is the present on the clock of the file system that holds the tree's
// state, which need not be this machine's. It may create an empty WAL, which
// Close removes.
func (t *Tree) Now() (format.Time, error) {
	if err := t.Writable(); err != nil {
		return format.Time{}, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.app.Now()
}

// errUnsettled is a file that somebody keeps modifying.
var errUnsettled = errors.New("modified while it was recorded")

// settle returns the stamp of a file, looked at once more after its tick.
func (t *Tree) settle(path string) (format.Stamp, error) {
	before := sight{own: t.OwnClock(t.full(path))}
	deadline := time.Now().Add(SettleWait)
	for pause := time.Millisecond; ; pause *= 2 {
		s, settled, err := t.look(path, &before)
		if err != nil || settled {
			return s, err
		}
		if time.Now().After(deadline) {
			return format.Stamp{}, &fs.PathError{Op: "record", Path: t.full(path), Err: errUnsettled}
		}
		time.Sleep(pause)
	}
}

// sight is an mtime and when it was first seen.
type sight struct {
	mtime format.Time
	at    time.Time
	own   bool // see OwnClock
}

// look returns the stamp that a file would get, and whether no later write can
// bear its mtime, given what a look before has shown.
func (t *Tree) look(path string, before *sight) (s format.Stamp, settled bool, err error) {
	var now format.Time
	if before.own {
		if now, err = t.Now(); err != nil {
			return s, false, err
		}
	}
	began := time.Now()
	info, err := os.Lstat(t.full(path))
	if err != nil {
		return s, false, fmt.Errorf("record: %w", err)
	}
	if !info.Mode().IsRegular() {
		return s, false, &fs.PathError{Op: "record", Path: t.full(path), Err: errors.New("not a regular file")}
	}
	mtime := format.TimeOf(info.ModTime())
	switch {
	case !before.own:
		if before.at.IsZero() || before.mtime != mtime {
			before.mtime, before.at = mtime, time.Now()
		}
		// Where the clock is not known, any mtime may lie in the future.
		return format.Stamp{Time: mtime, Exact: true}, TickOver(mtime, began.Sub(before.at)), nil
	case TickEnd(mtime).Compare(now) <= 0:
		return format.Stamp{Time: mtime}, true, nil
	}
	// The present that was asked for before may just be older than the file.
	if now, err = t.Now(); err != nil {
		return s, false, err
	}
	return format.Stamp{Time: mtime, Exact: true}, ToCome(mtime, now), nil
}
