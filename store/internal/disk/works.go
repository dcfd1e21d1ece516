package disk

import (
	"errors"
	"maps"
	"slices"
	"sync"
)

// Works is where the work on a tree's files is done: a file system each. It
// makes that work durable.
type Works struct {
	Fsys FS

	mu     sync.Mutex
	open   map[uint64]WorkDir // by device
	failed map[uint64]error   // why those are not open that should be
}

// WorkDir is a directory held open on one of the file systems: errors of writing
// back that happen from then on are reported by its next sync.
type WorkDir interface {
	SyncAll() error
	// Claim and release hold a key for this process alone: see Tree.Claim.
	Claim(key uint64) (free bool, err error)
	Release(key uint64) error
	Close() error
}

func (w *Works) Add(dev uint64, dir string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.open[dev] != nil {
		return
	}
	if w.open == nil {
		w.open, w.failed = map[uint64]WorkDir{}, map[uint64]error{}
	}
	d, err := w.Fsys.OpenWork(dir)
	if err != nil {
		w.failed[dev] = err
		return
	}
	w.open[dev] = d
	delete(w.failed, dev)
}

// Sync waits until all that was written so far to the file systems is durable,
// and to that of a directory, which is "" where all are registered.
func (w *Works) Sync(dir string) error {
	w.mu.Lock()
	dirs := slices.Collect(maps.Values(w.open))
	errs := slices.Collect(maps.Values(w.failed))
	w.mu.Unlock()
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	if dir != "" {
		d, err := w.Fsys.OpenWork(dir)
		if err != nil {
			return err
		}
		errs = append(errs, d.SyncAll(), d.Close())
	}
	for _, d := range dirs {
		errs = append(errs, d.SyncAll())
	}
	return errors.Join(errs...)
}

func (w *Works) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	var errs []error
	for _, d := range w.open {
		errs = append(errs, d.Close())
	}
	w.open = nil
	return errors.Join(errs...)
}

// ErrNoClaims is a file system, or a system, without the locks that claims are.
var ErrNoClaims = errors.New("no locks on directories")
