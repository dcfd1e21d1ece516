package filter

import (
	"sync"
	"sync/atomic"
	"time"

	"treefilter/store"
)

// target is a tree that a commit writes to.
type target struct {
	*store.Tree
	since   store.Time  // files modified at or after it stay pending
	limited bool        // since was given
	dirty   atomic.Bool // holds records that may not be durable

	// clocks holds for each device whether the clock of the tree's state is its
	// own, too.
	clocks sync.Map
	// now is the newest known present of the tree's file system, nil while it
	// was not asked: this machine's clock need not be its clock.
	now     atomic.Pointer[clockReading]
	founded bool // that the tree is new was said
	// watching begins to take notice of what others say, before the first look at
	// a file.
	watching func() error
	// failed is why nothing more is written to the tree, nil while all is well.
	failed atomic.Pointer[error]
}

// clockReading is the present of a file system, asked for and told at two moments
// on this machine's own clock.
type clockReading struct {
	store.Time
	asked, told time.Time
}

// tooLate reports whether a file may have been modified at or after the moment:
// its mtime only says in which tick.
func (t *target) tooLate(mtime store.Time) bool {
	return t.limited && store.TickEnd(mtime).Compare(t.since) > 0
}

// settled reports whether no later write can bear the mtime of a sighting, which
// a look that began at the given moment has shown, or shown again. The tick must
// have been over before the look: a write between the two would go unseen. And an
// mtime lies in the future only where the present was asked for after it was seen:
// one that was asked for earlier may just be older than the file.
func (t *target) settled(s *sighting, looked time.Time) bool {
	if !t.ownClock(s) {
		return store.TickOver(s.mtime(), looked.Sub(s.at))
	}
	now := t.now.Load()
	switch {
	case now == nil:
		return false
	case !looked.Before(now.told) && store.TickEnd(s.mtime()).Compare(now.Time) <= 0:
		return true
	}
	return now.asked.After(s.at) && store.ToCome(s.mtime(), now.Time)
}

// ownClock reports whether the clock of the tree's state sets the mtime of a file
// (see store.Tree.OwnClock).
func (t *target) ownClock(s *sighting) bool {
	if own, known := t.clocks.Load(s.info.Dev); known {
		return own.(bool)
	}
	own := t.OwnClock(s.path)
	t.clocks.Store(s.info.Dev, own)
	return own
}

// future reports whether the settled mtime of a file may lie in the future. Where
// the clock of its file system is not known, any may.
func (t *target) future(s *sighting) bool {
	if !t.ownClock(s) {
		return true
	}
	now := t.now.Load()
	return now == nil || s.mtime().Compare(now.Time) > 0
}

// unasked reports whether the present of the file system would decide about a
// file, and is not known.
func (t *target) unasked(s *sighting) bool { return t.now.Load() == nil && t.ownClock(s) }

// refresh asks the file system for its present.
func (t *target) refresh() error {
	asked := time.Now()
	now, err := t.Now()
	if err == nil {
		t.now.Store(&clockReading{now, asked, time.Now()})
	}
	return err
}

// drop forgets the stamps of files. Only what is there can be synced: a sync of
// another goroutine must not take the mark before the records are written.
func (t *target) drop(paths ...string) error {
	_, err := t.Drop(paths, func(string) bool { return true })
	t.dirty.Store(true)
	return err
}

// targets are the trees that a commit has met, each judged once.
type targets struct {
	mu     sync.Mutex
	byTree map[*store.Tree]*verdict
	list   []*target
}

type verdict struct {
	target *target
	err    error
}

func (ts *targets) all() []*target {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	return ts.list
}

// target returns a tree as one to write to, or why it must not be.
func (r *commitRun) target(t *store.Tree) (*target, error) {
	ts := &r.targets
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if v := ts.byTree[t]; v != nil {
		return v.target, v.err
	}
	v := &verdict{}
	v.target, v.err = r.newTarget(t)
	if ts.byTree == nil {
		ts.byTree = map[*store.Tree]*verdict{}
	}
	ts.byTree[t] = v
	if v.err == nil {
		ts.list = append(ts.list, v.target)
	}
	return v.target, v.err
}

func (r *commitRun) newTarget(tree *store.Tree) (*target, error) {
	if err := tree.Writable(); err != nil {
		return nil, err
	}
	stored, any := tree.Stored()
	if any && !stored.Empty() && tree.Config().Empty() && !r.ConfigGiven && !r.NoCheckConfig {
		return nil, &pathError{tree.Root(), ErrConfigNotGiven}
	}
	r.report.problems(tree)
	t := &target{Tree: tree, limited: r.since.given, watching: sync.OnceValue(tree.Watch)}
	if r.since.given {
		var err error
		if t.since, err = r.since.in(tree); err != nil {
			return nil, err
		}
	}
	if r.since.start {
		if err := olderThan(t.since, r.filesOnClockOf(tree)); err != nil {
			return nil, err
		}
	}
	return t, nil
}
