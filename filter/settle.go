package filter

import (
	"context"
	"errors"
	"io/fs"
	"time"

	"treefilter/store/state"
	"treefilter/walk"
)

// A file whose mtime lies in its file system's present tick is statted once more
// when the tick is over: an edit within the tick would bear the mtime that the
// stamp records, and be hidden by it (see state.Clock.Settled).

// tickPeriod is how often such files are statted.
const tickPeriod = 10 * time.Millisecond

// again stats files whose tick may be over.
func (s *sorter) again(waiting []file) (t triage, err error) {
	asked := map[*destination]bool{}
	for _, f := range waiting {
		if !asked[f.destination] && f.onClock() {
			asked[f.destination] = true
			if err := f.destination.ask(); err != nil {
				if err := s.destinations.giveUp(f.destination, err); err != nil {
					return t, err
				}
			}
		}
		again := time.Now()
		info, err := walk.Stat(f.path)
		if failed := f.destination.failed.Load(); failed != nil {
			err = &pathError{f.path, *failed}
		}
		switch {
		case s.ignoreMissing && errors.Is(err, fs.ErrNotExist):
		case err != nil:
			t.warns = append(t.warns, err)
		case info != f.info:
			t.warns = append(t.warns, &pathError{f.path, errModified})
		case !f.settled(again):
			t.unsettled = append(t.unsettled, f)
		default:
			f.digest = nil // what was read before its tick was over may have changed
			s.settled(&t, f)
		}
	}
	return t, nil
}

// statSettled stats a file whose command is about to run, and makes sure that its
// tree can be written to: it is asked for its present, in its WAL. Where an edit in
// the file's present tick would not show, it waits until that is over.
func (s *sorter) statSettled(ctx context.Context, st *statter, p filePath, exact bool) (file, error) {
	ready := func(f *file, statted time.Time) bool { return !exact || f.settled(statted) }
	var first file // that was like the last
	for deadline := time.Now().Add(state.SettleWait); ; {
		f, err := st.file(p)
		if f.info != first.info {
			first = f
		}
		// A clock that another job has asked since the stat says nothing of it.
		if err != nil || f.clock != nil && ready(&first, f.began) {
			return f, err
		}
		if err := f.destination.ask(); err != nil {
			if err := s.destinations.giveUp(f.destination, err); err != nil {
				return f, &fatalError{err}
			}
			continue
		}
		if ready(&first, time.Now()) {
			continue // the tick must have been over before the stat
		}
		select {
		case <-time.After(tickPeriod):
		case <-ctx.Done():
			return f, errStopped
		}
		if time.Now().After(deadline) {
			return f, &pathError{f.path, errors.New("not run: it is being modified, or its file system's clock stands still")}
		}
	}
}

// fatalError is about state, and ends the run.
type fatalError struct{ error }

func (e *fatalError) Unwrap() error { return e.error }
