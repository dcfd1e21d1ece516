package state

import (
	"errors"
	"fmt"
	"io/fs"
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

// OwnClock reports whether Now is the clock that sets the mtime of a file, or of
// those in a directory. Where it is not (the state lies elsewhere, or a file
// server is mounted in the tree) it proves nothing: the two clocks may
// differ by seconds or years. Only TickOver holds then.
func (t *Tree) OwnClock(path string) bool {
	state := t.opt.fsys.Volume(t.stateDir())
	if state.Dev == 0 && t.names.Base == "" {
		return true // this system does not say; nearly always so
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
	own, err := t.ownSegment()
	if err != nil {
		return format.Time{}, err
	}
	if own {
		return t.seg.Now()
	}
	return t.app.Now()
}

// Clock is a reading of the clock that Tree.Now asks: the present on it, and when it
// was asked for and answered on this machine's own.
type Clock struct {
	Now             format.Time
	Asked, Answered time.Time
}

// Clock reads that clock.
func (t *Tree) Clock() (c Clock, err error) {
	c.Asked = time.Now()
	c.Now, err = t.Now()
	c.Answered = time.Now()
	return c, err
}

// Settled reports whether no later write can bear an mtime that the clock has set
// (see Tree.OwnClock): one that was first seen, by a stat that was over, at the moment
// seen, and was shown again, or just then, by a stat that began at the moment statted.
//
// The tick must have been over before that stat: a write between the two would go
// unseen. And an mtime lies in the future only where the present was asked for after
// it was seen: one that was asked for earlier may just be older than the file.
func (c *Clock) Settled(mtime format.Time, seen, statted time.Time) bool {
	if !statted.Before(c.Answered) && TickEnd(mtime).Compare(c.Now) <= 0 {
		return true
	}
	return c.Asked.After(seen) && toCome(mtime, c.Now)
}

// toCome reports whether an mtime lies so far in the future that no write can bear
// it any more, now being the present on the file system's own clock,
// asked for after the mtime was seen. Until the clock reaches it a write bears an
// earlier one, and then it would have to come at the very nanosecond. Only where
// the clock itself shows whole seconds could one, so there a file waits until its
// tick is over, unless that is too far off to be waited for.
func toCome(mtime, now format.Time) bool {
	if now.Nsec != 0 {
		return mtime.Compare(now.Add(fineTick)) > 0
	}
	return TickEnd(mtime).Compare(now.Add(int64(SettleWait))) > 0
}

// errUnsettled is a file that is modified again and again.
var errUnsettled = errors.New("modified while it was recorded")

// settling is a file whose stamp is to be made once its tick is over.
type settling struct {
	path string
	own  bool        // see OwnClock
	last format.Time // the mtime that was shown last,
	seen time.Time   // and when it was, first
}

// settle returns the stamps of files, in their order, each statted once more after
// its tick. They wait together.
func (t *Tree) settle(paths []string) ([]format.Stamp, error) {
	stamps := make([]format.Stamp, len(paths))
	waiting := map[int]*settling{}
	for i, path := range paths {
		waiting[i] = &settling{path: t.full(path), own: t.OwnClock(t.full(path))}
	}
	deadline := time.Now().Add(SettleWait)
	for pause := time.Millisecond; ; pause *= 2 {
		for i, f := range waiting {
			s, settled, err := t.stat(f)
			switch {
			case err != nil:
				return nil, fmt.Errorf("record: %w", err)
			case settled:
				stamps[i] = s
				delete(waiting, i)
			case time.Now().After(deadline):
				return nil, &fs.PathError{Op: "record", Path: f.path, Err: errUnsettled}
			}
		}
		if len(waiting) == 0 {
			return stamps, nil
		}
		time.Sleep(pause)
	}
}

// stat returns the stamp that a file would get now, and whether no later write can
// bear its mtime.
func (t *Tree) stat(f *settling) (s format.Stamp, settled bool, err error) {
	var clock Clock
	if f.own {
		if clock, err = t.Clock(); err != nil {
			return s, false, err
		}
	}
	statted := time.Now()
	mtime, err := Mtime(f.path)
	if err != nil {
		return s, false, err
	}
	if f.seen.IsZero() || mtime != f.last {
		f.last, f.seen = mtime, time.Now()
	}
	if !f.own {
		// Where the clock is not known, any mtime may lie in the future.
		return format.Stamp{Time: mtime, Exact: true}, TickOver(mtime, statted.Sub(f.seen)), nil
	}
	s = format.Stamp{Time: mtime, Exact: mtime.Compare(clock.Now) > 0}
	return s, clock.Settled(mtime, f.seen, statted), nil
}

// Mtime returns the mtime of a regular file; what else there may be is an error.
func Mtime(path string) (format.Time, error) {
	info, err := disk.OS{}.Lstat(path)
	if err != nil {
		return format.Time{}, err
	}
	if !info.Mode.IsRegular() {
		return format.Time{}, &fs.PathError{Op: "lstat", Path: path, Err: errors.New("not a regular file")}
	}
	return info.Mtime, nil
}
