package segment

import (
	"errors"
	"io/fs"
	"slices"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/wal"
)

// Fold divides the logs of a tree into those that a dump may fold and those that stay.
// What stays lies over the snapshot from then on, and counts as newer than all that is
// in it: so its writer must have read all that is folded. The WAL and segments with an
// end can be folded, and those whose writer is gone; beside one that is being made
// nothing is.
func Fold(logs []*Log, gone func(*Log) bool) (fold, stay []*Log) {
	for _, l := range logs {
		if l.isWAL || l.Ended || !l.Making && gone(l) {
			fold = append(fold, l)
		} else {
			stay = append(stay, l)
		}
	}
	for again := true; again; {
		again = false
		fold = slices.DeleteFunc(fold, func(l *Log) bool {
			if !l.Says() || !slices.ContainsFunc(stay, func(s *Log) bool { return !s.after(l) }) {
				return false
			}
			stay, again = append(stay, l), true
			return true
		})
	}
	return fold, stay
}

// WithBegun adds the segments to some logs that have come since these were read, with
// nothing in them: their writers may have read less of another log than we have. The
// directory is changed first, since a client of a file server may remember what was in
// it.
func WithBegun(fsys disk.FS, n disk.Names, logs []*Log) ([]*Log, error) {
	change := n.DumpDir() + disk.TempSuffix
	if err := fsys.Mkdir(change); err != nil && !errors.Is(err, fs.ErrExist) {
		return logs, disk.Wrap(change, err)
	}
	if err := fsys.Remove(change); err != nil {
		return logs, disk.Wrap(change, err)
	}
	names, err := n.ListSegments(fsys)
	for _, name := range names {
		path := n.Segment(name)
		if !slices.ContainsFunc(logs, func(l *Log) bool { return l.Path == path }) {
			logs = append(logs, &Log{Log: &wal.Log{}, Path: path, Making: true})
		}
	}
	return logs, err
}
