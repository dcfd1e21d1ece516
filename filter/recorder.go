package filter

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"time"

	"treefilter/store/state"
)

// recorder records the stamps of processed files. But for its sorter it is for one
// goroutine.
type recorder struct {
	*sorter
	writer
	opt          *Options
	destinations *destinations
	report       *reporter
	unsettled    []file // not settled yet
	// workBegan is when the work began at the latest, where it may have before setting
	// files were read; zero is after that.
	workBegan state.Time
	late      int // left pending by --since
}

// newRecorder returns a recorder for the trees of a grove.
func newRecorder(opt *Options, how Recording, g *state.Grove, report *reporter) *recorder {
	ts := &destinations{opt: opt, grove: g, report: report}
	return &recorder{
		sorter:       &sorter{ts, opt.Detect, how.IgnoreMissing, newReaders(opt.Threads)},
		writer:       writer{how: how, opt: opt, destinations: ts, report: report, backing: backing{sync: g.SyncWork}},
		opt:          opt,
		destinations: ts,
		report:       report,
	}
}

// openRecorder opens the trees of the roots, unless one of them must not be written
// to. The caller closes the recorder.
func openRecorder(opt *Options, how Recording) (*recorder, error) {
	roots, lost, err := parseRoots(opt.Roots)
	if err != nil {
		return nil, err
	}
	moment, err := parseSince(how.Since)
	if err == nil && moment.file && len(roots) == 0 {
		err = moment.checkFile() // at once: trees are yet to be met
	}
	if err != nil {
		return nil, err
	}
	g, err := opt.openGrove(dirs(roots))
	if err != nil {
		return nil, err
	}
	r := newRecorder(opt, how, g, newReporter(opt, allNews))
	r.destinations.roots, r.destinations.lost, r.destinations.since = roots, lost, moment
	for _, t := range g.Roots() {
		if _, err := r.destinations.of(t); err != nil {
			return nil, errors.Join(err, r.close())
		}
	}
	return r, nil
}

// close gives up the trees. What is wrong with roots that cannot be read is an error,
// too.
func (r *recorder) close() error {
	return errors.Join(r.destinations.grove.Close(), r.destinations.lost.err())
}

// record takes what became of a batch: its stamps are written once their work is
// durable.
func (r *recorder) record(t triage) error {
	if t.fatal != nil {
		return t.fatal
	}
	r.read(&t)
	for _, err := range t.warns {
		r.report.warn(err)
	}
	for _, err := range t.settings {
		r.report.once(err, r.opt.Warn)
	}
	r.late += len(t.late)
	if err := r.forget(slices.Concat(t.late, t.unmade)); err != nil {
		return err
	}
	r.unsettled = append(r.unsettled, t.unsettled...)
	if len(t.ready) > 0 {
		if err := asRead(r.opt.ConfigFiles); err != nil {
			return err
		}
	}
	for _, s := range t.ready {
		bound, err := r.bind(s)
		if err == nil {
			err = r.put(s.destination, bound)
		}
		if err != nil {
			return err
		}
	}
	if slices.ContainsFunc(t.unsettled, func(f file) bool { return f.unasked() }) {
		if err := r.settle(); err != nil {
			return err
		}
	}
	return r.advance()
}

// bind gives stamps their setting files. Where one of these was edited since the work
// began, they are not made, and their files lose the ones they have: see forget.
func (r *recorder) bind(s treeStamps) ([]state.Entry, error) {
	moment := r.workBegan
	if moment != (state.Time{}) && s.destination.limited {
		moment = s.destination.since
	}
	bound, left, why := s.destination.Bind(s.entries, moment)
	for _, err := range why {
		r.report.once(err, r.opt.Warn)
	}
	if len(left) == 0 {
		return bound, nil
	}
	paths := make([]string, len(left))
	for i := range left {
		paths[i] = left[i].Path
		if r.claims != nil {
			if err := r.claims.release(s.destination, paths[i]); err != nil {
				return nil, err
			}
		}
	}
	if err := s.destination.drop(paths...); err != nil {
		return bound, r.destinations.giveUp(s.destination, err)
	}
	return bound, nil
}

// settle records the files whose tick is over.
func (r *recorder) settle() error {
	if len(r.unsettled) == 0 {
		return nil
	}
	waiting := r.unsettled
	r.unsettled = nil
	t, err := r.again(waiting)
	if err != nil {
		return err
	}
	return r.record(t)
}

// settleAll waits until no file is left to be statted again.
func (r *recorder) settleAll() error {
	for deadline := time.Now().Add(state.SettleWait); len(r.unsettled) > 0; time.Sleep(tickPeriod) {
		if err := r.settle(); err != nil {
			return err
		}
		if len(r.unsettled) > 0 && time.Now().After(deadline) {
			for _, f := range r.unsettled {
				r.report.warn(&pathError{f.path, errors.New("not stamped: its file system's clock stands still")})
			}
			return nil
		}
	}
	return nil
}

// forget drops the stamps of files that were processed but are left pending. Each
// may have been processed with a content that it has no longer: were it again what
// it was when its stamp was made, it would not come again.
func (r *recorder) forget(late []file) error {
	if err := r.forgetInOthers(late); err != nil {
		return err
	}
	paths := map[*destination][]string{}
	for i := range late {
		if f := &late[i]; f.destination.failed.Load() == nil {
			paths[f.destination] = append(paths[f.destination], f.rel)
		}
	}
	for t, list := range paths {
		if err := t.drop(list...); err != nil {
			if fatal := r.destinations.giveUp(t, err); fatal != nil {
				return fatal
			}
		}
	}
	return nil
}

// forgetInOthers drops the stamps that files have by now in a tree around the one
// that they belonged to when the run began, or within it. There is one only where that
// was still to begin: another run has begun one further out, and where nothing is
// recorded here its stamps are in force; or one further in, and its stamps are.
func (r *recorder) forgetInOthers(files []file) error {
	begun := slices.DeleteFunc(slices.Clone(files), func(f file) bool { return !f.destination.New() })
	if len(begun) == 0 {
		return nil
	}
	g, err := r.opt.openGrove(dirs(r.destinations.roots))
	if err != nil {
		return err
	}
	var errs []error
	for _, f := range begun {
		dir, name, err := g.Locate(f.path)
		if err != nil {
			continue // gone
		}
		own := f.destination.Root()
		for _, from := range []string{dir, path.Dir(own)} {
			t, err := g.TreeOf(from, nil)
			if err == nil && t.Origin() == state.HoldsState && t.Root() != own {
				errs = append(errs, t.Forget(t.Join(dir, name)))
			}
		}
	}
	return errors.Join(errors.Join(errs...), g.Sync(), g.Close())
}

// tick stats again what was not settled, and writes and syncs what is due.
func (r *recorder) tick() error {
	if err := r.settle(); err != nil {
		return err
	}
	return r.advance()
}

// finish makes everything durable and dumps what has outgrown its snapshot. It
// does no more than the first where the WAL could not be written.
func (r *recorder) finish(failed error) error {
	if _, isState := errors.AsType[*state.StateError](failed); isState {
		return r.sync()
	}
	if errors.Is(failed, errConfigEdited) {
		r.unsettled = nil
	}
	if err := r.flush(); err != nil {
		return err
	}
	if r.late > 0 {
		r.report.notice(fmt.Errorf("%s modified since the given moment: left pending", Counted(r.late, "file")))
	}
	var errs []error
	for _, t := range r.destinations.all() {
		if t.failed.Load() == nil { // what it was given is not safe in its WAL
			errs = append(errs, r.dump(t))
		}
	}
	return errors.Join(errs...)
}

// flush makes everything durable.
func (r *recorder) flush() error {
	return errors.Join(r.settleAll(), r.writeAll(), r.sync())
}
