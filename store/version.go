package store

// A Version tells apart what a tree's files hold at different times.
type Version struct {
	id       string // of the WAL
	size     int64  // of the WAL, 0 for none
	snapshot fileInfo
}

// Version returns that of the tree when it was first read.
func (t *Tree) Version() Version {
	st := t.loaded()
	v := Version{snapshot: st.info}
	if st.wal != nil {
		v.id, v.size = st.wal.id, st.wal.size
	}
	return v
}

// AppendAt appends stamps as Append does, but none once somebody else has written
// to the tree since the given version of it was read: what they recorded may be
// news to these stamps. Everything else that this Tree appends must be, too.
func (t *Tree) AppendAt(v Version, entries []Entry) error {
	return t.put(entries, func(entries []Entry) error { return t.app.appendAt(v, entries) })
}

func (a *appender) appendAt(v Version, entries []Entry) error {
	return a.write(func(b []byte) []byte {
		if !a.isAt(v) {
			return b
		}
		return a.appendSets(b, entries)
	})
}

// isAt tells, under the lock, whether nobody else has written since the version.
func (a *appender) isAt(v Version) bool {
	info, err := a.f.stat()
	if err != nil {
		return false
	}
	if a.end > 0 {
		return info.size == a.end // the first of ours came right behind it
	}
	snapshot, err := a.fsys.lstat(a.names.snapshot)
	if err != nil && !missing(err) {
		return false
	}
	if err != nil {
		snapshot = fileInfo{}
	}
	return info.size == v.size && (v.size == 0 || a.session.id == v.id) && snapshot == v.snapshot
}
