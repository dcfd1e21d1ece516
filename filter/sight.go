package filter

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"treefilter/store"
	"treefilter/walk"
)

// sighting is a file as one look found it.
type sighting struct {
	target *target
	path   string // as given
	rel    string
	info   walk.Info
	// When the look at it began, and when it was over.
	began, at time.Time
	since     uint64 // the tree's epoch before the look
	// Its content: as read, and as it must be found, nil where that is open.
	digest, want *store.Digest
}

func (s *sighting) mtime() store.Time { return store.Time{Sec: s.info.Sec, Nsec: s.info.Nsec} }

func (s *sighting) entry() store.Entry {
	stamp := store.Stamp{Time: s.mtime(), Target: s.linked(), Exact: s.target.future(s), Digest: s.digest}
	return store.Entry{Path: s.rel, Stamp: stamp, Since: s.since}
}

// linked is the mtime of what a link leads to, where the link is younger.
func (s *sighting) linked() store.Time {
	return targetTime(s.mtime(), s.info.TargetSec, s.info.TargetNsec)
}

// read reads the content of a settled file. It is that of the mtime, which no
// later write can bear, when the file is the same before and after.
func (s *sighting) read() error {
	d, err := digestOf(context.Background(), s.path, &s.info)
	if err != nil {
		return err
	}
	info, err := walk.Stat(s.path)
	switch {
	case err != nil:
		return err
	case info != s.info, s.want != nil && *s.want != d:
		return &pathError{s.path, errModified}
	}
	s.digest = &d
	return nil
}

// errPassedOver is a path on stdin that is never stamped, just as it is never
// emitted: find may stand in front of a commit, too.
var errPassedOver = errors.New("passed over")

// spot is where the stamps of one directory's files go. Paths come in runs of
// one directory, and to ask the grove for each would take as long as the lstat.
type spot struct {
	look   walk.Looker
	began  time.Time // when the next look begins, at the latest; zero is unknown
	ended  time.Time // when the last one was over
	given  string    // the directory as the paths spell it
	target *target
	below  string // the directory relative to the tree
	dev    uint64 // of the file looked at last
	err    error
}

// sight looks at one file.
func (r *commitRun) sight(at *spot, path string) (s sighting, err error) {
	began := at.began
	if began.IsZero() {
		began = time.Now()
	}
	var since uint64
	if at.target != nil {
		since = at.target.Epoch()
	}
	info, err := at.look.Stat(path)
	at.ended = time.Now()
	if err != nil {
		return s, err
	}
	if !info.Regular {
		return s, &pathError{path, errNotRegular}
	}
	given, name := splitGiven(path)
	if store.IsStateName(name) || walk.SillyRenamed(name) {
		return s, errPassedOver
	}
	if given != at.given || at.target == nil {
		before := at.target
		r.find(at, given, path)
		if at.err == nil && at.target != before {
			// Only from now on is it known what others say.
			return r.sight(at, path)
		}
	}
	err = at.err
	if err == nil && at.target.failed.Load() != nil {
		err = *at.target.failed.Load()
	}
	if _, fatal := err.(*watchError); fatal {
		return s, err
	}
	if err != nil {
		return s, &pathError{path, err}
	}
	if info.Dev != at.dev {
		r.grove.WorkOn(info.Dev, cmp.Or(given, "."))
		at.dev = info.Dev
	}
	rel := at.relative(given, path)
	return sighting{target: at.target, path: path, rel: rel, info: info, began: began, at: at.ended, since: since}, nil
}

// relative returns a path relative to its tree. Mostly it is how the path ends, and
// takes no memory of its own.
func (at *spot) relative(given, path string) string {
	path = filepath.ToSlash(path)
	if strings.HasSuffix(given, at.below) {
		return path[len(given)-len(at.below):]
	}
	return at.below + path[len(given):]
}

// splitGiven cuts a path, as it is spelled, after its last slash.
func splitGiven(path string) (dir, name string) {
	path = filepath.ToSlash(path)
	i := strings.LastIndexByte(path, '/') + 1
	return path[:i], path[i:]
}

// find asks the grove where the files of a directory belong.
func (r *commitRun) find(at *spot, given, path string) {
	at.given, at.target = given, nil
	dir, _, err := r.grove.Locate(path)
	if at.err = err; err != nil {
		return
	}
	if at.err = r.lost.refuse(dir); at.err != nil {
		return
	}
	if !r.grove.Covers(dir) {
		at.err = fmt.Errorf("%w: outside every root", store.ErrNoTree)
		return
	}
	tree, err := r.grove.TreeOf(dir, at.look.Beside)
	if at.err = err; err != nil {
		return
	}
	if at.below = tree.Below(dir); at.below != "" {
		at.below += "/"
	}
	if at.target, at.err = r.target(tree); at.err == nil {
		if err := at.target.watching(); err != nil {
			at.err = &watchError{err, at.target}
		}
	}
}

// watchError is a tree that cannot be written to.
type watchError struct {
	error
	target *target
}

func (e *watchError) Unwrap() error { return e.error }
