package wal

import (
	"cmp"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"slices"
	"time"
	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
	"treefilter/store/internal/memtable"
	"treefilter/store/internal/snapshot"
)

// ReopenAfter is how many bytes of records follow one open record at most.
// Should it be damaged, the next one still tells the id that the records
// between them are checked with.
const ReopenAfter = 64 << 10

// Appender adds records to a tree's WAL, beside other processes that do the
// same or dump it, and takes notice of theirs.
type Appender struct {
	Fsys    disk.FS
	Root    string // of the tree
	Names   disk.Names
	Program string
	*format.Terms
	Wait time.Duration
	// current returns how to look up what the tree says now, and what to close
	// after that.
	Current func() (Lookup, io.Closer)

	F        disk.File       // nil until it is needed
	in       *Reader         // what f holds up to pos, whoever wrote it
	pos      int64           // how far f was read or written
	Session  *format.Session // with the id of f
	born     int64           // how long f was when we made it, 0 where others did
	opened   int64           // where our last open record in f ended
	mine     bool            // nobody else wrote after it
	Wrote    bool            // we have, to f
	dirty    bool            // f holds records of ours that may not be durable
	named    bool            // the name of f is durable
	unsure   bool            // f holds records of ours that are not vouched for
	Heard    bool            // a WAL was read to its end, be it f or one before
	lastRead error           // of the WAL that the present one has replaced
	Failed   error           // a sync failed: what the disk holds is unknown for good
	buf      []byte

	news
}

// Lock takes the lock of the WAL that the name leads to now.
func (a *Appender) Lock() (disk.Info, error) { return a.lockFor(a.Wait) }

func (a *Appender) lockFor(wait time.Duration) (disk.Info, error) {
	if err := a.Names.Usable(a.Fsys); err != nil {
		return disk.Info{}, err
	}
	old := a.F
	l := walLock{fsys: a.Fsys, names: a.Names, wait: wait, head: a.head, replaced: a.replaced}
	f, info, err := l.take(old)
	a.F = f
	if f != old && a.Heard {
		if err != nil || a.lastRead != nil || !a.follows() {
			a.missed()
		}
		a.Past = nil
	}
	if f != old {
		// Another WAL, though its inode number may be the same: it is free for
		// use once we have closed the old one. Records of ours in a WAL that
		// is gone are in the snapshot that the dump made durable before it
		// removed the WAL.
		a.in, a.pos, a.Session = nil, 0, nil
		a.mine, a.Wrote, a.dirty, a.unsure, a.named = false, false, false, false, false
		if a.born = 0; l.made {
			a.born = info.Size
		}
		a.opened = a.born
	}
	if err != nil {
		return info, disk.Wrap(a.Names.WAL, err)
	}
	return info, nil
}

func (a *Appender) Unlock() error {
	if err := unlockWAL(a.F); err != nil {
		return disk.Wrap(a.Names.WAL, err)
	}
	return nil
}

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
	i := slices.IndexFunc(h.Folded, func(f format.FoldedWAL) bool { return f.ID == seen })
	if i < 0 && (seen != "" || len(h.Folded) == format.MaxFolded) {
		return false
	}
	return !slices.ContainsFunc(h.Folded[i+1:], func(f format.FoldedWAL) bool { return f.Under != a.Hash[:format.FoldedHash] })
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

func (a *Appender) newSession(id string) *format.Session {
	s := format.NewSession(a.Program, id, a.Config)
	s.Volume = a.Fsys.Volume(a.Root).ID
	return s
}

// head is what a WAL of ours begins with.
func (a *Appender) head() []byte { return a.newSession(format.NewID()).AppendOpen(nil) }

func (a *Appender) catchUpIn(f disk.File, info disk.Info) error {
	if info.Size < a.pos { // emptied by a dump, where a file in use cannot be removed
		a.in, a.pos, a.Session = nil, 0, nil
		a.mine, a.dirty, a.unsure = false, false, false
		a.missed()
	}
	if a.in == nil {
		if format.IsTreestamps(f, info.Size) {
			return format.ErrTreestamps
		}
		a.in = NewReader(a.Program, nil)
		a.in.Said = nil
		a.in.take = a.hear
		goesOn, err := a.continues(f, info)
		if err != nil {
			return err
		}
		if goesOn {
			a.in.resume(a.Past)
			a.pos = a.Past.whole
		}
	}
	a.Heard = true
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

// Append writes the stamps in one piece, but those that others have spoken
// against since their file was looked at, which it returns: see judge. When the
// error is nil the others survive the end of this process, and after sync that of
// the machine. On an error the WAL is as it was before.
func (a *Appender) Append(entries []format.Entry) (refused []format.Entry, err error) {
	var kept []format.Entry
	var now Lookup
	var open io.Closer
	current := func(path string) (format.Stamp, bool) {
		if now == nil {
			now, open = a.Current()
		}
		return now(path)
	}
	err = a.write(func(b []byte) []byte {
		for i := range entries {
			switch a.Judge(&entries[i], current) {
			case Leave:
				refused = append(refused, entries[i])
				continue
			case Refuse:
				b = a.Session.AppendTake(b, format.RecordDrop, entries[i].Path)
				a.in.Count(format.Record{Kind: format.RecordDrop}, a.Session)
				a.note(entries[i].Path, format.Record{Kind: format.RecordDrop}, nil)
				refused = append(refused, entries[i])
				continue
			}
			b = a.Session.AppendSet(b, entries[i])
			a.in.Count(format.Record{Kind: format.RecordSet}, a.Session)
			if a.Words != nil {
				kept = append(kept, entries[i])
			}
		}
		return b
	})
	if open != nil {
		err = errors.Join(err, open.Close())
	}
	for i := range kept {
		a.note(kept[i].Path, format.Record{Kind: format.RecordSet, Stamp: kept[i].Stamp}, a.Terms)
	}
	return refused, err
}

// Take writes that the stamps of paths are taken away, as append does, and
// returns of how many. It asks for each whether that is still so while it holds
// the lock: a stamp that somebody has just made of it is older than our record.
func (a *Appender) Take(kind format.RecordKind, paths []string, still func(path string) bool) (taken int, err error) {
	err = a.write(func(b []byte) []byte {
		for _, p := range paths {
			if !still(p) {
				continue
			}
			b = a.Session.AppendTake(b, kind, p)
			a.in.Count(format.Record{Kind: kind}, a.Session)
			a.note(p, format.Record{Kind: kind}, nil)
			taken++
		}
		return b
	})
	if err != nil {
		return 0, err
	}
	return taken, nil
}

// Overrule writes words of ours, sets and drops under whole paths, for one who
// holds the lock.
func (a *Appender) Overrule(info disk.Info, words []memtable.Word) error {
	return a.writeLocked(info, func(b []byte) []byte {
		for i := range words {
			kind := format.RecordDrop
			if words[i].Kind == memtable.WordSet {
				kind = format.RecordSet
				b = a.Session.AppendSet(b, format.Entry{Path: words[i].Name, Stamp: words[i].Stamp()})
			} else {
				b = a.Session.AppendTake(b, kind, words[i].Name)
			}
			a.in.Count(format.Record{Kind: kind}, a.Session)
		}
		return b
	})
}

// write appends the records that encode writes, called under the lock: nothing,
// where it writes none.
func (a *Appender) write(encode func([]byte) []byte) (err error) {
	if a.Failed != nil {
		return a.Failed
	}
	info, err := a.Lock()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Unlock()) }()
	return a.writeLocked(info, encode)
}

// writeLocked is write for one who holds the lock already.
func (a *Appender) writeLocked(info disk.Info, encode func([]byte) []byte) error {
	if err := a.CatchUp(info); err != nil {
		return err
	}
	before := a.in.Tally
	b, err := a.begin(info)
	if err != nil {
		return err
	}
	fresh := !a.mine || a.pos-a.opened > ReopenAfter
	if fresh {
		b = a.Session.AppendOpen(b)
	}
	head := int64(len(b))
	if b = encode(b); int64(len(b)) == head {
		return nil
	}
	a.dirty, a.unsure = true, true
	if err := a.put(info, b); err != nil {
		a.in.Tally = before
		return err
	}
	if fresh {
		a.opened = info.Size + head
	}
	return nil
}

// begin returns what must stand before the first record of a batch.
func (a *Appender) begin(info disk.Info) ([]byte, error) {
	b := a.buf[:0]
	if info.Size == 0 || a.mine {
		return b, nil
	}
	// Somebody else wrote last, or was cut off: a record ends in a line end.
	last := []byte{'\n'}
	if err := format.ReadFull(a.F, last, info.Size-1); err != nil {
		return nil, disk.Wrap(a.Names.WAL, err)
	}
	if last[0] != '\n' {
		b = append(b, tornEnd+"\n"+tornMark+"\n"...)
	}
	return b, nil
}

// put writes records to the end of the WAL, all or none.
func (a *Appender) put(info disk.Info, b []byte) error {
	a.buf = b
	if err := CheckWALSize(info.Size + int64(len(b))); err != nil {
		return disk.Wrap(a.Names.WAL, fmt.Errorf("%w: dump it first", err))
	}
	if n, err := a.F.Write(b); err != nil {
		a.mine = false
		if n > 0 {
			if lost := a.F.Truncate(info.Size); lost != nil {
				err = errors.Join(err, lost)
			}
		}
		return disk.Wrap(a.Names.WAL, err)
	}
	a.pos, a.mine, a.Wrote, a.in.ID = info.Size+int64(len(b)), true, true, a.Session.ID
	return nil
}

// Sync makes everything appended so far durable, and then vouches for it.
func (a *Appender) Sync() error {
	if a.Failed != nil || a.F == nil {
		return a.Failed
	}
	if a.dirty {
		if err := a.Flush(); err != nil {
			return err
		}
	}
	if !a.unsure {
		return nil
	}
	return a.vouch()
}

// Flush makes the WAL and its name durable. After a failure the kernel may have
// dropped what it could not write and call the next sync a success, so a failure
// is final.
func (a *Appender) Flush() error {
	err := a.F.Sync()
	if err == nil && !a.named {
		err = a.Names.Sync(a.Fsys)
	}
	if err != nil {
		a.Failed = disk.Wrap(a.Names.WAL, err)
		return a.Failed
	}
	a.dirty, a.named = false, true
	return nil
}

// vouchWait bounds the wait for the lock before records are vouched for: who has
// it vouches for ours too, sooner or later, and they are durable without that.
const vouchWait = time.Second

// vouch appends an open record that counts those before it, so that one which
// damage takes is missed. All of them must be durable: after a crash nothing may
// be missed that was never acknowledged.
func (a *Appender) vouch() (err error) {
	info, err := a.lockFor(min(a.Wait, vouchWait))
	if errors.Is(err, ErrLocked) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Unlock()) }()
	alone := a.mine && info.Size == a.pos
	if err := a.CatchUp(info); err != nil {
		return err
	}
	if !a.unsure || a.in.Tally == a.in.Vouched {
		a.unsure = false
		return nil
	}
	if !alone {
		if err := a.Flush(); err != nil {
			return err
		}
	}
	b, err := a.begin(info)
	if err != nil {
		return err
	}
	sealing := *a.Session
	told := a.in.Tally
	sealing.After = &told
	b = sealing.AppendOpen(b)
	if err := a.put(info, b); err != nil {
		return nil // a full disk, say: the records are safe without it
	}
	a.opened, a.in.Vouched, a.unsure = a.pos, told, false
	return nil
}

// Now is the present on the clock of the file system that holds the WAL. It
// may make the WAL; close removes it again if nothing is appended.
func (a *Appender) Now() (format.Time, error) {
	if a.F == nil {
		if _, err := a.Lock(); err != nil {
			return format.Time{}, err
		}
		if err := a.Unlock(); err != nil {
			return format.Time{}, err
		}
	}
	if err := a.F.Touch(); err != nil {
		return format.Time{}, disk.Wrap(a.Names.WAL, err)
	}
	info, err := a.F.Stat()
	if err != nil {
		return format.Time{}, disk.Wrap(a.Names.WAL, err)
	}
	return info.Mtime, nil
}

// Close removes a WAL that we made and wrote nothing to, and an empty folder in a
// state directory.
func (a *Appender) Close() error {
	if a.F == nil {
		return nil
	}
	var err error
	if !a.Wrote {
		err = a.removeEmpty()
	}
	if a.F != nil {
		err = errors.Join(err, a.F.Close())
		a.F = nil
	}
	if !a.Wrote && a.Names.Base != "" {
		_ = a.Fsys.Remove(a.Names.Dir) // refused where it holds anything
	}
	return err
}

func (a *Appender) removeEmpty() error {
	if info, err := a.F.Stat(); err != nil || info.Size > a.born || info.Links == 0 || !disk.RemoveOpen {
		return err
	}
	info, err := a.Lock()
	if err != nil {
		return err
	}
	if info.Size == a.born {
		err = a.Fsys.Remove(a.Names.WAL)
	}
	return errors.Join(err, a.Unlock())
}
