package filter

import (
	"errors"
	"fmt"
	"sync"

	"treefilter/store"
	"treefilter/walk"
)

// refresher gives files whose content is the recorded one a stamp of their
// present mtime, so that they are not read the next time. That it fails is worth
// a warning: nothing is skipped for it.
type refresher struct {
	mu  sync.Mutex
	run *commitRun
	err error // why it has stopped
}

// newRefresher returns a refresher for the trees of a grove of its own: it
// writes to trees that the filter may be done with.
func (f *Filter) newRefresher(g *store.Grove, report *reporter) *refresher {
	return &refresher{run: (&Commit{Options: f.Options, Dump: f.dump}).newRun(g, report)}
}

// lookBefore is how a file was before its content was read.
type lookBefore struct {
	sighting
	settled bool
}

// look looks at a file that is about to be read, nil where it will not be
// recorded. What is read then is the content of its mtime only when its tick was
// over before.
func (r *refresher) look(path string) *lookBefore {
	var at spot
	defer at.look.Close()
	s, err := r.run.sight(&at, path)
	if at.err != nil {
		r.run.report.once(fmt.Errorf("not refreshed: %w", at.err), r.run.Warn)
	}
	if err != nil {
		return nil
	}
	if s.target.unasked(&s) {
		r.mu.Lock()
		err = s.target.refresh()
		r.mu.Unlock()
	}
	return &lookBefore{s, err == nil && s.target.settled(&s, s.began)}
}

// stamp records those of the files that were read and found the same.
func (r *refresher) stamp(read []*finding) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var l looked
	for _, f := range read {
		if f.Reason != ContentSame || f.before == nil || r.err != nil {
			continue
		}
		s := f.before.sighting
		if info, err := walk.Stat(s.path); err != nil || info != s.info {
			continue // modified meanwhile: judged anew the next time
		}
		var current bool
		if current, r.err = r.isCurrent(&s, f); !current {
			continue
		}
		s.want = f.recorded
		if f.before.settled {
			s.digest = f.recorded
			r.run.settled(&l, s)
		} else {
			l.fresh = append(l.fresh, s)
		}
	}
	if r.err == nil {
		r.err = r.run.record(l)
	}
}

// isCurrent reports whether the stamp that a file was judged by is still its own.
// Else somebody has processed it in between, perhaps with another content.
func (r *refresher) isCurrent(s *sighting, f *finding) (bool, error) {
	standing, stamp, since, err := s.target.Standing(s.rel)
	s.since = since
	same := standing == store.Stamped && stamp.Time == f.Stamp.Time && stamp.Digest != nil && *stamp.Digest == *f.recorded
	return err == nil && same, err
}

// close makes everything durable.
func (r *refresher) close() {
	if err := errors.Join(r.err, r.run.finish(r.err), r.run.grove.Close()); err != nil {
		r.run.report.warn(fmt.Errorf("not refreshed: %w", err))
	}
}
