package store

import (
	"bufio"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"
)

// reopenAfter is how many bytes of records follow one open record at most.
// Should it be damaged, the next one still tells the id that the records
// between them are checked with.
const reopenAfter = 64 << 10

// appender adds records to a tree's WAL, beside other processes that do the
// same or dump it.
type appender struct {
	fsys    fileSystem
	root    string // of the tree
	names   names
	program string
	config  Config
	wait    time.Duration

	f       file     // nil until it is needed
	session *session // with the id of f
	end     int64    // where our last write to f ended, 0 when there was none, -1 when it failed
	opened  int64    // where our last open record in f ended
	dirty   bool     // f holds records of ours that may not be durable
	named   bool     // the name of f is durable
	failed  error    // a sync failed: what the disk holds is unknown for good
	buf     []byte
}

// lock takes the lock of the WAL that the name leads to now.
func (a *appender) lock() (fileInfo, error) {
	if err := a.names.usable(a.fsys); err != nil {
		return fileInfo{}, err
	}
	old := a.f
	f, info, err := lockWAL(a.fsys, a.names, old, a.wait)
	a.f = f
	if f != old {
		// Another WAL, though its inode number may be the same: it is free for
		// use once we have closed the old one. Records of ours in a WAL that
		// is gone are in the snapshot that the dump made durable before it
		// removed the WAL.
		a.session, a.end, a.opened, a.dirty, a.named = nil, 0, 0, false, false
	}
	if err != nil {
		return info, stateError(a.names.wal, err)
	}
	if a.session == nil || info.size != a.end {
		// Somebody else wrote since: perhaps the first record, which gave the
		// file its id.
		if a.session, err = a.join(info); err != nil {
			return info, errors.Join(stateError(a.names.wal, err), a.unlock())
		}
	}
	return info, nil
}

func (a *appender) unlock() error {
	if err := a.f.unlock(); err != nil {
		return stateError(a.names.wal, err)
	}
	return nil
}

// join makes a session for the WAL as it stands: all sessions of one file
// share its id, so that a block of an older file is known for what it is.
func (a *appender) join(info fileInfo) (*session, error) {
	if err := checkWALSize(info.size); err != nil {
		return nil, err
	}
	if isTreestamps(a.f, info.size) {
		return nil, ErrTreestamps
	}
	if info.size > 0 {
		id, err := a.readID()
		if err != nil {
			return nil, err
		}
		if id != "" {
			return a.newSession(id), nil
		}
	}
	var id [8]byte
	rand.Read(id[:])
	return a.newSession(hex.EncodeToString(id[:])), nil
}

func (a *appender) newSession(id string) *session {
	s := newSession(a.program, id, a.config)
	s.volume = a.fsys.volume(a.root).id
	return s
}

// readID finds the id of a WAL: nearly always in its first line.
func (a *appender) readID() (string, error) {
	first, err := bufio.NewReader(io.NewSectionReader(a.f, 0, maxRecord)).ReadBytes('\n')
	if err == nil {
		first = first[:len(first)-1]
		if body, crc, ok := cutCRC(first); ok && crc == crc32Of(body) {
			if r, err := parseHandRecord(body); err == nil && r.kind == recordOpen {
				return r.session.id, nil
			}
		}
	}
	w, err := readWAL(io.NewSectionReader(a.f, 0, maxWAL+1), scope{program: a.program})
	if err != nil {
		return "", err
	}
	if w.foreign {
		return "", errForeign
	}
	return w.id, nil
}

// append writes the stamps in one piece. When it returns nil they survive the
// end of this process, and after sync that of the machine. On an error the WAL
// is as it was before.
func (a *appender) append(entries []Entry) error {
	return a.write(func(b []byte) []byte { return a.appendSets(b, entries) })
}

func (a *appender) appendSets(b []byte, entries []Entry) []byte {
	for _, e := range entries {
		b = a.session.appendSet(b, e)
	}
	return b
}

// drop writes that the stamps of paths are to be forgotten, as append does, and
// returns of how many. It asks for each again while it holds the lock: a stamp
// that somebody has just made of it is older than our record.
func (a *appender) drop(paths []string, gone func(path string) bool) (dropped int, err error) {
	err = a.write(func(b []byte) []byte {
		for _, p := range paths {
			if gone(p) {
				b = a.session.appendDrop(b, p)
				dropped++
			}
		}
		return b
	})
	if err != nil {
		return 0, err
	}
	return dropped, nil
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

	b := a.buf[:0]
	if info.size != a.end {
		// Somebody else wrote last, or cut: their records end in a line end.
		last := []byte{'\n'}
		if err := readFull(a.f, last, info.size-1); info.size > 0 && err != nil {
			return stateError(a.names.wal, err)
		}
		if last[0] != '\n' {
			b = append(b, "\n"+tornMark+"\n"...)
		}
	}
	fresh := a.end == 0 || info.size != a.end || a.end-a.opened > reopenAfter
	if fresh {
		b = a.session.appendOpen(b)
	}
	head := int64(len(b))
	b = encode(b)
	if int64(len(b)) == head {
		return nil
	}
	if info.size == 0 {
		// Once more: all that follows rests on it, should the first be damaged.
		b = a.session.appendOpen(b)
		head = int64(len(b))
	}
	a.buf = b
	if err := checkWALSize(info.size + int64(len(b))); err != nil {
		return stateError(a.names.wal, fmt.Errorf("%w: dump it first", err))
	}
	a.dirty = true
	if n, err := a.f.Write(b); err != nil {
		a.end = -1
		if n > 0 {
			err = errors.Join(err, a.f.truncate(info.size))
		}
		return stateError(a.names.wal, err)
	}
	a.end = info.size + int64(len(b))
	if fresh {
		a.opened = info.size + head
	}
	return nil
}

// sync makes everything appended so far durable. After a failure the kernel
// may have dropped what it could not write and call the next sync a success,
// so a failure is final.
func (a *appender) sync() error {
	if a.failed != nil || !a.dirty || a.f == nil {
		return a.failed
	}
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

// now is the present on the clock of the file system that holds the WAL. It
// may create the WAL, empty; close removes it again if it stays that way.
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

// close leaves no empty WAL behind, nor an empty folder in a state directory.
func (a *appender) close() error {
	if a.f == nil {
		return nil
	}
	var err error
	if a.end <= 0 {
		err = a.removeEmpty()
	}
	if a.f != nil {
		err = errors.Join(err, a.f.Close())
		a.f = nil
	}
	if a.end <= 0 && a.names.base != "" {
		_ = a.fsys.remove(a.names.dir) // refused where it holds anything
	}
	return err
}

func (a *appender) removeEmpty() error {
	if info, err := a.f.stat(); err != nil || info.size > 0 || info.links == 0 || !removeOpen {
		return err
	}
	info, err := a.lock()
	if err != nil {
		return err
	}
	if info.size == 0 {
		err = a.fsys.remove(a.names.wal)
	}
	return errors.Join(err, a.unlock())
}
