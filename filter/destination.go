package filter

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"treefilter/store/state"
)

// destination is a tree that stamps are written to.
type destination struct {
	*state.Tree
	clock
	since   state.Time  // files modified at or after it stay pending
	limited bool        // since was given
	dirty   atomic.Bool // holds records that may not be durable
	founded bool        // that the tree is new was said
	// watching begins to take notice of what others say, before the first stat of
	// a file.
	watching func() error
	// failed is why nothing more is written to the tree, nil while all is well.
	failed atomic.Pointer[error]
}

// tooLate reports whether a file may have been modified at or after the moment:
// its mtime only says in which tick.
func (t *destination) tooLate(mtime state.Time) bool {
	return t.limited && state.TickEnd(mtime).Compare(t.since) > 0
}

// drop forgets the stamps of files. Only what is there can be synced: a sync of
// another goroutine must not take the mark before the records are written.
func (t *destination) drop(paths ...string) error {
	_, err := t.Drop(paths, func(string) bool { return true })
	t.dirty.Store(true)
	return err
}

// fail drops the stamp of a file that the command has failed on, and remembers that,
// unless the failure is nil.
func (t *destination) fail(path string, f *state.Failure) error {
	if f == nil {
		return t.drop(path)
	}
	err := t.Fail(path, *f)
	t.dirty.Store(true)
	return err
}

// destinations are the trees of a run that stamps may be written to, each examined once.
type destinations struct {
	opt    *Options
	roots  []root
	lost   lostRoots
	grove  *state.Grove
	report *reporter
	since  since

	mu     sync.Mutex
	byTree map[*state.Tree]*examined
	list   []*destination
}

type examined struct {
	destination *destination
	err         error
}

// refuse returns an error for an absolute directory whose files get no stamp.
func (ts *destinations) refuse(dir string) error {
	if err := ts.lost.refuse(dir); err != nil {
		return err
	}
	if !ts.grove.Covers(dir) {
		return fmt.Errorf("%w: outside every root", state.ErrNoTree)
	}
	return nil
}

// byNow returns a location with the tree that its files belong to by now: another run
// may have begun one since it was found, and its stamps are in force.
func (ts *destinations) byNow(at *location) *location {
	if at.tree == nil {
		return at
	}
	tree := ts.grove.Nearest(at.tree, at.dir())
	if tree == at.tree {
		return at
	}
	return &location{root: at.root, rel: at.rel, tree: tree}
}

func (ts *destinations) newOutputNamer() *outputNamer {
	return newOutputNamer(ts.opt, ts.roots, ts.report)
}

func (ts *destinations) all() []*destination {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	return ts.list
}

// of returns a tree as one to write to, or why it must not be.
func (ts *destinations) of(t *state.Tree) (*destination, error) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if e := ts.byTree[t]; e != nil {
		return e.destination, e.err
	}
	e := &examined{}
	e.destination, e.err = ts.examine(t)
	if ts.byTree == nil {
		ts.byTree = map[*state.Tree]*examined{}
	}
	ts.byTree[t] = e
	if e.err == nil {
		ts.list = append(ts.list, e.destination)
	}
	return e.destination, e.err
}

func (ts *destinations) examine(tree *state.Tree) (*destination, error) {
	if err := tree.Writable(); err != nil {
		return nil, err
	}
	stored, any := tree.Stored()
	if any && !stored.Empty() && tree.Config().Empty() && !ts.opt.ConfigGiven && !ts.opt.NoCheckConfig && !tree.Same(stored) {
		return nil, &pathError{tree.Root(), &ConfigNotGivenError{AsGiven(stored, tree.Root())}}
	}
	ts.report.problems(tree)
	if ts.report.about == allNews {
		ts.report.elsewhere(tree)
	}
	t := &destination{Tree: tree, clock: clock{tree: tree}, limited: ts.since.given, watching: sync.OnceValue(tree.Watch)}
	if ts.since.given {
		var err error
		if t.since, err = ts.since.in(tree); err != nil {
			return nil, err
		}
	}
	if ts.since.start {
		if err := olderThan(t.since, filesOnClockOf(tree, ts.opt.ConfigFiles)); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// giveUp makes a nested tree that cannot be written to cost its own files
// alone. A root that cannot be ends the run.
func (ts *destinations) giveUp(t *destination, err error) error {
	if roots := ts.grove.Roots(); len(roots) == 0 || slices.Contains(roots, t.Tree) {
		return err
	}
	if t.failed.CompareAndSwap(nil, &err) {
		ts.report.warn(err)
	}
	return nil
}

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
