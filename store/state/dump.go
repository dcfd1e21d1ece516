package state

import (
	"errors"
	"fmt"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
	"treefilter/store/internal/segment"
	"treefilter/store/internal/words"
)

// DumpOptions say what a Dump does beside folding.
type DumpOptions struct {
	// Repair moves a snapshot that cannot be read aside, to its name with
	// ".broken" appended, and what could be read of it goes into the new one.
	// Without it such a snapshot is an error.
	Repair bool
	// NewestOnly drops the stamps that were made under another config than the
	// newest. Else they are kept, and count again under their own.
	NewestOnly bool
	// NoListings gives up what is remembered of the names in directories.
	NoListings bool
}

// Dumped is what a Dump made.
type Dumped struct {
	Stamps int64 // that the tree holds now, under whatever config
	// Refused are the paths of those that Hold kept and that were not made: see
	// Entry.Since.
	Refused []string
	// Dropped are the configs whose stamps were dropped, and how many.
	Dropped []DroppedStamps
}

// DroppedStamps are stamps of one config that a dump has dropped.
type DroppedStamps struct {
	Config format.Config
	Stamps int64
}

// Dump folds the WAL, and what Hold keeps, into the snapshot, and removes the
// WAL. On an error before the new snapshot is in place nothing has changed.
func (t *Tree) Dump(opt DumpOptions) (done Dumped, err error) {
	if err := t.Sync(); err != nil {
		return done, err
	}
	t.loaded() // settles which config is the tree's own
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.held == nil && t.names.Absent(t.opt.fsys) {
		return done, nil
	}
	release, refused, err := t.alone()
	if err != nil {
		return done, err
	}
	done.Refused = refused
	defer func() { err = errors.Join(err, release()) }()
	info, err := t.app.Lock()
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, t.app.Unlock()) }()
	d := t.newDump()
	defer func() { err = errors.Join(err, d.st.Close()) }()
	if err := d.refuse(opt.Repair); err != nil {
		return done, err
	}
	if fold, err := d.choose(opt.Repair); !fold || err != nil {
		done.Stamps = d.st.stamps()
		return done, err
	}
	if t.held != nil {
		if done.Refused, err = d.judgeHeld(info); err != nil {
			return done, err
		}
		if err := d.overruleWAL(info); err != nil {
			return done, err
		}
	}
	// The state itself is not kept: a run may dump thousands of trees.
	defer func() {
		problems := d.st.problems()
		t.dumped = &problems
	}()
	m := d.merge()
	m.contradicted = len(done.Refused) > 0
	switch {
	case opt.NoListings:
		m.listings = d.relistNone()
	case t.relisted != nil:
		m.listings, t.relisted = t.relisted, nil
	default:
		m.listings = d.relistTouched(m.over)
	}
	defer func() { err = errors.Join(err, m.listings.Close()) }()
	if opt.NewestOnly {
		if done.Dropped, err = m.keepNewest(t.equal.same); err != nil {
			return done, d.damaged(err)
		}
	}
	if d.unchanged() && len(done.Dropped) == 0 && !(d.st.Readable() && m.listings.changed) {
		done.Stamps = d.st.stamps()
		return done, d.retire()
	}
	if done.Stamps, err = d.replace(m, opt.Repair); err != nil {
		return done, err
	}
	t.held, t.heldAt = nil, 0
	return done, d.retire()
}

// dump is one dump under way: what is there, under the lock, and the config
// that the new snapshot begins with.
type dump struct {
	*Tree
	st     *state
	newest *format.Terms
	// Of the logs, those that go into the snapshot, have gone there before, and stay.
	fold, past, stay []*segment.Log
}

func (t *Tree) newDump() *dump {
	d := &dump{Tree: t, st: load(t.opt, t.names), newest: t.under}
	d.st.recognize(t.under)
	if newest := d.st.newest(); newest != nil && t.held == nil {
		d.newest = newest
	}
	return d
}

// recognize makes good for configs of the snapshot that cannot be read: one that
// the WAL has, or the tree, is known by its hash.
func (st *state) recognize(own *format.Terms) {
	known := []*format.Terms{own}
	if st.wal != nil {
		for _, s := range st.wal.Sessions {
			known = append(known, s.Terms)
		}
	}
	for _, p := range st.Parts {
		for _, t := range known {
			if p.ConfigErr != nil && p.Hash == t.Hash {
				p.Terms, p.ConfigErr = t, nil
			}
		}
	}
}

// merge brings together what is to be in the new snapshot.
func (d *dump) merge() *merge {
	hand, wal := d.st.said()
	over := d.st.withoutFailures(words.NewLayers(hand, wal, words.Of(d.held)))
	m := newMerge(d.opt.Program, d.st, over, d.newest)
	m.volume, m.root = d.st.volume(), d.names.Root
	m.folded = segment.Folded(d.st.Header.Folded).Then(d.fold, d.past, d.stay)
	if d.held != nil {
		m.volume, m.held = d.opt.fsys.Volume(d.root).ID, d.under
	}
	return m
}

// keepNewest leaves the stamps of all configs out but the newest, and those that are
// the same.
func (m *merge) keepNewest(same func(a, b *format.Terms) bool) (dropped []DroppedStamps, err error) {
	kept := m.configs[:1:1]
	for _, t := range m.configs[1:] {
		if same(t, m.configs[0]) {
			kept = append(kept, t)
			continue
		}
		n, err := m.count(t)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			dropped = append(dropped, DroppedStamps{t.Config, n})
		}
	}
	m.configs = kept
	return dropped, nil
}

// refuse reports why what is there must not be replaced.
func (d *dump) refuse(repair bool) error {
	if d.st.walErr != nil {
		return d.st.walErr
	}
	for _, l := range d.st.logs {
		if l.Unread() != nil {
			return l.Unread()
		}
	}
	err := d.st.SnapErr
	for _, p := range d.st.Parts {
		if p.ConfigErr != nil {
			// A repair would have to throw its stamps away.
			return fmt.Errorf("%w; the config of its stamps cannot be read: delete it, and every file is processed again", err)
		}
	}
	if err == nil || repair && !errors.Is(err, format.ErrForeign) {
		return nil
	}
	if errors.Is(err, format.ErrForeign) {
		return err
	}
	return d.damaged(err)
}

// damaged words a damage that a repair can do something about.
func (d *dump) damaged(err error) error {
	return disk.Wrap(d.names.Snapshot, &disk.DamageError{Err: err})
}

// unchanged reports whether there is nothing to fold, and the snapshot is as a
// dump would write it.
func (d *dump) unchanged() bool {
	if d.st.wal != nil && d.st.wal.Records > 0 || d.st.lossy() || d.held != nil || d.st.SnapErr != nil {
		return false
	}
	return !d.st.Readable() || d.st.Src != nil && d.st.Src.Verify() == nil
}

// stamps is how many the snapshot holds.
func (st *state) stamps() (n int64) {
	for _, p := range st.Parts {
		n += p.Entries()
	}
	return n
}
