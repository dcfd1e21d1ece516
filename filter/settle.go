package filter

import (
	"errors"
	"io/fs"
	"time"

	"treefilter/store"
	"treefilter/walk"
)

// A file whose mtime lies in its file system's present tick is looked at once
// more when the tick is over: an edit within the tick would bear the mtime
// that the stamp records, and be hidden by it (see store.Settled).

// tickPeriod is how often such files are looked at.
const tickPeriod = 10 * time.Millisecond

var errModified = errors.New("not stamped: modified while it was committed")

// settle records the files whose tick is over.
func (r *commitRun) settle() error {
	if len(r.fresh) == 0 {
		return nil
	}
	waiting := r.fresh
	r.fresh = nil
	asked := map[*target]bool{}
	var l looked
	for _, s := range waiting {
		if !asked[s.target] && s.target.ownClock(&s) {
			asked[s.target] = true
			if err := s.target.refresh(); err != nil {
				if err := r.giveUp(s.target, err); err != nil {
					return err
				}
			}
		}
		again := time.Now()
		info, err := walk.Stat(s.path)
		if failed := s.target.failed.Load(); failed != nil {
			err = &pathError{s.path, *failed}
		}
		switch {
		case r.IgnoreMissing && errors.Is(err, fs.ErrNotExist):
		case err != nil:
			l.warns = append(l.warns, err)
		case info != s.info:
			l.warns = append(l.warns, &pathError{s.path, errModified})
		case !s.target.settled(&s, again):
			l.fresh = append(l.fresh, s)
		default:
			s.digest = nil // what was read before its tick was over may have changed
			r.settled(&l, s)
		}
	}
	return r.record(l)
}

// settleAll waits until no file is left to be looked at again.
func (r *commitRun) settleAll() error {
	for deadline := time.Now().Add(store.SettleWait); len(r.fresh) > 0; time.Sleep(tickPeriod) {
		if err := r.settle(); err != nil {
			return err
		}
		if len(r.fresh) > 0 && time.Now().After(deadline) {
			for _, s := range r.fresh {
				r.report.warn(&pathError{s.path, errors.New("not stamped: its file system's clock stands still")})
			}
			return nil
		}
	}
	return nil
}
