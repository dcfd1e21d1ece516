package state

import (
	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
	"treefilter/store/internal/memtable"
)

// Facts are what a tree's state files are and hold, as they were when the tree
// was first read. For their config see Stored, for what is wrong with them
// Problems.
type Facts struct {
	// Snapshot and WAL are the paths of the two files.
	Snapshot, WAL string
	// HasSnapshot and HasWAL report whether there is something of that name, be
	// it a file that can be read or not.
	HasSnapshot, HasWAL bool
	// Stamps is how many the snapshot holds, whether they count or not.
	Stamps int64
	// Dumped is when the snapshot was written: its mtime, zero where it cannot
	// even be opened.
	Dumped format.Time
	// Appended is when something was last appended to the WAL: its mtime, zero where
	// there is none that can be read.
	Appended format.Time
	// WALSize is in bytes. Records is how many stamps the WAL sets and drops.
	WALSize int64
	Records int
}

// Facts returns what there is to say of the tree's state files.
func (t *Tree) Facts() Facts {
	st := t.loaded()
	f := Facts{
		Snapshot:    t.names.Snapshot,
		WAL:         t.names.WAL,
		HasSnapshot: st.File != nil || st.SnapshotErr() != nil,
		HasWAL:      st.wal != nil || st.walErr != nil,
		Stamps:      st.stamps(),
		Dumped:      st.Info.Mtime,
	}
	if st.wal != nil {
		f.Appended, f.WALSize, f.Records = st.walAt, st.wal.Size, st.wal.Records
	}
	return f
}

// Moved reports whether the tree lies on another file system than it did when
// its newest stamps were made, and what is known of the two. Where one is not
// known it has not.
func (t *Tree) Moved() (then, now string, moved bool) {
	then, now = t.loaded().volume(), t.opt.fsys.Volume(t.root).ID
	return then, now, then != "" && now != "" && then != now
}

// OtherConfigs returns how many files have a stamp that does not count because
// it was made under another config, or with other setting files.
func (t *Tree) OtherConfigs() (stamps int64) {
	st := t.loaded()
	if t.opt.AnyConfig {
		return 0
	}
	if t.settings != nil {
		for range t.stamps(true) {
			stamps++
		}
	}
	r := t.Reader()
	for _, p := range st.Parts {
		if !t.same(p.Terms) && !st.hides(p.Hash) {
			stamps += p.Entries()
		}
	}
	if st.wal == nil {
		return stamps
	}
	voided := Reader{tree: t, st: &state{Snapshot: st.Snapshot}}
	voided.voided = r.open(false)
	for _, run := range st.wal.Said.Sorted() {
		voided.Enter(run.Dir)
		for i := range run.Items {
			it := &run.Items[i]
			before := voided.isVoid(it.Name)
			void := it.Kind == memtable.WordSet && !t.same(it.Under)
			switch {
			case void && !before:
				stamps++
			case !void && before:
				stamps--
			}
		}
	}
	return stamps
}

// isVoid reports whether the snapshot has a stamp of another config for a name.
func (r *Reader) isVoid(name string) bool {
	if r.hand != nil {
		if it, _ := r.hand.Find(name, 0); it != nil {
			return it.Kind == memtable.WordSet && !r.tree.counts(it.Under)
		}
	}
	for i := range r.voided {
		if _, ok := r.lookup(&r.voided[i], name); ok {
			return true
		}
	}
	return false
}

// Stored returns the config of the newest stamps in the tree, and whether it
// has any.
func (t *Tree) Stored() (format.Config, bool) {
	newest := t.loaded().newest()
	if newest == nil {
		return format.Config{}, false
	}
	return newest.Config, true
}

// Outgrown reports whether the WAL is larger than the snapshot: then a dump pays.
func (t *Tree) Outgrown() (bool, error) {
	wal, err := t.opt.fsys.Lstat(t.names.WAL)
	if disk.IsMissing(err) {
		return false, nil
	}
	if err != nil {
		return false, disk.Wrap(t.names.WAL, err)
	}
	snapshot, err := t.opt.fsys.Lstat(t.names.Snapshot)
	if err != nil && !disk.IsMissing(err) {
		return false, disk.Wrap(t.names.Snapshot, err)
	}
	return wal.Size > snapshot.Size, nil
}

// New reports whether there was nothing of the tree when it was first read.
func (t *Tree) New() bool {
	f := t.Facts()
	return !f.HasSnapshot && !f.HasWAL
}
