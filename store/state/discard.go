package state

import (
	"errors"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
	"treefilter/store/internal/memtable"
)

// Discard removes the WAL, and reports whether there was anything in it: the
// files that it spoke of have no stamp afterwards, whatever the snapshot said of
// them before.
func (t *Tree) Discard() (discarded bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, err := t.opt.fsys.Lstat(t.names.WAL); disk.IsMissing(err) {
		return false, nil
	}
	if _, err := t.app.Lock(); err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, t.app.Unlock()) }()
	d := t.newDump()
	defer func() { err = errors.Join(err, d.st.Close()) }()
	if err := d.refuse(false); err != nil {
		return false, err
	}
	if d.st.wal == nil || d.st.wal.Records == 0 && !d.st.wal.HidesAll && d.st.wal.HidesOthers == "" {
		return false, t.retireWAL()
	}
	for _, r := range d.st.wal.Said.Dirs {
		for i := range r.Items {
			r.Items[i] = memtable.Word{Name: r.Items[i].Name, Kind: memtable.WordDrop}
		}
	}
	if d.st.wal.HidesOthers != "" { // it spoke of files that are not known
		d.st.wal.HidesAll = true
	}
	// It is not listed as folded: a process that has read it before has not seen what
	// this takes back.
	d.st.wal.ID, d.st.wal.Last, d.st.wal.Tally = "", nil, format.Tally{}
	if newest := d.st.newest(); newest != nil {
		d.newest = newest
	}
	m := d.merge()
	m.listings = d.relistTouched(m.runs)
	if _, err := d.replace(m, false); err != nil {
		return false, err
	}
	return true, t.retireWAL()
}
