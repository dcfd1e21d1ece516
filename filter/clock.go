package filter

import (
	"sync"
	"sync/atomic"

	"treefilter/store/state"
)

// clock is that of the file system which holds a tree's state.
type clock struct {
	tree *state.Tree
	// own holds for each device whether the clock is its own, too.
	own sync.Map
	// now is the newest known present, nil while it was not asked for: this
	// machine's clock need not be its clock.
	now atomic.Pointer[state.Clock]
}

// ask asks the file system for its present.
func (c *clock) ask() error {
	now, err := c.tree.Clock()
	if err == nil {
		c.now.Store(&now)
	}
	return err
}

// sets reports whether the clock sets the mtime of a file on a device (see
// state.Tree.OwnClock).
func (c *clock) sets(dev uint64, path string) bool {
	if own, known := c.own.Load(dev); known {
		return own.(bool)
	}
	own := c.tree.OwnClock(path)
	c.own.Store(dev, own)
	return own
}
