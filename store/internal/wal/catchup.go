package wal

import (
	"cmp"
	"hash/crc32"
	"io"
	"os"
	"slices"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
	"treefilter/store/internal/snapshot"
	"treefilter/store/internal/words"
)

// replaced reads what others have added to a WAL before it was replaced by
// another.
func (a *Appender) replaced(old disk.File) {
	if old != a.F {
		return // opened just now, and never read
	}
	info, err := old.Stat()
	if err == nil {
		err = a.catchUpIn(old, info)
	}
	a.lastRead = err
}

// follows reports whether nothing that matters was said in WALs that came and
// went between the one read last and the present one: they held nothing but
// stamps made under our config.
func (a *Appender) follows() bool {
	f, info, err := disk.OpenState(a.Fsys, a.Names.Snapshot, os.O_RDONLY)
	if disk.IsMissing(err) {
		return a.Snapshot == disk.Info{}
	}
	if err != nil {
		return false
	}
	defer f.Close()
	before := a.Snapshot
	if a.Snapshot = info; info == before {
		return true
	}
	if a.Varies {
		return false // the configs of what was folded do not say it all
	}
	h, err := snapshot.HeaderOfSealed(f, info.Size, a.Program)
	if err != nil {
		return false
	}
	seen := a.NewestFolded
	if n := len(h.Folded); n > 0 {
		a.NewestFolded = h.Folded[n-1].ID
	}
	if a.in != nil && (a.in.Tally != format.Tally{} || a.in.Records > 0) { // else it was not folded
		seen = a.in.ID
	}
	i := slices.IndexFunc(h.Folded, func(f format.FoldedLog) bool { return f.ID == seen })
	if i < 0 && (seen != "" || len(h.Folded) >= format.MinFolded) {
		return false
	}
	return !slices.ContainsFunc(h.Folded[i+1:], func(f format.FoldedLog) bool { return f.Under != a.Hash[:format.FoldedHash] })
}

// CatchUp reads what f holds and was not read yet. The lock is held.
func (a *Appender) CatchUp(info disk.Info) error {
	if err := a.catchUpIn(a.F, info); err != nil {
		return disk.Wrap(a.Names.WAL, err)
	}
	id := a.in.ID
	if a.Session != nil && (id == "" || id == a.Session.ID) {
		return nil
	}
	// The id is in the first record, unless that is damaged.
	a.Session = a.newSession(cmp.Or(id, format.NewID()))
	a.in.Opened[a.Session] = true // before its first record
	return nil
}

func (a *Appender) catchUpIn(f disk.File, info disk.Info) error {
	if info.Size < a.pos { // cut, and not by us
		a.in, a.pos, a.Session = nil, 0, nil
		a.mine, a.dirty, a.unsure = false, false, false
		a.missed()
	}
	if a.in == nil {
		if format.IsTreestamps(f, info.Size) {
			return format.ErrTreestamps
		}
		a.in = NewReader(a.Program, words.Room{}, nil)
		a.in.take = a.takeNote
		goesOn, err := a.continues(f, info)
		if err != nil {
			return err
		}
		if goesOn {
			a.in.resume(a.Past)
			a.pos = a.Past.whole
		}
	}
	a.WasRead = true
	if info.Size == a.pos {
		return nil
	}
	if err := CheckWALSize(info.Size); err != nil {
		return err
	}
	a.Epoch.Add(1)
	if err := a.in.Read(io.NewSectionReader(f, a.pos, info.Size-a.pos)); err != nil {
		return err
	}
	if err := a.in.Check(); err != nil {
		return err
	}
	if a.in.HidesAll || a.in.HidesOthers != "" { // and what was lost is not known
		a.in.HidesAll, a.in.HidesOthers = false, ""
		a.missed()
	}
	a.pos, a.mine = info.Size, a.born > 0 && info.Size == a.born
	return nil
}

// continues reports whether f is the WAL that the tree was read from, and begins
// with what was read then. Its inode number does not show that: the number of a
// file that was removed is given to the next. Nor does its length: the end of it
// may have been a write that then failed, and was taken back.
func (a *Appender) continues(f disk.File, info disk.Info) (bool, error) {
	w := a.Past
	if w == nil || w.ID == "" || w.whole > info.Size {
		return false, nil
	}
	sum := crc32.New(format.Castagnoli)
	_, err := io.Copy(sum, io.NewSectionReader(f, 0, w.whole))
	return err == nil && sum.Sum32() == w.sum, err
}
