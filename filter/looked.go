package filter

import (
	"errors"
	"fmt"
	"io/fs"

	"treefilter/store"
	"treefilter/walk"
)

// looked is what became of one batch of paths.
type looked struct {
	expect int // how many stamps there will be, at most
	runs   []entryRun
	fresh  []sighting // not settled yet
	unread []sighting // settled, but for their content
	late   []sighting // left pending by --since
	warns  []error
	fatal  error // nothing can be recorded
}

// look stats the paths of a batch. It runs on several goroutines.
func (r *commitRun) look(_ int, batch walk.Batch) (l looked) {
	paths := batch.Paths
	if batch.Unterminated {
		// A writer that was killed leaves a cut path, which may be the name of
		// a file that nobody has processed.
		last := len(paths) - 1
		l.warns = append(l.warns, &pathError{paths[last], errors.New("not stamped: the last path lacks its delimiter")})
		paths = paths[:last]
	}
	var at spot
	defer at.look.Close()
	l.expect = len(paths)
	for _, path := range paths {
		s, err := r.sight(&at, path)
		r.sort(&l, s, err)
		at.began = at.ended // one look follows the other: a reading of the clock serves two
	}
	r.read(&l)
	return l
}

// sort puts what came of the look at one file where it belongs.
func (r *commitRun) sort(l *looked, s sighting, err error) {
	switch {
	case r.IgnoreMissing && errors.Is(err, fs.ErrNotExist), err == errPassedOver:
	case isWatchError(err):
		w, _ := errors.AsType[*watchError](err)
		if fatal := r.giveUp(w.target, w.error); fatal != nil {
			l.fatal = fatal
		} else {
			l.warns = append(l.warns, &pathError{s.path, w.error})
		}
	case err != nil:
		l.warns = append(l.warns, err)
	case r.since.start && !s.target.ownClock(&s):
		l.warns = append(l.warns, &pathError{s.path, fmt.Errorf("not stamped: %w", errNoClock)})
	case s.target.tooLate(s.mtime()):
		l.late = append(l.late, s)
	case !s.target.settled(&s, s.began):
		l.fresh = append(l.fresh, s)
	default:
		r.settled(l, s)
	}
}

func isWatchError(err error) bool {
	_, ok := errors.AsType[*watchError](err)
	return ok
}

// settled takes a file whose mtime is final.
func (r *commitRun) settled(l *looked, s sighting) {
	if r.Detect == DetectContent && s.digest == nil {
		l.unread = append(l.unread, s)
	} else {
		l.add(s.target, s.entry())
	}
}

// read adds the stamps of settled files whose content is to be recorded, too.
func (r *commitRun) read(l *looked) {
	errs := make([]error, len(l.unread))
	r.readers.each(len(l.unread), func(i int) { errs[i] = l.unread[i].read() })
	for i := range l.unread {
		if errs[i] != nil {
			l.warns = append(l.warns, errs[i])
			continue
		}
		l.add(l.unread[i].target, l.unread[i].entry())
	}
	l.unread = nil
}

func (l *looked) add(t *target, e store.Entry) {
	switch n := len(l.runs); {
	case n == 0: // mostly there is one tree, and this run takes all
		l.runs = []entryRun{{t, make([]store.Entry, 0, l.expect)}}
	case l.runs[n-1].target != t:
		l.runs = append(l.runs, entryRun{target: t})
	}
	run := &l.runs[len(l.runs)-1]
	run.entries = append(run.entries, e)
}
