package segment

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync/atomic"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
	"treefilter/store/internal/memtable"
	"treefilter/store/internal/wal"
)

// Writer writes the segment of this process in one tree. It begins one when it is first
// asked for, and again after an end.
type Writer struct {
	Fsys    disk.FS
	Root    string // of the tree
	Names   disk.Names
	Program string
	Terms   func() *format.Terms
	// Seen returns what there is to read of the tree once the segment is there.
	Seen func() (format.SegmentRecord, error)

	// Epoch counts what has become known of others: see wal.Appender.
	Epoch *atomic.Uint64
	// Words is the last word on each path, nil where it is not asked for.
	Words map[string]memtable.Word
	Wrote bool // to any segment

	file     disk.File // nil until it is needed
	since    uint64    // the epoch in which the segment began
	path     string
	session  *format.Session
	size     int64
	opened   int64 // where our last open record ends
	tally    format.Tally
	vouched  format.Tally
	dirty    bool // holds records that may not be durable
	named    bool // its name is durable
	unusable error
	buf      []byte
}

// ErrRemoved is a segment that another process has removed, so that what was written
// to it may be lost.
var ErrRemoved = errors.New("removed by another process while this one wrote to it")

// Append writes stamps. Those of files that were looked at before the segment began
// are refused, and their files have none: it would seem newer than what others have
// said in between. Where another process contradicts one later, a reader of both sees
// that.
func (w *Writer) Append(entries []format.Entry) (refused []format.Entry, err error) {
	err = w.write(func(b []byte, sum *format.Tally) []byte {
		for _, e := range entries {
			it := memtable.Word{Under: w.session.Terms}
			if e.Since > 0 && e.Since <= w.since {
				refused = append(refused, e)
				it.Kind = memtable.WordDrop
				b = w.session.AppendTake(b, format.RecordDrop, e.Path)
				*sum = sum.Plus(format.Tally{Takes: 1})
			} else {
				it.SetStamp(e.Stamp)
				b = w.session.AppendSet(b, e)
				*sum = sum.Plus(format.Tally{Sets: 1, Under: w.session.Hash})
			}
			if w.Words != nil {
				w.Words[e.Path] = it
			}
		}
		return b
	})
	return refused, err
}

// Take writes that the stamps of paths are taken away, where that is still so, and
// returns of how many.
func (w *Writer) Take(kind format.RecordKind, paths []string, still func(path string) bool) (taken int, err error) {
	err = w.write(func(b []byte, sum *format.Tally) []byte {
		for _, p := range paths {
			if !still(p) {
				continue
			}
			b = w.session.AppendTake(b, kind, p)
			*sum = sum.Plus(format.Tally{Takes: 1})
			if w.Words != nil {
				w.Words[p] = memtable.Word{Kind: memtable.WordOf(kind)}
			}
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
func (w *Writer) Fail(path string, f format.Failure) error {
	return w.write(func(b []byte, sum *format.Tally) []byte {
		f.Under = w.session.Hash
		*sum = sum.Plus(format.Tally{Takes: 1})
		if w.Words != nil {
			it := memtable.Word{Kind: memtable.WordDrop}
			it.SetFailure(&f)
			w.Words[path] = it
		}
		return w.session.AppendFailure(b, path, &f)
	})
}

// write appends the records that encode writes, all or none, and counts them.
func (w *Writer) write(encode func([]byte, *format.Tally) []byte) error {
	if err := w.Begin(); err != nil {
		return err
	}
	b := w.buf[:0]
	if w.size-w.opened > wal.ReopenAfter {
		b = w.session.AppendOpen(b)
	}
	head, sum := len(b), w.tally
	if b = encode(b, &sum); len(b) == head {
		return nil
	}
	w.dirty = true
	if err := w.put(b); err != nil {
		return err
	}
	if head > 0 {
		w.opened = w.size - int64(len(b)-head)
	}
	w.tally, w.Wrote = sum, true
	return nil
}

// put writes to the end of the segment. Where that fails half way and cannot be taken
// back, nothing may follow.
func (w *Writer) put(b []byte) error {
	w.buf = b
	err := wal.CheckWALSize(w.size + int64(len(b)))
	if err != nil {
		return disk.Wrap(w.path, fmt.Errorf("%w: dump it first", err))
	}
	if _, err = w.file.Write(b); err != nil {
		if lost := w.file.Truncate(w.size); lost != nil {
			err = errors.Join(err, lost)
			w.unusable = disk.Wrap(w.path, err)
		}
		return disk.Wrap(w.path, err)
	}
	w.size += int64(len(b))
	return nil
}

// Sync makes all that was written durable, and then vouches for it. A failure is final.
func (w *Writer) Sync() error {
	if w.unusable != nil || w.file == nil {
		return w.unusable
	}
	if w.dirty {
		if err := w.flush(); err != nil {
			return err
		}
	}
	if w.tally == w.vouched {
		return nil
	}
	vouching := *w.session
	vouching.After = &w.tally
	if err := w.put(vouching.AppendOpen(w.buf[:0])); err != nil {
		return nil // a full disk, say: the records are safe without it
	}
	w.vouched, w.opened = w.tally, w.size
	return nil
}

func (w *Writer) flush() error {
	err := w.file.Sync()
	if err == nil && !w.named {
		err = w.Names.SyncSegments(w.Fsys)
	}
	if err == nil {
		err = w.there()
	}
	if err != nil {
		w.unusable = disk.Wrap(w.path, err)
		return w.unusable
	}
	w.dirty, w.named = false, true
	return nil
}

// there reports that the segment has been removed, by a repair or by hand: what was
// written since went nowhere.
func (w *Writer) there() error {
	f, err := w.Fsys.Open(w.path, os.O_RDONLY, 0)
	if disk.IsMissing(err) {
		return ErrRemoved
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// End writes the last record of the segment, durably; one that says nothing is removed.
// What is written after it begins another one.
func (w *Writer) End() error {
	if w.file == nil {
		return nil
	}
	f := w.file
	w.file = nil
	if w.unusable != nil {
		return f.Close()
	}
	if w.tally == (format.Tally{}) {
		err := errors.Join(w.Fsys.Remove(w.path), f.Close())
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		_ = w.Fsys.Remove(w.Names.Segments) // refused where it holds anything
		return err
	}
	return errors.Join(w.end(f), f.Close())
}

// end looks whether the segment is still there before it writes the end: afterwards any
// dump may remove it.
func (w *Writer) end(f disk.File) error {
	if err := w.there(); err != nil {
		return disk.Wrap(w.path, err)
	}
	last := format.SegmentRecord{Kind: format.SegmentEnd, ID: w.session.ID, Tally: w.tally}
	_, err := f.Write(last.Append(nil))
	if err == nil {
		err = f.Sync()
	}
	if err == nil && !w.named {
		err = w.Names.SyncSegments(w.Fsys)
	}
	if err != nil {
		return disk.Wrap(w.path, err)
	}
	return nil
}

// Now is the present on the clock of the file system that holds the segment.
func (w *Writer) Now() (format.Time, error) {
	if err := w.Begin(); err != nil {
		return format.Time{}, err
	}
	if err := w.file.Touch(); err != nil {
		return format.Time{}, disk.Wrap(w.path, err)
	}
	info, err := w.file.Stat()
	if err != nil {
		return format.Time{}, disk.Wrap(w.path, err)
	}
	return info.Mtime, nil
}
