package filter

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"time"

	"treefilter/store"
	"treefilter/walk"
)

// DumpMode says when a commit folds the WAL into the snapshot at its end.
type DumpMode int

// The values of --dump.
const (
	DumpAuto   DumpMode = iota // when the WAL has outgrown the snapshot
	DumpAlways                 // at the end of every commit
	DumpNever
)

// syncPeriod is how much work, in time, the end of the machine can cost.
const syncPeriod = time.Second

// Commit reads processed paths and records their stamps.
type Commit struct {
	Options
	// In is read for paths until its end.
	In io.Reader
	// InDelimiter is how paths in In are told apart.
	InDelimiter walk.Delimiter
	// Since leaves files pending that were modified at or after a moment:
	// "" for no such moment, "start", the path of a reference file, or a time. When
	// one of ConfigFiles is not older, nothing is stamped: the work may have been
	// done under other settings than those that are there now.
	Since string
	// IgnoreMissing passes over paths that are gone, without a warning.
	IgnoreMissing bool
	// Dump says when the WAL is folded into the snapshot.
	Dump DumpMode
	// NoWAL keeps the stamps in memory and dumps them at the end.
	NoWAL bool
	// NoSync writes stamps without making their work durable first: for work
	// that has no results, such as linting.
	NoSync bool
}

// Run reads In to its end, or until ctx is done: what was read by then is made
// durable all the same, and the error is ctx's. When it returns nil, every path
// that was not warned of has a durable stamp.
func (c *Commit) Run(ctx context.Context) (err error) {
	r, err := c.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.grove.Close(), r.lost.err()) }()
	if r.since.given {
		if err := olderThan(r.since.here(), c.ConfigFiles); err != nil {
			return err
		}
	}
	in := walk.NewReader(c.In, c.InDelimiter)
	err = ordered(ctx, lookers(), in.Next, r.look, r.record, tickPeriod, r.tick)
	return errors.Join(err, r.finish(err))
}

func (c *Commit) newRun(g *store.Grove, report *reporter) *commitRun {
	r := &commitRun{Commit: c, grove: g, report: report, readers: newReaders()}
	r.backing.sync = g.SyncWork
	return r
}

// open begins a run, unless one of the roots must not be written to. The caller
// closes the grove.
func (c *Commit) open() (*commitRun, error) {
	roots, lost, err := parseRoots(c.Roots)
	if err != nil {
		return nil, err
	}
	moment, err := parseSince(c.Since)
	if err == nil && moment.file && len(roots) == 0 {
		err = moment.checkFile() // at once: trees are yet to be met
	}
	if err != nil {
		return nil, err
	}
	g, err := c.openGrove(dirs(roots))
	if err != nil {
		return nil, err
	}
	r := c.newRun(g, newReporter(&c.Options))
	r.roots, r.lost, r.since = roots, lost, moment
	for _, t := range g.Roots() {
		if _, err := r.target(t); err != nil {
			return nil, errors.Join(err, g.Close(), lost.err())
		}
	}
	return r, nil
}

// commitRun is one run of a Commit.
type commitRun struct {
	*Commit
	roots   []root
	lost    lostRoots
	grove   *store.Grove
	report  *reporter
	readers readers
	since   since
	targets targets
	fresh   []sighting // not settled yet
	backing backing
	claims  *claims   // of an exec, to be given up once a stamp is written
	late    int       // left pending by --since
	stamped int       // stamps written to a WAL
	synced  time.Time // when everything was durable last
}

// record takes what became of a batch: its stamps are written once their work is
// durable.
func (r *commitRun) record(l looked) error {
	if l.fatal != nil {
		return l.fatal
	}
	r.read(&l)
	for _, err := range l.warns {
		r.report.warn(err)
	}
	r.late += len(l.late)
	if err := r.forget(l.late); err != nil {
		return err
	}
	r.fresh = append(r.fresh, l.fresh...)
	if len(l.runs) > 0 {
		if err := asRead(r.ConfigFiles); err != nil {
			return err
		}
	}
	for _, run := range l.runs {
		if err := r.put(run.target, run.entries); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(l.fresh, func(s sighting) bool { return s.target.unasked(&s) }) {
		if err := r.settle(); err != nil {
			return err
		}
	}
	return r.advance()
}

// forget drops the stamps of files that were processed but are left pending. Each
// may have been processed with a content that it has no longer: were it again what
// it was when its stamp was made, it would not come again.
func (r *commitRun) forget(late []sighting) error {
	if err := r.forgetInOthers(late); err != nil {
		return err
	}
	paths := map[*target][]string{}
	for i := range late {
		if s := &late[i]; s.target.failed.Load() == nil {
			paths[s.target] = append(paths[s.target], s.rel)
		}
	}
	for t, list := range paths {
		if err := t.drop(list...); err != nil {
			if fatal := r.giveUp(t, err); fatal != nil {
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
func (r *commitRun) forgetInOthers(files []sighting) error {
	begun := slices.DeleteFunc(slices.Clone(files), func(s sighting) bool { return !s.target.New() })
	if len(begun) == 0 {
		return nil
	}
	g, err := r.openGrove(dirs(r.roots))
	if err != nil {
		return err
	}
	var errs []error
	for _, s := range begun {
		dir, name, err := g.Locate(s.path)
		if err != nil {
			continue // gone
		}
		t, err := g.TreeOf(path.Dir(s.target.Root()), nil)
		if err == nil && t.Origin() == store.HoldsState {
			errs = append(errs, t.Forget(t.Join(dir, name)))
		}
	}
	return errors.Join(errors.Join(errs...), g.Sync(), g.Close())
}

// put takes the stamps of settled files.
func (r *commitRun) put(t *target, entries []store.Entry) error {
	switch {
	case r.NoWAL:
		return t.Hold(entries)
	case r.NoSync:
		return r.write(t, entries)
	}
	r.backing.add(t, entries)
	return nil
}

// write appends stamps whose work is durable to the WAL.
func (r *commitRun) write(t *target, entries []store.Entry) error {
	refused, err := t.Append(entries)
	if err != nil {
		if fatal := r.giveUp(t, err); fatal != nil {
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

// errContradicted is a file about which somebody else has said something since.
var errContradicted = errors.New("not stamped: meanwhile another run has failed on it, or has processed it under another config")

// founded says once that a tree has begun.
func (r *commitRun) founded(t *target) {
	if r.Founded != nil && t.New() && !t.founded {
		t.founded = true
		r.Founded(t.Root())
	}
}

// advance writes the stamps whose work has become durable, and sees to the rest.
func (r *commitRun) advance() error {
	if err := r.writeBacked(r.backing.count >= backingLimit); err != nil {
		return err
	}
	if now := time.Now(); r.backing.due(now) {
		r.backing.begin(now)
	}
	return r.syncInTime()
}

// writeBacked writes the stamps whose work is durable, and makes them so, too:
// once a command's result is safe, so is its stamp.
func (r *commitRun) writeBacked(wait bool) error {
	backed, err := r.backing.end(wait)
	if err != nil {
		return err
	}
	for _, run := range backed {
		if err := r.write(run.target, run.entries); err != nil {
			return err
		}
	}
	if len(backed) > 0 {
		return r.sync()
	}
	return nil
}

// writeAll waits until the work of every file is durable, and writes its stamp.
func (r *commitRun) writeAll() error {
	for r.backing.done != nil || r.backing.count > 0 {
		if err := r.writeBacked(true); err != nil {
			return err
		}
		if r.backing.count > 0 {
			r.backing.begin(time.Now())
		}
	}
	return nil
}

// giveUp makes a nested tree that cannot be written to cost its own files
// alone. A root that cannot be ends the commit.
func (r *commitRun) giveUp(t *target, err error) error {
	if len(r.grove.Roots()) == 0 || slices.Contains(r.grove.Roots(), t.Tree) {
		return err
	}
	if t.failed.CompareAndSwap(nil, &err) {
		r.report.warn(err)
	}
	return nil
}

// tick looks again at what was too fresh, and writes and syncs what is due.
func (r *commitRun) tick() error {
	if err := r.settle(); err != nil {
		return err
	}
	return r.advance()
}

func (r *commitRun) syncInTime() error {
	if time.Since(r.synced) < syncPeriod {
		return nil
	}
	return r.sync()
}

func (r *commitRun) sync() error {
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
func (r *commitRun) finish(failed error) error {
	if state := (*store.StateError)(nil); errors.As(failed, &state) {
		return r.sync()
	}
	if errors.Is(failed, errConfigEdited) {
		r.fresh = nil
	}
	if err := errors.Join(r.settleAll(), r.writeAll(), r.sync()); err != nil {
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

func (r *commitRun) dump(t *target) error {
	due := r.NoWAL || r.Dump == DumpAlways
	var err error
	if r.NoWAL && !r.NoSync {
		if err := r.backing.sync(); err != nil {
			return err
		}
	}
	if !due && r.Dump == DumpAuto {
		due, err = t.Outgrown()
	}
	if err == nil && due {
		_, err = t.Tree.Dump(store.DumpOptions{})
	}
	if err != nil && r.NoWAL {
		return err
	}
	if err != nil {
		r.report.warn(fmt.Errorf("dump: %w (the stamps are safe in the WAL)", err))
	}
	return nil
}
