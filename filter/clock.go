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
	now atomic.Pointer[store.Clock]
}

// ask asks the file system for its present.
func (c *clock) ask() error {
	now, err := c.tree.Clock()
	if err == nil {
		c.now.Store(&now)
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
// that began at the given moment has shown, or shown again.
func (c *clock) settled(f *file, statted time.Time) bool {
	if !c.sets(f) {
		return store.TickOver(f.mtime(), statted.Sub(f.seen))
	}
	now := c.now.Load()
	return now != nil && now.Settled(f.mtime(), f.seen, statted)
}

// future reports whether the settled mtime of a file may lie in the future. Where
// the clock of its file system is not known, any may.
func (c *clock) future(f *file) bool {
	if !c.sets(f) {
		return true
	}
	now := c.now.Load()
	return now == nil || f.mtime().Compare(now.Now) > 0
}

// unasked reports whether the present of the file system would decide about a
// file, and is not known.
func (c *clock) unasked(f *file) bool { return c.now.Load() == nil && c.sets(f) }
