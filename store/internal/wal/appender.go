package wal

import (
	"errors"
	"io"
	"time"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
	"treefilter/store/internal/memtable"
)

// ReopenAfter is how many bytes of records follow one open record at most.
// Should it be damaged, the next one still has the id that the records
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
	// Same reports whether a stamp of a file that was made under a config, with some
	// setting files, is as good as ours. Varies says that these files count.
	Same   func(under *format.Terms, path, settings string) bool
	Varies bool
	Wait   time.Duration
	// Current returns how to look up what the tree says now, and what to close
	// after that.
	Current func() (Lookup, io.Closer)

	F        disk.File       // nil until it is needed
	in       *Reader         // what f holds up to pos, from any process
	pos      int64           // how far f was read or written
	Session  *format.Session // with the id of f
	born     int64           // how long f was when we made it, 0 where others did
	opened   int64           // where our last open record in f ended
	mine     bool            // and no other process wrote after it
	Wrote    bool            // we have, to f
	dirty    bool            // f holds records of ours that may not be durable
	named    bool            // the name of f is durable
	unsure   bool            // f holds records of ours that are not vouched for
	WasRead  bool            // a WAL was read to its end, f or one before it
	lastRead error           // of the WAL that the present one has replaced
	Failed   error           // a sync failed: what the disk holds is unknown from then on
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
	if f != old && a.WasRead {
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

func (a *Appender) newSession(id string) *format.Session {
	s := format.NewSession(a.Program, id, a.Config)
	s.Volume, s.Root = a.Fsys.Volume(a.Root).ID, a.Names.Root
	return s
}

// head is what a WAL of ours begins with.
func (a *Appender) head() []byte { return a.newSession(format.NewID()).AppendOpen(nil) }

// Append writes the stamps in one piece, but for those that it refuses, and returns:
// see Arbitrate. When the error is nil the others survive the end of this process,
// and after Sync that of the machine. On an error the WAL is as it was before, or ends
// in a torn line that the next writer marks.
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
			switch a.Arbitrate(&entries[i], current) {
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
	if err == nil {
		for i := range kept {
			a.note(kept[i].Path, format.Record{Kind: format.RecordSet, Stamp: kept[i].Stamp}, a.Terms)
		}
	}
	if open != nil {
		err = errors.Join(err, open.Close())
	}
	return refused, err
}

// Take writes that the stamps of paths are taken away, as append does, and
// returns of how many. It asks for each whether that is still so while it holds
// the lock: a stamp made just before is older than our record.
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

// Fail writes that the command has failed on a file: a drop that remembers it.
func (a *Appender) Fail(path string, f format.Failure) error {
	return a.write(func(b []byte) []byte {
		f.Under = a.Session.Hash
		b = a.Session.AppendFailure(b, path, &f)
		r := format.Record{Kind: format.RecordDrop, Failure: &f}
		a.in.Count(r, a.Session)
		a.note(path, r, nil)
		return b
	})
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
	if info, err := a.F.Stat(); err != nil || info.Size > a.born || info.Links == 0 {
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
