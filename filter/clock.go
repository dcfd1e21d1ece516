package filter

import (
	"sync"
	"sync/atomic"
	"time"

	"treefilter/store"
)

// clock is that of the file system which holds a tree's state.
type clock struct {
	tree *store.Tree
	// own holds for each device whether the clock is its own, too.
	own sync.Map
	// now is the newest known present, nil while it was not asked for: this
	// machine's clock need not be its clock.
	now atomic.Pointer[clockReading]
}

// clockReading is the present of a file system, asked for and answered at two moments
// on this machine's own clock.
type clockReading struct {
	store.Time
	asked, answered time.Time
}

// ask asks the file system for its present.
func (c *clock) ask() error {
	asked := time.Now()
	now, err := c.tree.Now()
	if err == nil {
		c.now.Store(&clockReading{now, asked, time.Now()})
	}
	return err
}

// sets reports whether the clock sets the mtime of a file (see store.Tree.OwnClock).
func (c *clock) sets(f *file) bool {
	if own, known := c.own.Load(f.info.Dev); known {
		return own.(bool)
	}
	own := c.tree.OwnClock(f.path)
	c.own.Store(f.info.Dev, own)
	return own
}

// settled reports whether no later write can bear the mtime of a file, which a stat
// that began at the given moment has shown, or shown again. The tick must have been
// over before that stat: a write between the two would go unseen. And an mtime lies
// in the future only where the present was asked for after it was seen: one that was
// asked for earlier may just be older than the file.
func (c *clock) settled(f *file, statted time.Time) bool {
	if !c.sets(f) {
		return store.TickOver(f.mtime(), statted.Sub(f.seen))
	}
	now := c.now.Load()
	switch {
	case now == nil:
		return false
	case !statted.Before(now.answered) && store.TickEnd(f.mtime()).Compare(now.Time) <= 0:
		return true
	}
	return now.asked.After(f.seen) && store.ToCome(f.mtime(), now.Time)
}

// future reports whether the settled mtime of a file may lie in the future. Where
// the clock of its file system is not known, any may.
func (c *clock) future(f *file) bool {
	if !c.sets(f) {
		return true
	}
	now := c.now.Load()
	return now == nil || f.mtime().Compare(now.Time) > 0
}

// unasked reports whether the present of the file system would decide about a
// file, and is not known.
func (c *clock) unasked(f *file) bool { return c.now.Load() == nil && c.sets(f) }
