package state

import (
	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
	"treefilter/store/internal/memtable"
	"treefilter/store/internal/segment"
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
	// Segments are the WALs that one process each writes.
	Segments []SegmentFacts
	// Dumping is the dump that is under way on some machine, or was left behind, nil
	// for none.
	Dumping error
}

// SegmentFacts are what a segment is and holds.
type SegmentFacts struct {
	Path    string
	Bytes   int64
	Records int
	// Host and PID are its writer's, as far as that is known.
	Host string
	PID  int
	// Ended says that nothing will follow, and Gone that its writer has ended without
	// saying so.
	Ended, Gone bool
}

// Facts returns what there is to say of the tree's state files.
func (t *Tree) Facts() Facts {
	st := t.loaded()
	f := Facts{
		Snapshot:    t.names.Snapshot,
		WAL:         t.names.WAL,
		HasSnapshot: st.File != nil || st.SnapshotErr() != nil,
		HasWAL:      st.ofWAL != nil || st.walErr != nil,
		Stamps:      st.stamps(),
		Dumped:      st.Info.Mtime,
	}
	for _, l := range st.logs {
		if l.Path == f.WAL {
			f.Appended, f.WALSize, f.Records = st.walAt, l.Size, l.Records
			continue
		}
		f.Segments = append(f.Segments, SegmentFacts{
			Path: l.Path, Bytes: l.Size, Records: l.Records, Host: l.By.Host, PID: l.By.PID,
			Ended: l.Ended, Gone: !l.Ended && t.opt.fsys.Gone(l.By),
		})
	}
	f.Dumping = segment.Dumping(t.opt.fsys, t.names)
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
	voided := t.readerOf(&state{Snapshot: st.Snapshot})
	voided.counted, voided.voided = nil, r.open(false)
	for dir, it := range st.wal.Said.All() {
		if dir != voided.dir {
			voided.Enter(dir)
		}
		before := voided.isVoid(it.Name)
		void := it.Kind == memtable.WordSet && !t.same(it.Under)
		switch {
		case void && !before:
			stamps++
		case !void && before:
			stamps--
		}
	}
	return stamps
}

// isVoid reports whether the snapshot has a stamp of another config for a name.
func (r *Reader) isVoid(name string) bool {
	if it := r.hand.Find(name); it != nil {
		return it.Kind == memtable.WordSet && !r.tree.counts(it.Under)
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

// Outgrown reports whether the WAL, with the segments, is larger than the snapshot: then
// a dump pays.
func (t *Tree) Outgrown() (bool, error) {
	logs, segments, err := t.logSize()
	if err != nil || logs == 0 || segments > manySegments {
		return segments > manySegments, err
	}
	snapshot, err := t.opt.fsys.Lstat(t.names.Snapshot)
	if err != nil && !disk.IsMissing(err) {
		return false, disk.Wrap(t.names.Snapshot, err)
	}
	return logs > snapshot.Size, nil
}

// manySegments is how many make a dump pay, however short they are: on a file server
// each costs a reader some round trips.
const manySegments = 50

// logSize is how long the WAL and the segments are together, and how many these are.
func (t *Tree) logSize() (size int64, segments int, err error) {
	names, err := t.names.ListSegments(t.opt.fsys)
	if err != nil {
		return 0, 0, err
	}
	paths := []string{t.names.WAL}
	for _, name := range names {
		paths = append(paths, t.names.Segment(name))
	}
	for _, path := range paths {
		info, err := t.opt.fsys.Lstat(path)
		if err != nil && !disk.IsMissing(err) {
			return 0, 0, disk.Wrap(path, err)
		}
		size += info.Size
	}
	return size, len(names), nil
}

// New reports whether there was nothing of the tree when it was first read.
func (t *Tree) New() bool {
	f := t.Facts()
	return !f.HasSnapshot && !f.HasWAL && len(f.Segments) == 0
}
