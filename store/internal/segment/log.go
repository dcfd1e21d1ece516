// Package segment reads and writes segments: logs beside the WAL that one process each
// writes, for trees that locks of several machines do not reach (FORMAT.md, "Segments").
//
// Each file uses those that come after it in this list:
//
//	dumpdir.go   keeping the dumps of other machines out
//	fold.go      which logs a dump may fold
//	combine.go   what several logs say together
//	writer.go    writing one
//	begin.go     making it
//	log.go       reading one, and seeing what is missing
//	marks.go     what was read of others
package segment

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
	"treefilter/store/internal/wal"
)

// Log is one of the logs of a tree, as it was read: a segment, or the WAL.
type Log struct {
	*wal.Log
	Path string
	// By is its writer, zero where that is not known, and of the WAL.
	By disk.Process
	// Ended says that nothing will follow.
	Ended bool
	// Making says that it has not got its name yet, and says nothing.
	Making bool
	// Read is what its writer had read of other logs before it looked at a file: that is
	// older. ReadSegments leaves the WAL out.
	Read, ReadSegments Marks
	// Base is the mark of the last log in the snapshot that the writer had read, "" for none.
	Base  string
	isWAL bool
}

// OfWAL is the WAL as one of the logs.
func OfWAL(w *wal.Log, path string) *Log { return &Log{Log: w, Path: path, isWAL: true} }

// Says reports whether a log says anything.
func (l *Log) Says() bool { return l.Records > 0 || l.hides() }

// hides reports whether records are missing from a log, it being unknown which.
func (l *Log) hides() bool { return l.HidesAll || l.HidesOthers != "" }

// after reports whether the writer of l had read all that o says before it began.
func (l *Log) after(o *Log) bool { return l.Read.covers(o) }

// ReadAll reads the segments of a tree. gone are the names of those that were listed
// and are not there any more.
func ReadAll(fsys disk.FS, n disk.Names, program string) (logs []*Log, gone []string, err error) {
	names, err := n.ListSegments(fsys)
	if err != nil {
		return nil, nil, err
	}
	for _, name := range names {
		l, err := read(fsys, n.Segment(name), program)
		switch {
		case disk.IsMissing(err):
			gone = append(gone, name)
		case err != nil:
			return nil, nil, disk.Wrap(n.Segment(name), err)
		default:
			logs = append(logs, l)
		}
	}
	return logs, gone, nil
}

// Complete reports whether all logs were read that are known to have been there: each
// that was gone when it was to be opened, and each that the writer of another had read,
// must have gone into the snapshot meanwhile.
func Complete(logs []*Log, gone []string, folded Folded) bool {
	for _, name := range gone {
		if !strings.HasSuffix(name, disk.TempSuffix) && !folded.marks().names(name) {
			return false
		}
	}
	return len(missing(logs, folded)) == 0
}

// names reports whether a segment of that file name is among the marks.
func (m Marks) names(name string) bool {
	for id := range m {
		if strings.HasSuffix(name, "-"+id+".yaml") {
			return true
		}
	}
	return false
}

// missing returns the ids of segments that the writers of others have read, and that
// are neither there nor folded.
func missing(logs []*Log, folded Folded, stay ...*Log) (ids []string) {
	there, marks := map[string]bool{}, folded.marks()
	for _, l := range slices.Concat(logs, stay) {
		there[l.ID] = true
	}
	for _, l := range logs {
		if marks.covers(l) || l.unseen(folded) {
			continue // one that comes from elsewhere has read what was never here
		}
		for id := range l.ReadSegments {
			if _, known := marks[id]; !known && !there[id] {
				there[id] = true
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// unseen reports whether something may have gone into the snapshot that the writer of a
// segment had not read: then it may contradict the segment, and nothing shows where. What
// the writer had read is in the snapshot up to its base, or listed after that.
//
// Of the WAL it reports whether the beginning of it went there, and other logs with it or
// later.
func (l *Log) unseen(folded Folded) bool {
	if l.isWAL {
		other := func(f format.FoldedLog) bool { return f.ID != l.ID && f.Records > 0 }
		i := slices.IndexFunc(folded, func(f format.FoldedLog) bool { return l.ID != "" && f.ID == l.ID })
		return i >= 0 && slices.ContainsFunc(folded[i:], other)
	}
	for _, f := range slices.Backward(folded) {
		if f.Mark() == l.Base {
			return false
		}
		if seen, ok := l.Read[f.ID]; !ok || seen < f.Records {
			return true
		}
	}
	return l.Base != "" || len(folded) >= format.MinFolded
}

func read(fsys disk.FS, path, program string) (*Log, error) {
	f, info, err := disk.OpenState(fsys, path, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	l := &Log{Path: path, Read: Marks{}, ReadSegments: Marks{}, Making: strings.HasSuffix(path, disk.TempSuffix)}
	endsAt := 0
	if err = wal.CheckWALSize(info.Size); err == nil {
		l.Log, err = wal.ReadSegment(f, program, func(r format.SegmentRecord, line int) {
			switch r.Kind {
			case format.SegmentBegin:
				l.By = disk.Process{Host: r.Host, Boot: r.Boot, PID: r.PID}
			case format.SegmentRead:
				l.Base = r.Folded
				l.ReadSegments.add(r.Logs)
				l.Read.add(append(r.Logs, r.WAL))
			case format.SegmentEnd:
				endsAt = line
			}
		})
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	if l.Making {
		// It gets its name once what it begins with is durable.
		l.Log = &wal.Log{ID: l.ID}
		return l, nil
	}
	if err := l.Check(); err != nil {
		return nil, err
	}
	l.Ended = endsAt > 0 && endsAt == l.Lines && !l.Torn
	return l, nil
}

// Whole reports whether a log is as long as it was when it was read. Its writer may have
// ended after that, and have written more before.
func (l *Log) Whole(fsys disk.FS) bool {
	f, info, err := disk.OpenState(fsys, l.Path, os.O_RDONLY)
	if err != nil {
		return false
	}
	return f.Close() == nil && info.Size == l.Size
}

// Unread is why not all that a log says could be read again, nil where it could.
func (l *Log) Unread() error {
	if l.Said.Err() == nil {
		return nil
	}
	return disk.Wrap(l.Path, l.Said.Err())
}

// Problem is what is wrong with a log, nil where nothing is.
func (l *Log) Problem() error {
	if l.Log == nil || l.Bad == 0 {
		return nil
	}
	return disk.Wrap(l.Path, fmt.Errorf("damaged records: %d, the first in line %d: %w", l.Bad, l.BadLine, l.BadErr))
}
