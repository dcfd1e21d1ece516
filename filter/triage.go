package filter

import (
	"errors"
	"fmt"
	"io/fs"

	"treefilter/store"
	"treefilter/walk"
)

// triage is what is to be done with the files of one batch of paths.
type triage struct {
	expect int          // how many stamps there will be, at most
	ready  []treeStamps // to be written
	fresh  []file       // not settled yet
	unread []file       // settled, but for their content
	late   []file       // left pending by --since
	warns  []error
	fatal  error // nothing can be recorded
}

// treeStamps are stamps for one tree that came one after the other.
type treeStamps struct {
	target  *target
	entries []store.Entry
}

// stat stats the paths of a batch. It runs on several goroutines.
func (r *recorder) stat(_ int, batch walk.Batch) (t triage) {
	paths := batch.Paths
	if batch.Unterminated {
		// A writer that was killed leaves a cut path, which may be the name of
		// a file that nobody has processed.
		last := len(paths) - 1
		t.warns = append(t.warns, &pathError{paths[last], errors.New("not stamped: the last path lacks its delimiter")})
		paths = paths[:last]
	}
	st := r.targets.newStatter()
	defer st.close()
	t.expect = len(paths)
	for _, path := range paths {
		f, err := st.path(path)
		r.sort(&t, f, err)
		st.began = st.ended // one stat follows the other: a reading of the clock serves two
	}
	r.read(&t)
	return t
}

// sort puts what came of the stat of one file where it belongs.
func (r *recorder) sort(t *triage, f file, err error) {
	if w, ok := errors.AsType[*watchError](err); ok {
		if t.fatal = r.targets.giveUp(w.target, w.error); t.fatal == nil {
			t.warns = append(t.warns, &pathError{f.path, w.error})
		}
		return
	}
	switch {
	case r.IgnoreMissing && errors.Is(err, fs.ErrNotExist), err == errPassedOver:
	case err != nil:
		t.warns = append(t.warns, err)
	case r.targets.since.start && !f.target.sets(&f):
		t.warns = append(t.warns, &pathError{f.path, fmt.Errorf("not stamped: %w", errNoClock)})
	case f.target.tooLate(f.mtime()):
		t.late = append(t.late, f)
	case !f.target.settled(&f, f.began):
		t.fresh = append(t.fresh, f)
	default:
		r.settled(t, f)
	}
}

// settled takes a file whose mtime is final.
func (r *recorder) settled(t *triage, f file) {
	if r.opt.Detect == DetectContent && f.digest == nil {
		t.unread = append(t.unread, f)
	} else {
		t.add(f.target, f.entry())
	}
}

// read adds the stamps of settled files whose content is to be recorded, too.
func (r *recorder) read(t *triage) {
	errs := make([]error, len(t.unread))
	r.readers.each(len(t.unread), func(i int) { errs[i] = t.unread[i].read() })
	for i := range t.unread {
		if errs[i] != nil {
			t.warns = append(t.warns, errs[i])
			continue
		}
		t.add(t.unread[i].target, t.unread[i].entry())
	}
	t.unread = nil
}

func (t *triage) add(to *target, e store.Entry) {
	switch n := len(t.ready); {
	case n == 0: // mostly there is one tree, and this run takes all
		t.ready = []treeStamps{{to, make([]store.Entry, 0, t.expect)}}
	case t.ready[n-1].target != to:
		t.ready = append(t.ready, treeStamps{target: to})
	}
	last := &t.ready[len(t.ready)-1]
	last.entries = append(last.entries, e)
}
