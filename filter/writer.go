package filter

import (
	"errors"
	"fmt"
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

// writer writes stamps to WALs, each once its work is durable.
type writer struct {
	how          Recording
	noWAL        bool // stamps are held in memory, and dumped at the end
	opt          *Options
	destinations *destinations
	report       *reporter
	backing      backing
	claims       *claims   // of an exec, to be given up once a stamp is written
	stamped      int       // stamps written to a WAL
	synced       time.Time // when everything was durable last
}

// put takes the stamps of settled files.
func (w *writer) put(t *destination, entries []state.Entry) error {
	switch {
	case w.noWAL:
		return t.Hold(entries)
	case w.how.NoSync:
		return w.write(t, entries)
	}
	w.backing.add(t, entries)
	return nil
}

// write appends stamps whose work is durable to the WAL.
func (w *writer) write(t *destination, entries []state.Entry) error {
	refused, err := t.Append(entries)
	if err != nil {
		if fatal := w.destinations.giveUp(t, err); fatal != nil {
			return fatal
		}
		refused = entries
	}
	for _, e := range refused {
		why := errContradicted
		if err != nil {
			why = errors.New("not stamped")
		}
		w.report.warn(&pathError{t.Root() + "/" + e.Path, why})
	}
	if w.claims != nil {
		for i := range entries {
			if err := w.claims.release(t, entries[i].Path); err != nil {
				return err
			}
		}
	}
	t.dirty.Store(true) // also what was refused has left a record
	if n := len(entries) - len(refused); n > 0 {
		w.stamped += n
		w.founded(t)
	}
	return nil
}

// errContradicted is a file about which another run has said something since.
var errContradicted = errors.New("not stamped: meanwhile another run has failed on it, or has processed it under another config")

// founded says once that a tree has begun.
func (w *writer) founded(t *destination) {
	if w.opt.Founded != nil && t.New() && !t.founded {
		t.founded = true
		w.opt.Founded(t.Root())
	}
}

// advance writes the stamps whose work has become durable, and sees to the rest.
func (w *writer) advance() error {
	backed := w.backing.poll
	if w.backing.count >= backingLimit {
		backed = w.backing.wait
	}
	if err := w.writeBacked(backed()); err != nil {
		return err
	}
	if now := time.Now(); w.backing.due(now) {
		w.backing.begin(now)
	}
	if time.Since(w.synced) < syncPeriod {
		return nil
	}
	return w.sync()
}

// writeBacked writes stamps whose work is durable, and makes them so, too: once a
// command's result is safe, so is its stamp.
func (w *writer) writeBacked(backed []treeStamps, err error) error {
	if err != nil {
		return err
	}
	for _, s := range backed {
		if err := w.write(s.destination, s.entries); err != nil {
			return err
		}
	}
	if len(backed) > 0 {
		return w.sync()
	}
	return nil
}

// writeAll waits until the work of every file is durable, and writes its stamp.
func (w *writer) writeAll() error {
	for w.backing.done != nil || w.backing.count > 0 {
		if err := w.writeBacked(w.backing.wait()); err != nil {
			return err
		}
		if w.backing.count > 0 {
			w.backing.begin(time.Now())
		}
	}
	return nil
}

func (w *writer) sync() error {
	for _, t := range w.destinations.all() {
		if !t.dirty.Swap(false) {
			continue
		}
		if err := t.Sync(); err != nil {
			t.dirty.Store(true)
			return err
		}
	}
	w.synced = time.Now()
	return nil
}

func (w *writer) dump(t *destination) error {
	due := w.noWAL || w.how.Dump == DumpAlways
	var err error
	if w.noWAL && !w.how.NoSync {
		if err := w.backing.sync(); err != nil {
			return err
		}
	}
	if !due && w.how.Dump == DumpAuto {
		due, err = t.Outgrown()
	}
	if err == nil && due {
		var done state.Dumped
		done, err = t.Tree.Dump(state.DumpOptions{})
		for _, path := range done.Refused {
			w.report.warn(&pathError{t.Root() + "/" + path, errContradicted})
		}
	}
	if dumping := (*state.DumpingError)(nil); w.how.Dump == DumpAuto && errors.As(err, &dumping) && !dumping.Ended {
		return nil // that one, or the next, folds what this run has recorded
	}
	if err != nil && w.noWAL {
		return err
	}
	if err != nil {
		w.report.warn(fmt.Errorf("dump: %w (the stamps are safe in the WAL)", err))
	}
	return nil
}
