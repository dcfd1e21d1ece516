package filter

import (
	"errors"
	"fmt"
	"sync"

	"treefilter/store"
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
	return &refresher{run: &commitRun{Commit: &Commit{Options: f.Options}, grove: g, report: report, readers: newReaders()}}
}

// stamp records those of the files that were read and found the same.
func (r *refresher) stamp(read []*finding) {
	var l looked
	var at spot
	for _, f := range read {
		if f.Reason != ContentSame {
			continue
		}
		s, err := r.run.sight(&at, f.path())
		if at.err != nil {
			r.run.report.once(fmt.Errorf("not refreshed: %w", at.err), r.run.Warn)
			continue
		}
		if err != nil || s.info != f.info {
			continue // modified meanwhile: judged anew the next time
		}
		s.digest, s.want = f.recorded, f.recorded
		r.run.sort(&l, s, nil)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = r.run.record(l)
	}
}

// close makes everything durable.
func (r *refresher) close() {
	if err := errors.Join(r.err, r.run.finish(r.err), r.run.grove.Close()); err != nil {
		r.run.report.warn(fmt.Errorf("not refreshed: %w", err))
	}
}
