package filter

import (
	"context"
	"errors"
	"fmt"
	"io"
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
	return &commitRun{Commit: c, grove: g, report: report, readers: newReaders()}
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
	late    int        // left pending by --since
	stamped int        // stamps written to a WAL
	synced  time.Time  // when everything was durable last
}

// record writes the stamps of a batch.
func (r *commitRun) record(l looked) error {
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
		return r.settle()
	}
	return r.syncInTime()
}

// forget drops the stamps of files that were processed but are left pending. Each
// may have been processed with a content that it has no longer: were it again what
// it was when its stamp was made, it would not come again.
func (r *commitRun) forget(late []sighting) error {
	held := map[*target][]string{}
	for i := range late {
		if s := &late[i]; s.target.failed.Load() == nil && s.target.Holds(s.rel) {
			held[s.target] = append(held[s.target], s.rel)
		}
	}
	for t, paths := range held {
		if err := t.drop(paths...); err != nil {
			if fatal := r.giveUp(t, err); fatal != nil {
				return fatal
			}
		}
	}
	return nil
}

func (r *commitRun) put(t *target, entries []store.Entry) error {
	if r.NoWAL {
		return t.Hold(entries)
	}
	if err := t.append(entries); err != nil {
		if fatal := r.giveUp(t, err); fatal != nil {
			return fatal
		}
		for _, e := range entries {
			r.report.warn(&pathError{t.Root() + "/" + e.Path, errors.New("not stamped")})
		}
		return nil
	}
	t.dirty.Store(true)
	r.stamped += len(entries)
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

// tick looks again at what was too fresh, and syncs.
func (r *commitRun) tick() error {
	if err := r.settle(); err != nil {
		return err
	}
	return r.syncInTime()
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
	if err := errors.Join(r.settleAll(), r.sync()); err != nil {
		return err
	}
	if r.late > 0 {
		r.report.notice(fmt.Errorf("%s modified since the given moment: left pending", counted(r.late, "file")))
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
	if r.NoWAL {
		_, err := t.Dump(false)
		return err
	}
	if stored, any := t.Stored(); r.Dump == DumpAlways || r.NoCheckConfig && any && stored.Hash() != t.Config().Hash() {
		// Stamps of another config are kept by taking them over, at once: a
		// later dump keeps those of the newest config alone.
		_, err := t.Dump(false)
		return err
	}
	if r.Dump == DumpNever {
		return nil
	}
	due, err := t.Outgrown()
	if err == nil && due {
		_, err = t.Dump(false)
	}
	if err != nil {
		r.report.warn(fmt.Errorf("dump: %w (the stamps are safe in the WAL)", err))
	}
	return nil
}
