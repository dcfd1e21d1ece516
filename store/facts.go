package store

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
	Dumped Time
	// WALSize is in bytes. Records is how many stamps the WAL sets and drops.
	WALSize int64
	Records int
}

// Facts returns what there is to say of the tree's state files.
func (t *Tree) Facts() Facts {
	st := t.loaded()
	f := Facts{
		Snapshot:    t.names.snapshot,
		WAL:         t.names.wal,
		HasSnapshot: st.file != nil || st.snapshotErr() != nil,
		HasWAL:      st.wal != nil || st.walErr != nil,
		Stamps:      st.stamps(),
		Dumped:      st.info.mtime,
	}
	if st.wal != nil {
		f.WALSize, f.Records = st.wal.size, st.wal.records
	}
	return f
}
