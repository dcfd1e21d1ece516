// Package segment reads and writes segments: logs beside the WAL that one process each
// writes, for trees that locks of several machines do not reach (FORMAT.md, "Segments").
//
// Each file uses those that come after it in this list:
//
//	dumpdir.go   keeping the dumps of other machines out
//	fold.go      which logs a dump may fold
//	combine.go   what several logs say together
//	writer.go    writing one
//	log.go       reading one
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
	// Read are the marks of logs that its writer had read before he looked at a
	// file: what they say is older. ReadSegments are those of segments.
	Read         map[string]bool
	ReadSegments []string
	isWAL        bool
}

// OfWAL is the WAL as one of the logs.
func OfWAL(w *wal.Log, path string) *Log { return &Log{Log: w, Path: path, isWAL: true} }

// Says reports whether a log says anything.
func (l *Log) Says() bool { return l.Records > 0 || l.hides() }

// hides reports whether records are missing from a log, it being unknown which.
func (l *Log) hides() bool { return l.HidesAll || l.HidesOthers != "" }

// Mark identifies what a log says, "" where nothing does.
func (l *Log) Mark() string {
	if l.ID == "" || !l.Says() {
		return ""
	}
	return format.LogMark(l.ID, l.Records)
}

// after reports whether the writer of l had read all that o says before he began.
func (l *Log) after(o *Log) bool {
	mark := o.Mark()
	return mark != "" && l.Read[mark]
}

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
func Complete(logs []*Log, gone, folded []string) bool {
	for _, name := range gone {
		if !slices.ContainsFunc(folded, func(mark string) bool {
			id, _, _ := strings.Cut(mark, "/")
			return strings.HasSuffix(name, "-"+id+".yaml")
		}) && !strings.HasSuffix(name, disk.TempSuffix) {
			return false
		}
	}
	there := marksOf(logs, folded)
	for _, l := range logs {
		if !l.unseen(folded) && slices.ContainsFunc(l.ReadSegments, func(mark string) bool { return !there[mark] }) {
			return false
		}
	}
	return true
}

// marksOf is what there is: in logs, and folded.
func marksOf(logs []*Log, folded []string) map[string]bool {
	there := map[string]bool{}
	for _, mark := range folded {
		there[mark] = true
	}
	for _, l := range logs {
		if mark := l.Mark(); mark != "" {
			there[mark] = true
		}
	}
	return there
}

// unseen reports whether something went into the snapshot that the writer of a segment
// had not read: then it may contradict him, and nothing shows what of it.
func (l *Log) unseen(folded []string) bool {
	return !l.isWAL && slices.ContainsFunc(folded, func(mark string) bool { return !l.Read[mark] })
}

func read(fsys disk.FS, path, program string) (*Log, error) {
	f, info, err := disk.OpenState(fsys, path, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	l := &Log{Path: path, Read: map[string]bool{}, Making: strings.HasSuffix(path, disk.TempSuffix)}
	endsAt := 0
	if err = wal.CheckWALSize(info.Size); err == nil {
		l.Log, err = wal.ReadSegment(f, program, func(r format.SegmentRecord, line int) {
			switch r.Kind {
			case format.SegmentBegin:
				l.By = disk.Process{Host: r.Host, Boot: r.Boot, PID: r.PID}
			case format.SegmentRead:
				l.ReadSegments = append(l.ReadSegments, r.Logs...)
				for _, mark := range append(r.Logs, r.WAL) {
					l.Read[mark] = true
				}
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

// Problem is what is wrong with a log, nil where nothing is.
func (l *Log) Problem() error {
	if l.Log == nil || l.Bad == 0 {
		return nil
	}
	return disk.Wrap(l.Path, fmt.Errorf("damaged records: %d, the first in line %d: %w", l.Bad, l.BadLine, l.BadErr))
}
