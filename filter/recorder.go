package filter

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"time"

	"treefilter/store/state"
)

// Recording says how the stamps of processed files are recorded.
type Recording struct {
	// Since leaves files pending that were modified at or after a moment: "" for no
	// such moment, "start", the path of a reference file, or a time.
	Since string
	// IgnoreMissing passes over paths that are gone, without a warning.
	IgnoreMissing bool
	// Dump says when the WAL is folded into the snapshot.
	Dump DumpMode
	// NoSync writes stamps without making their work durable first: for work
	// that has no results, such as linting.
	NoSync bool
}

// DumpMode says when a run folds the WAL into the snapshot at its end.
type DumpMode int

// The values of --dump.
const (
	DumpAuto   DumpMode = iota // when the WAL has outgrown the snapshot
	DumpAlways                 // at the end of every run
	DumpNever
)

// syncPeriod is how much work, in time, the end of the machine can cost.
const syncPeriod = time.Second

// recorder records the stamps of processed files. But for its sorter it is for one
// goroutine.
type recorder struct {
	Recording
	*sorter
	opt     *Options
	noWAL   bool // stamps are held in memory, and dumped at the end
	report  *reporter
	fresh   []file // not settled yet
	backing backing
	claims  *claims   // of an exec, to be given up once a stamp is written
	late    int       // left pending by --since
	stamped int       // stamps written to a WAL
	synced  time.Time // when everything was durable last
}

// newRecorder returns a recorder for the trees of a grove.
func newRecorder(opt *Options, how Recording, g *state.Grove, report *reporter) *recorder {
	r := &recorder{Recording: how, opt: opt, report: report}
	r.sorter = &sorter{&targets{opt: opt, grove: g, report: report}, opt.Detect, how.IgnoreMissing, newReaders()}
	r.backing.sync = g.SyncWork
	return r
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
	r.targets.roots, r.targets.lost, r.targets.since = roots, lost, moment
	for _, t := range g.Roots() {
		if _, err := r.targets.of(t); err != nil {
			return nil, errors.Join(err, r.close())
		}
	}
	return r, nil
}

// close gives up the trees. What is wrong with roots that cannot be read is an error,
// too.
func (r *recorder) close() error {
	return errors.Join(r.targets.grove.Close(), r.targets.lost.err())
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
	r.late += len(t.late)
	if err := r.forget(t.late); err != nil {
		return err
	}
	r.fresh = append(r.fresh, t.fresh...)
	if len(t.ready) > 0 {
		if err := asRead(r.opt.ConfigFiles); err != nil {
			return err
		}
	}
	for _, s := range t.ready {
		if err := r.put(s.target, s.entries); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(t.fresh, func(f file) bool { return f.unasked() }) {
		if err := r.settle(); err != nil {
			return err
		}
	}
	return r.advance()
}

// settle records the files whose tick is over.
func (r *recorder) settle() error {
	if len(r.fresh) == 0 {
		return nil
	}
	waiting := r.fresh
	r.fresh = nil
	t, err := r.again(waiting)
	if err != nil {
		return err
	}
	return r.record(t)
}

// settleAll waits until no file is left to be statted again.
func (r *recorder) settleAll() error {
	for deadline := time.Now().Add(state.SettleWait); len(r.fresh) > 0; time.Sleep(tickPeriod) {
		if err := r.settle(); err != nil {
			return err
		}
		if len(r.fresh) > 0 && time.Now().After(deadline) {
			for _, f := range r.fresh {
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
	paths := map[*target][]string{}
	for i := range late {
		if f := &late[i]; f.target.failed.Load() == nil {
			paths[f.target] = append(paths[f.target], f.rel)
		}
	}
	for t, list := range paths {
		if err := t.drop(list...); err != nil {
			if fatal := r.targets.giveUp(t, err); fatal != nil {
				return fatal
			}
		}
	}
	return nil
}

// forgetInOthers drops the stamps that files have by now in a tree around the one
// that they belonged to when the run began. There is one only where that was still
// to begin: another run has begun one further out, and where nothing is recorded
// here its stamps are in force.
func (r *recorder) forgetInOthers(files []file) error {
	begun := slices.DeleteFunc(slices.Clone(files), func(f file) bool { return !f.target.New() })
	if len(begun) == 0 {
		return nil
	}
	g, err := r.opt.openGrove(dirs(r.targets.roots))
	if err != nil {
		return err
	}
	var errs []error
	for _, f := range begun {
		dir, name, err := g.Locate(f.path)
		if err != nil {
			continue // gone
		}
		t, err := g.TreeOf(path.Dir(f.target.Root()), nil)
		if err == nil && t.Origin() == state.HoldsState {
			errs = append(errs, t.Forget(t.Join(dir, name)))
		}
	}
	return errors.Join(errors.Join(errs...), g.Sync(), g.Close())
}

// put takes the stamps of settled files.
func (r *recorder) put(t *target, entries []state.Entry) error {
	switch {
	case r.noWAL:
		return t.Hold(entries)
	case r.NoSync:
		return r.write(t, entries)
	}
	r.backing.add(t, entries)
	return nil
}

// write appends stamps whose work is durable to the WAL.
func (r *recorder) write(t *target, entries []state.Entry) error {
	refused, err := t.Append(entries)
	if err != nil {
		if fatal := r.targets.giveUp(t, err); fatal != nil {
			return fatal
		}
		refused = entries
	}
	for _, e := range refused {
		why := errContradicted
		if err != nil {
			why = errors.New("not stamped")
		}
		r.report.warn(&pathError{t.Root() + "/" + e.Path, why})
	}
	if r.claims != nil {
		for i := range entries {
			if err := r.claims.release(t, entries[i].Path); err != nil {
				return err
			}
		}
	}
	t.dirty.Store(true) // also what was refused has left a record
	if n := len(entries) - len(refused); n > 0 {
		r.stamped += n
		r.founded(t)
	}
	return nil
}

// errContradicted is a file about which another run has said something since.
var errContradicted = errors.New("not stamped: meanwhile another run has failed on it, or has processed it under another config")

// founded says once that a tree has begun.
func (r *recorder) founded(t *target) {
	if r.opt.Founded != nil && t.New() && !t.founded {
		t.founded = true
		r.opt.Founded(t.Root())
	}
}

// advance writes the stamps whose work has become durable, and sees to the rest.
func (r *recorder) advance() error {
	backed := r.backing.poll
	if r.backing.count >= backingLimit {
		backed = r.backing.wait
	}
	if err := r.writeBacked(backed()); err != nil {
		return err
	}
	if now := time.Now(); r.backing.due(now) {
		r.backing.begin(now)
	}
	if time.Since(r.synced) < syncPeriod {
		return nil
	}
	return r.sync()
}

// writeBacked writes stamps whose work is durable, and makes them so, too: once a
// command's result is safe, so is its stamp.
func (r *recorder) writeBacked(backed []treeStamps, err error) error {
	if err != nil {
		return err
	}
	for _, s := range backed {
		if err := r.write(s.target, s.entries); err != nil {
			return err
		}
	}
	if len(backed) > 0 {
		return r.sync()
	}
	return nil
}

// writeAll waits until the work of every file is durable, and writes its stamp.
func (r *recorder) writeAll() error {
	for r.backing.done != nil || r.backing.count > 0 {
		if err := r.writeBacked(r.backing.wait()); err != nil {
			return err
		}
		if r.backing.count > 0 {
			r.backing.begin(time.Now())
		}
	}
	return nil
}

// tick stats again what was too fresh, and writes and syncs what is due.
func (r *recorder) tick() error {
	if err := r.settle(); err != nil {
		return err
	}
	return r.advance()
}

func (r *recorder) sync() error {
	for _, t := range r.targets.all() {
		if !t.dirty.Swap(false) {
			continue
		}
		if err := t.Sync(); err != nil {
			t.dirty.Store(true)
			return err
		}
	}
	r.synced = time.Now()
	return nil
}

// finish makes everything durable and dumps what has outgrown its snapshot. It
// does no more than the first where the WAL could not be written.
func (r *recorder) finish(failed error) error {
	if _, isState := errors.AsType[*state.StateError](failed); isState {
		return r.sync()
	}
	if errors.Is(failed, errConfigEdited) {
		r.fresh = nil
	}
	if err := r.flush(); err != nil {
		return err
	}
	if r.late > 0 {
		r.report.notice(fmt.Errorf("%s modified since the given moment: left pending", Counted(r.late, "file")))
	}
	var errs []error
	for _, t := range r.targets.all() {
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

func (r *recorder) dump(t *target) error {
	due := r.noWAL || r.Dump == DumpAlways
	var err error
	if r.noWAL && !r.NoSync {
		if err := r.backing.sync(); err != nil {
			return err
		}
	}
	if !due && r.Dump == DumpAuto {
		due, err = t.Outgrown()
	}
	if err == nil && due {
		_, err = t.Tree.Dump(state.DumpOptions{})
	}
	if err != nil && r.noWAL {
		return err
	}
	if err != nil {
		r.report.warn(fmt.Errorf("dump: %w (the stamps are safe in the WAL)", err))
	}
	return nil
}
