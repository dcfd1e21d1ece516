package store

import (
	"treefilter/store/internal/format"
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
	// WALSize is in bytes. Records is how many stamps the WAL sets and drops.
	WALSize int64
	Records int
	// Version is that of the format.
	Version int
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
		Version:     format.FormatVersion,
	}
	if st.wal != nil {
		f.WALSize, f.Records = st.wal.Size, st.wal.Records
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
