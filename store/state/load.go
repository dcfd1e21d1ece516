package state

import (
	"errors"
	"os"
	"slices"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
	"treefilter/store/internal/memtable"
	"treefilter/store/internal/segment"
	"treefilter/store/internal/snapshot"
	"treefilter/store/internal/wal"
	"treefilter/store/internal/words"
)

// state is what the files of a tree held at one moment. A file that cannot
// be read, or must not be trusted, leaves a problem; a WAL that cannot be read
// voids the snapshot too, since it may have taken back what that says.
type state struct {
	wal   *wal.Log    // what the WAL and the segments say, nil where there is neither
	walAt format.Time // the mtime of the WAL
	*snapshot.Snapshot

	ofWAL *wal.Log       // the WAL alone
	logs  []*segment.Log // it, and the segments

	walErr error // why the WAL, or a segment, cannot be read
}

// loadTries bounds how often a reader starts again because a dump replaced the
// files between its two opens. In the end it takes what it has: at worst a
// stamp that is older than the newest.
const loadTries = 8

// load reads the state without a lock: first the segments, then the WAL, then the
// snapshot. A dump in between makes a stamp be seen twice, never not at all.
func load(opt Options, n disk.Names) *state {
	fsys, program := opt.fsys, opt.Program
	if err := n.Usable(fsys); err != nil {
		return &state{walErr: err, Snapshot: &snapshot.Snapshot{}}
	}
	for try := 1; ; try++ {
		st := &state{}
		segments, gone, err := segment.ReadAll(fsys, n, program)
		st.logs, st.walErr = segments, err
		opened, err := st.loadWAL(opt, n)
		if err != nil {
			st.walErr = disk.Wrap(n.WAL, err)
		}
		st.Snapshot = snapshot.Open(fsys, n.Snapshot, program)
		named, err := fsys.Lstat(n.WAL)
		same := st.ofWAL == nil && disk.IsMissing(err) || err == nil && named.SameFile(opened)
		folded := segment.Folded(st.Header.Folded)
		same = same && segment.Complete(st.logs, gone, folded)
		if st.walErr == nil {
			st.wal = segment.Combine(st.logs, folded)
		}
		if same || st.walErr != nil || try == loadTries {
			if st.Hand != nil {
				st.Hand.Said = st.Hand.Said.Without(func(it *memtable.Word) bool { return it.Kind == memtable.WordSet && st.hides(it.Under.Hash) })
			}
			return st
		}
		st.Close()
	}
}

func (st *state) loadWAL(opt Options, n disk.Names) (info disk.Info, err error) {
	f, info, err := disk.OpenState(opt.fsys, n.WAL, os.O_RDONLY)
	if disk.IsMissing(err) {
		return info, nil
	}
	if err != nil {
		return info, err
	}
	room := words.Room{Bytes: opt.room, FS: opt.fsys}
	if len(st.logs) > 0 {
		room.Bytes = 0 // to be combined with segments, which is done in memory
	}
	if format.IsTreestamps(f, info.Size) {
		err = format.ErrTreestamps
	} else if err = wal.CheckWALSize(info.Size); err == nil {
		st.ofWAL, err = wal.Read(f, opt.Program, room)
	}
	if err == nil {
		st.walAt, err = info.Mtime, st.ofWAL.Check()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		if st.ofWAL != nil {
			err = errors.Join(err, st.ofWAL.Said.Close())
		}
		st.ofWAL = nil
		return info, err
	}
	st.logs = append(st.logs, segment.OfWAL(st.ofWAL, n.WAL))
	return info, err
}

// hides reports whether the stamps of the snapshot that were made under a
// config do not count, because what is known of the WAL does not rule out that
// it has taken them back.
func (st *state) hides(hash string) bool {
	switch {
	case st.walErr != nil:
		return true
	case st.wal == nil:
		return false
	}
	return st.wal.HidesAll || st.wal.HidesOthers != "" && st.wal.HidesOthers != hash
}

func (st *state) problems() []error {
	problems := []error{st.walErr}
	for _, l := range st.logs {
		problems = append(problems, l.Problem(), l.Unread())
	}
	problems = append(problems, st.SnapshotErr())
	return slices.DeleteFunc(problems, func(err error) bool { return err == nil })
}

// newest returns the config of the newest stamps, whether they count or not,
// nil where there are none.
func (st *state) newest() *format.Terms {
	switch {
	case st.wal != nil && st.wal.Last != nil:
		return st.wal.Last.Terms
	case len(st.Parts) > 0 && st.Parts[0].Stamps > 0 && st.Parts[0].ConfigErr == nil:
		return st.Parts[0].Terms
	}
	return nil
}

// volume is the file system that the tree lay on when the newest stamps were
// made, "" where it is not known.
func (st *state) volume() string {
	if st.wal != nil && st.wal.Last != nil {
		return st.wal.Last.Volume
	}
	return st.Header.Volume
}

// said returns what is known of files beside what the snapshot holds in place: what one
// says that was written by hand, and the WAL.
func (st *state) said() (hand, wal *words.Words) {
	if st.Hand != nil {
		hand = words.Of(st.Hand.Said)
	}
	if st.wal != nil {
		wal = st.wal.Said
	}
	return hand, wal
}

// Close gives up the snapshot, and what was read of the WAL.
func (st *state) Close() error {
	err := st.Snapshot.Close()
	for _, l := range st.logs {
		err = errors.Join(err, l.Said.Close())
	}
	return err
}
