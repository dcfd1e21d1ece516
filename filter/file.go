package filter

import (
	"cmp"
	"context"
	"errors"
	"path/filepath"
	"strings"
	"time"

	"treefilter/store/state"
	"treefilter/walk"
)

// file is a file as one stat found it, that may get a stamp.
type file struct {
	destination *destination
	path        string // as given
	rel         string // to its tree
	info        walk.Info
	// When the stat began, and when it was over.
	began, seen time.Time
	clock       *state.Clock // what the tree's clock showed before that, nil for unknown
	since       uint64       // the tree's epoch before the stat
	// Its content: as read, and as it must be found, nil where that is open.
	digest, want *state.Digest
	// failure is what is remembered of earlier runs that its command failed in.
	failure *state.Failure
}

func (f *file) mtime() state.Time { return state.Time{Sec: f.info.Sec, Nsec: f.info.Nsec} }

func (f *file) entry() state.Entry {
	stamp := state.Stamp{Time: f.mtime(), Target: f.linked(), Exact: f.future(), Digest: f.digest}
	return state.Entry{Path: f.rel, Stamp: stamp, Since: f.since}
}

// linked is the mtime of what a link leads to, where the link is younger.
func (f *file) linked() state.Time {
	return targetTime(f.mtime(), f.info.TargetSec, f.info.TargetNsec)
}

// targetTime is a link target's mtime, zero where that is the mtime itself: where
// the file is no link, or the link is the older one.
func targetTime(mtime state.Time, sec int64, nsec int32) state.Time {
	if target := (state.Time{Sec: sec, Nsec: nsec}); target != mtime {
		return target
	}
	return state.Time{}
}

// onClock reports whether the clock of the tree has set the file's mtime.
func (f *file) onClock() bool { return f.destination.sets(f.info.Dev, f.path) }

// settled reports whether no later write can bear the file's mtime, which a stat that
// began at the given moment has shown, or shown again.
func (f *file) settled(statted time.Time) bool {
	if !f.onClock() {
		return state.TickOver(f.mtime(), statted.Sub(f.seen))
	}
	now := f.destination.now.Load()
	return now != nil && now.Settled(f.mtime(), f.seen, statted)
}

// settledAtStat is settled at the file's own stat, by what the clock showed before it,
// too: another job may have asked the clock since, and a later answer proves nothing.
func (f *file) settledAtStat() bool {
	return f.clock != nil && f.onClock() && f.clock.Settled(f.mtime(), f.seen, f.began) || f.settled(f.began)
}

// future reports whether the settled mtime may lie in the future. Where the clock of
// its file system is not known, any may.
func (f *file) future() bool {
	if !f.onClock() {
		return true
	}
	now := f.destination.now.Load()
	return now == nil || f.mtime().Compare(now.Now) > 0
}

// unasked reports whether the present of the file system would decide about the file,
// and is not known.
func (f *file) unasked() bool { return f.destination.now.Load() == nil && f.onClock() }

// read reads the content of a settled file. It is that of the mtime, which no
// later write can bear, when the file is the same before and after.
func (f *file) read(m *walk.Meter) error {
	d, err := digestOf(context.Background(), m, f.path, &f.info)
	if err != nil {
		return err
	}
	info, err := walk.Stat(f.path)
	switch {
	case err != nil:
		return err
	case info != f.info, f.want != nil && *f.want != d:
		return &pathError{f.path, errModified}
	}
	f.digest = &d
	return nil
}

// errPassedOver is a path on stdin that is never stamped, just as it is never
// emitted: find may stand in front of a commit, too.
var errPassedOver = errors.New("passed over")

// statter stats files that may get a stamp. Paths come in runs of one directory, and
// to ask the grove for the tree of each would take as long as the stat. For one
// goroutine.
type statter struct {
	destinations *destinations
	sys          walk.Statter
	began        time.Time // when the next stat begins, at the latest; zero is unknown
	ended        time.Time // when the last one was over
	given        string    // the directory as the paths spell it
	destination  *destination
	below        string // the directory relative to the tree, with a slash after it
	dev          uint64 // of the file before
	err          error
}

func (ts *destinations) newStatter() *statter { return &statter{destinations: ts} }

func (s *statter) close() { s.sys.Close() }

// file stats a file whose tree is known.
func (s *statter) file(p filePath) (file, error) {
	path := p.path()
	if given, _ := splitGiven(path); given != s.given || s.destination == nil || s.destination.Tree != p.tree {
		s.given, s.destination = given, nil
		if s.err = nil; p.root.real != "" {
			s.err = s.destinations.refuse(p.dir())
		}
		if s.err = cmp.Or(s.err, p.err); s.err == nil {
			s.enter(p.dir(), p.tree)
		}
		if s.err != nil {
			return file{path: path}, s.failed(path, s.err)
		}
	}
	return s.path(path)
}

// path stats a file.
func (s *statter) path(path string) (f file, err error) {
	f.path = path
	var clock *state.Clock
	var since uint64
	if s.destination != nil {
		clock, since = s.destination.now.Load(), s.destination.Epoch()
	}
	began := s.began
	if began.IsZero() {
		began = time.Now()
	}
	info, err := s.sys.Stat(path)
	s.ended = time.Now()
	if err != nil {
		return f, err
	}
	if !info.Regular {
		return f, &pathError{path, errNotRegular}
	}
	given, name := splitGiven(path)
	if state.IsStateName(name) || walk.SillyRenamed(name) {
		return f, errPassedOver
	}
	if given != s.given || s.destination == nil {
		before := s.destination
		s.locate(given, path)
		if s.err == nil && s.destination != before {
			// What other runs write to this tree is known only since locate opened
			// it, so the stat from before proves nothing.
			return s.path(path)
		}
	}
	err = s.err
	if err == nil && s.destination.failed.Load() != nil {
		err = *s.destination.failed.Load()
	}
	if err != nil {
		return f, s.failed(path, err)
	}
	if info.Dev != s.dev {
		s.destinations.grove.WorkOn(info.Dev, cmp.Or(given, "."))
		s.dev = info.Dev
	}
	return file{destination: s.destination, path: path, rel: s.relative(path), info: info, began: began, seen: s.ended, clock: clock, since: since}, nil
}

// failed names the path in an error, unless that is about a whole tree.
func (s *statter) failed(path string, err error) error {
	if _, tree := err.(*watchError); tree {
		return err
	}
	return &pathError{path, err}
}

// relative returns a path relative to its tree. Mostly it is how the path ends, and
// takes no memory of its own.
func (s *statter) relative(path string) string {
	path = filepath.ToSlash(path)
	if strings.HasSuffix(s.given, s.below) {
		return path[len(s.given)-len(s.below):]
	}
	return s.below + path[len(s.given):]
}

// locate asks the grove where the files of a directory belong.
func (s *statter) locate(given, path string) {
	s.given, s.destination = given, nil
	grove := s.destinations.grove
	dir, _, err := grove.Locate(path)
	if s.err = err; err != nil {
		return
	}
	if s.err = s.destinations.refuse(dir); s.err != nil {
		return
	}
	tree, err := grove.TreeOf(dir, s.sys.Beside)
	if s.err = err; err == nil {
		s.enter(dir, tree)
	}
}

// enter makes an absolute directory of a tree the one whose files are statted.
func (s *statter) enter(dir string, tree *state.Tree) {
	if s.below = tree.Below(dir); s.below != "" {
		s.below += "/"
	}
	if s.destination, s.err = s.destinations.of(tree); s.err == nil {
		if err := s.destination.watching(); err != nil {
			s.err = &watchError{err, s.destination}
		}
	}
}

// watchError is a tree that cannot be written to.
type watchError struct {
	error
	destination *destination
}

func (e *watchError) Unwrap() error { return e.error }
