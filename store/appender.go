package store

import (
	"cmp"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"slices"
	"time"
)

// reopenAfter is how many bytes of records follow one open record at most.
// Should it be damaged, the next one still tells the id that the records
// between them are checked with.
const reopenAfter = 64 << 10

// appender adds records to a tree's WAL, beside other processes that do the
// same or dump it, and takes notice of theirs.
type appender struct {
	fsys    fileSystem
	root    string // of the tree
	names   names
	program string
	*terms
	wait time.Duration
	// current returns how to look up what the tree says now, and what to close
	// after that.
	current func() (lookup, io.Closer)

	f        file       // nil until it is needed
	in       *walReader // what f holds up to pos, whoever wrote it
	pos      int64      // how far f was read or written
	session  *session   // with the id of f
	born     int64      // how long f was when we made it, 0 where others did
	opened   int64      // where our last open record in f ended
	mine     bool       // nobody else wrote after it
	wrote    bool       // we have, to f
	dirty    bool       // f holds records of ours that may not be durable
	named    bool       // the name of f is durable
	unsure   bool       // f holds records of ours that are not vouched for
	heard    bool       // a WAL was read to its end, be it f or one before
	lastRead error      // of the WAL that the present one has replaced
	failed   error      // a sync failed: what the disk holds is unknown for good
	buf      []byte

	news
}

// lock takes the lock of the WAL that the name leads to now.
func (a *appender) lock() (fileInfo, error) { return a.lockFor(a.wait) }

func (a *appender) lockFor(wait time.Duration) (fileInfo, error) {
	if err := a.names.usable(a.fsys); err != nil {
		return fileInfo{}, err
	}
	old := a.f
	l := walLock{fsys: a.fsys, names: a.names, wait: wait, head: a.head, replaced: a.replaced}
	f, info, err := l.take(old)
	a.f = f
	if f != old && a.heard {
		if err != nil || a.lastRead != nil || !a.follows() {
			a.missed()
		}
		a.past = nil
	}
	if f != old {
		// Another WAL, though its inode number may be the same: it is free for
		// use once we have closed the old one. Records of ours in a WAL that
		// is gone are in the snapshot that the dump made durable before it
		// removed the WAL.
		a.in, a.pos, a.session = nil, 0, nil
		a.mine, a.wrote, a.dirty, a.unsure, a.named = false, false, false, false, false
		if a.born = 0; l.made {
			a.born = info.size
		}
		a.opened = a.born
	}
	if err != nil {
		return info, stateError(a.names.wal, err)
	}
	return info, nil
}

func (a *appender) unlock() error {
	if err := unlockWAL(a.f); err != nil {
		return stateError(a.names.wal, err)
	}
	return nil
}

// replaced reads what others have added to a WAL before it was replaced by
// another.
func (a *appender) replaced(old file) {
	if old != a.f {
		return // opened just now, and never read
	}
	info, err := old.stat()
	if err == nil {
		err = a.catchUpIn(old, info)
	}
	a.lastRead = err
}

// follows reports whether nothing that matters was said in WALs that came and
// went between the one read last and the present one: they held nothing but
// stamps made under our config.
func (a *appender) follows() bool {
	f, info, err := openState(a.fsys, a.names.snapshot, os.O_RDONLY)
	if missing(err) {
		return a.snapshot == fileInfo{}
	}
	if err != nil {
		return false
	}
	defer f.Close()
	before := a.snapshot
	if a.snapshot = info; info == before {
		return true
	}
	h, err := headerOfSealed(f, info.size, a.program)
	if err != nil {
		return false
	}
	seen := a.newestFolded
	if n := len(h.folded); n > 0 {
		a.newestFolded = h.folded[n-1].id
	}
	if a.in != nil && (a.in.tally != tally{} || a.in.records > 0) { // else it was not folded
		seen = a.in.id
	}
	i := slices.IndexFunc(h.folded, func(f foldedWAL) bool { return f.id == seen })
	if i < 0 && (seen != "" || len(h.folded) == maxFolded) {
		return false
	}
	return !slices.ContainsFunc(h.folded[i+1:], func(f foldedWAL) bool { return f.under != a.hash[:foldedHash] })
}

// catchUp reads what f holds and was not read yet. The lock is held.
func (a *appender) catchUp(info fileInfo) error {
	if err := a.catchUpIn(a.f, info); err != nil {
		return stateError(a.names.wal, err)
	}
	id := a.in.id
	if a.session != nil && (id == "" || id == a.session.id) {
		return nil
	}
	// The id is in the first record, unless that is damaged.
	a.session = a.newSession(cmp.Or(id, newID()))
	a.in.opened[a.session] = true // before its first record
	return nil
}

func (a *appender) newSession(id string) *session {
	s := newSession(a.program, id, a.config)
	s.volume = a.fsys.volume(a.root).id
	return s
}

// head is what a WAL of ours begins with.
func (a *appender) head() []byte { return a.newSession(newID()).appendOpen(nil) }

func (a *appender) catchUpIn(f file, info fileInfo) error {
	if info.size < a.pos { // emptied by a dump, where a file in use cannot be removed
		a.in, a.pos, a.session = nil, 0, nil
		a.mine, a.dirty, a.unsure = false, false, false
		a.missed()
	}
	if a.in == nil {
		if isTreestamps(f, info.size) {
			return ErrTreestamps
		}
		a.in = newWALReader(a.program, nil)
		a.in.said = nil
		a.in.take = a.hear
		goesOn, err := a.continues(f, info)
		if err != nil {
			return err
		}
		if goesOn {
			a.in.resume(a.past)
			a.pos = a.past.whole
		}
	}
	a.heard = true
	if info.size == a.pos {
		return nil
	}
	if err := checkWALSize(info.size); err != nil {
		return err
	}
	a.epoch.Add(1)
	if err := a.in.read(io.NewSectionReader(f, a.pos, info.size-a.pos)); err != nil {
		return err
	}
	if err := a.in.check(); err != nil {
		return err
	}
	if a.in.hidesAll || a.in.hidesOthers != "" { // and what was lost is not known
		a.in.hidesAll, a.in.hidesOthers = false, ""
		a.missed()
	}
	a.pos, a.mine = info.size, a.born > 0 && info.size == a.born
	return nil
}

// continues reports whether f is the WAL that the tree was read from, and begins
// with what was read then. Its inode number does not show that: the number of a
// file that was removed is given to the next. Nor does its length: the end of it
// may have been a write that then failed, and was taken back.
func (a *appender) continues(f file, info fileInfo) (bool, error) {
	w := a.past
	if w == nil || w.id == "" || w.whole > info.size {
		return false, nil
	}
	sum := crc32.New(castagnoli)
	_, err := io.Copy(sum, io.NewSectionReader(f, 0, w.whole))
	return err == nil && sum.Sum32() == w.sum, err
}

// append writes the stamps in one piece, but those that others have spoken
// against since their file was looked at, which it returns: see judge. When the
// error is nil the others survive the end of this process, and after sync that of
// the machine. On an error the WAL is as it was before.
func (a *appender) append(entries []Entry) (refused []Entry, err error) {
	var kept []Entry
	var now lookup
	var open io.Closer
	current := func(path string) (Stamp, bool) {
		if now == nil {
			now, open = a.current()
		}
		return now(path)
	}
	err = a.write(func(b []byte) []byte {
		for i := range entries {
			switch a.judge(&entries[i], current) {
			case leave:
				refused = append(refused, entries[i])
				continue
			case refuse:
				b = a.session.appendTake(b, recordDrop, entries[i].Path)
				a.in.count(record{kind: recordDrop}, a.session)
				a.note(entries[i].Path, record{kind: recordDrop}, nil)
				refused = append(refused, entries[i])
				continue
			}
			b = a.session.appendSet(b, entries[i])
			a.in.count(record{kind: recordSet}, a.session)
			if a.words != nil {
				kept = append(kept, entries[i])
			}
		}
		return b
	})
	if open != nil {
		err = errors.Join(err, open.Close())
	}
	for i := range kept {
		a.note(kept[i].Path, record{kind: recordSet, stamp: kept[i].Stamp}, a.terms)
	}
	return refused, err
}

// take writes that the stamps of paths are taken away, as append does, and
// returns of how many. It asks for each whether that is still so while it holds
// the lock: a stamp that somebody has just made of it is older than our record.
func (a *appender) take(kind recordKind, paths []string, still func(path string) bool) (taken int, err error) {
	err = a.write(func(b []byte) []byte {
		for _, p := range paths {
			if !still(p) {
				continue
			}
			b = a.session.appendTake(b, kind, p)
			a.in.count(record{kind: kind}, a.session)
			a.note(p, record{kind: kind}, nil)
			taken++
		}
		return b
	})
	if err != nil {
		return 0, err
	}
	return taken, nil
}

// overrule writes words of ours, sets and drops under whole paths, for one who
// holds the lock.
func (a *appender) overrule(info fileInfo, words []item) error {
	return a.writeLocked(info, func(b []byte) []byte {
		for i := range words {
			kind := recordDrop
			if words[i].kind == wordSet {
				kind = recordSet
				b = a.session.appendSet(b, Entry{Path: words[i].name, Stamp: words[i].stamp()})
			} else {
				b = a.session.appendTake(b, kind, words[i].name)
			}
			a.in.count(record{kind: kind}, a.session)
		}
		return b
	})
}

// write appends the records that encode writes, called under the lock: nothing,
// where it writes none.
func (a *appender) write(encode func([]byte) []byte) (err error) {
	if a.failed != nil {
		return a.failed
	}
	info, err := a.lock()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.unlock()) }()
	return a.writeLocked(info, encode)
}

// writeLocked is write for one who holds the lock already.
func (a *appender) writeLocked(info fileInfo, encode func([]byte) []byte) error {
	if err := a.catchUp(info); err != nil {
		return err
	}
	before := a.in.tally
	b, err := a.begin(info)
	if err != nil {
		return err
	}
	fresh := !a.mine || a.pos-a.opened > reopenAfter
	if fresh {
		b = a.session.appendOpen(b)
	}
	head := int64(len(b))
	if b = encode(b); int64(len(b)) == head {
		return nil
	}
	a.dirty, a.unsure = true, true
	if err := a.put(info, b); err != nil {
		a.in.tally = before
		return err
	}
	if fresh {
		a.opened = info.size + head
	}
	return nil
}

// begin returns what must stand before the first record of a batch.
func (a *appender) begin(info fileInfo) ([]byte, error) {
	b := a.buf[:0]
	if info.size == 0 || a.mine {
		return b, nil
	}
	// Somebody else wrote last, or was cut off: a record ends in a line end.
	last := []byte{'\n'}
	if err := readFull(a.f, last, info.size-1); err != nil {
		return nil, stateError(a.names.wal, err)
	}
	if last[0] != '\n' {
		b = append(b, tornEnd+"\n"+tornMark+"\n"...)
	}
	return b, nil
}

// put writes records to the end of the WAL, all or none.
func (a *appender) put(info fileInfo, b []byte) error {
	a.buf = b
	if err := checkWALSize(info.size + int64(len(b))); err != nil {
		return stateError(a.names.wal, fmt.Errorf("%w: dump it first", err))
	}
	if n, err := a.f.Write(b); err != nil {
		a.mine = false
		if n > 0 {
			if lost := a.f.truncate(info.size); lost != nil {
				err = errors.Join(err, lost)
			}
		}
		return stateError(a.names.wal, err)
	}
	a.pos, a.mine, a.wrote, a.in.id = info.size+int64(len(b)), true, true, a.session.id
	return nil
}

// sync makes everything appended so far durable, and then vouches for it.
func (a *appender) sync() error {
	if a.failed != nil || a.f == nil {
		return a.failed
	}
	if a.dirty {
		if err := a.flush(); err != nil {
			return err
		}
	}
	if !a.unsure {
		return nil
	}
	return a.vouch()
}

// flush makes the WAL and its name durable. After a failure the kernel may have
// dropped what it could not write and call the next sync a success, so a failure
// is final.
func (a *appender) flush() error {
	err := a.f.sync()
	if err == nil && !a.named {
		err = a.names.sync(a.fsys)
	}
	if err != nil {
		a.failed = stateError(a.names.wal, err)
		return a.failed
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
func (a *appender) vouch() (err error) {
	info, err := a.lockFor(min(a.wait, vouchWait))
	if errors.Is(err, ErrLocked) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.unlock()) }()
	alone := a.mine && info.size == a.pos
	if err := a.catchUp(info); err != nil {
		return err
	}
	if !a.unsure || a.in.tally == a.in.vouched {
		a.unsure = false
		return nil
	}
	if !alone {
		if err := a.flush(); err != nil {
			return err
		}
	}
	b, err := a.begin(info)
	if err != nil {
		return err
	}
	sealing := *a.session
	told := a.in.tally
	sealing.after = &told
	b = sealing.appendOpen(b)
	if err := a.put(info, b); err != nil {
		return nil // a full disk, say: the records are safe without it
	}
	a.opened, a.in.vouched, a.unsure = a.pos, told, false
	return nil
}

// now is the present on the clock of the file system that holds the WAL. It
// may make the WAL; close removes it again if nothing is appended.
func (a *appender) now() (Time, error) {
	if a.f == nil {
		if _, err := a.lock(); err != nil {
			return Time{}, err
		}
		if err := a.unlock(); err != nil {
			return Time{}, err
		}
	}
	if err := a.f.touch(); err != nil {
		return Time{}, stateError(a.names.wal, err)
	}
	info, err := a.f.stat()
	if err != nil {
		return Time{}, stateError(a.names.wal, err)
	}
	return info.mtime, nil
}

// close removes a WAL that we made and wrote nothing to, and an empty folder in a
// state directory.
func (a *appender) close() error {
	if a.f == nil {
		return nil
	}
	var err error
	if !a.wrote {
		err = a.removeEmpty()
	}
	if a.f != nil {
		err = errors.Join(err, a.f.Close())
		a.f = nil
	}
	if !a.wrote && a.names.base != "" {
		_ = a.fsys.remove(a.names.dir) // refused where it holds anything
	}
	return err
}

func (a *appender) removeEmpty() error {
	if info, err := a.f.stat(); err != nil || info.size > a.born || info.links == 0 || !removeOpen {
		return err
	}
	info, err := a.lock()
	if err != nil {
		return err
	}
	if info.size == a.born {
		err = a.fsys.remove(a.names.wal)
	}
	return errors.Join(err, a.unlock())
}
