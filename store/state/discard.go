package state

import (
	"errors"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
	"treefilter/store/internal/memtable"
)

// Discard removes the WAL and all segments, and reports whether there was anything in
// them: the files that they spoke of have no stamp afterwards, whatever the snapshot
// said of them before. A segment that another process writes to is an error.
func (t *Tree) Discard() (discarded bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if none, err := t.noLog(); none || err != nil {
		return false, err
	}
	release, _, err := t.alone()
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, release()) }()
	if _, err := t.app.Lock(); err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, t.app.Unlock()) }()
	d := t.newDump()
	defer func() { err = errors.Join(err, d.st.Close()) }()
	if err := d.refuse(false); err != nil {
		return false, err
	}
	if _, err := d.choose(false); err != nil {
		return false, err
	}
	if len(d.stay) > 0 {
		return false, disk.Wrap(d.stay[0].Path, errNoEnd)
	}
	if d.st.wal == nil || d.st.wal.Records == 0 && !d.st.wal.HidesAll && d.st.wal.HidesOthers == "" {
		return false, d.retire()
	}
	d.st.wal.Said = d.st.wal.Said.As(func(it memtable.Word) memtable.Word {
		return memtable.Word{Name: it.Name, Kind: memtable.WordDrop}
	})
	if d.st.wal.HidesOthers != "" { // it spoke of files that are not known
		d.st.wal.HidesAll = true
	}
	d.st.wal.Last, d.st.wal.Tally = nil, format.Tally{}
	if newest := d.st.newest(); newest != nil {
		d.newest = newest
	}
	m := d.merge()
	// A process that has read the logs before has not seen what this takes back.
	m.folded = append(m.folded, format.FoldedLog{ID: format.NewID()})
	m.listings = d.relistTouched(m.over)
	defer func() { err = errors.Join(err, m.listings.Close()) }()
	if _, err := d.replace(m, false); err != nil {
		return false, err
	}
	return true, d.retire()
}

var errNoEnd = errors.New("has no end: another process may write to it")

// noLog reports whether the tree has neither a WAL nor a segment.
func (t *Tree) noLog() (bool, error) {
	if _, err := t.opt.fsys.Lstat(t.names.WAL); !disk.IsMissing(err) {
		return false, nil
	}
	segments, err := t.names.ListSegments(t.opt.fsys)
	return len(segments) == 0, err
}
