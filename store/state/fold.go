package state

import (
	"errors"
	"slices"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
	"treefilter/store/internal/segment"
)

// alone keeps the dumps of other machines out, where there may be any, until release.
// Our own segment gets its end, so that it can be folded.
//
// refused are the paths of stamps that Hold has kept and that were not made.
func (t *Tree) alone() (release func() error, refused []string, err error) {
	own, err := t.ownSegment()
	if err != nil || !own {
		return func() error { return nil }, nil, err
	}
	if refused, err = t.writeHeld(); err != nil {
		return nil, nil, err
	}
	if err := t.seg.End(); err != nil {
		return nil, nil, err
	}
	if release, err = segment.Exclude(t.opt.fsys, t.names); err != nil {
		return nil, nil, err
	}
	err = segment.StartOver(t.opt.fsys, t.names)
	// What was removed, now or before, must not come back once the snapshot does not
	// list it.
	if err = errors.Join(err, t.opt.fsys.SyncDir(t.names.Segments)); err != nil {
		return nil, nil, errors.Join(disk.Wrap(t.names.Segments, err), release())
	}
	return release, refused, nil
}

// writeHeld writes the stamps that Hold has kept to the segment: there they do not
// count where other machines have contradicted them.
func (t *Tree) writeHeld() (refused []string, err error) {
	if t.held == nil {
		return nil, nil
	}
	t.held.Finish()
	var entries []Entry
	for dir, r := range t.held.Dirs {
		for i := range r.Items {
			entries = append(entries, Entry{Path: format.JoinPath(dir, r.Items[i].Name), Stamp: r.Items[i].Stamp(), Since: t.heldAt})
		}
	}
	left, err := t.seg.Append(entries)
	if err != nil {
		return nil, err
	}
	for _, e := range left {
		refused = append(refused, e.Path)
	}
	t.held, t.heldAt = nil, 0
	slices.SortFunc(refused, format.ComparePaths)
	return refused, nil
}

// choose divides the logs into those that go into the snapshot and those that stay over
// it, and makes the state say what the former do. Where the WAL has to stay, nothing is
// to be folded. A repair also folds segments without an end, unless their writer is
// known to be at work.
func (d *dump) choose(repair bool) (fold bool, err error) {
	if d.segments {
		if d.st.logs, err = segment.WithBegun(d.opt.fsys, d.names, d.st.logs); err != nil {
			return false, err
		}
	}
	gone := func(l *segment.Log) bool {
		return (d.opt.fsys.Gone(l.By) || repair && !d.here(l.By)) && l.Whole(d.opt.fsys)
	}
	folded := segment.Folded(d.st.Header.Folded)
	var logs []*segment.Log
	d.past, logs = segment.Past(d.st.logs, folded)
	d.fold, d.stay = segment.Fold(logs, gone)
	if len(d.stay) > 0 {
		d.st.wal = segment.Combine(d.fold, folded, d.stay...)
	}
	return !slices.ContainsFunc(d.stay, func(l *segment.Log) bool { return l.Path == d.names.WAL }), nil
}

// here reports whether a process is one of this machine, and runs.
func (d *dump) here(p disk.Process) bool {
	self := d.opt.fsys.Process()
	return p.Boot != "" && p.Boot == self.Boot && p.Host == self.Host && !d.opt.fsys.Gone(p)
}

// retire removes the logs that are in the snapshot, durably.
func (d *dump) retire() error {
	err := d.retireWAL()
	if err != nil || !d.segments {
		return err
	}
	for _, l := range slices.Concat(d.fold, d.past) {
		if l.Path == d.names.WAL {
			continue
		}
		if err := d.opt.fsys.Remove(l.Path); err != nil && !disk.IsMissing(err) {
			return disk.Wrap(l.Path, err)
		}
	}
	if err := d.opt.fsys.SyncDir(d.names.Segments); err != nil {
		return disk.Wrap(d.names.Segments, err)
	}
	return nil
}
