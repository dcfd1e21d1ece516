package state

import (
	"path/filepath"
	"time"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
	"treefilter/store/internal/segment"
)

// log is what a tree's records are appended to: the WAL, or a segment.
type log interface {
	Append(entries []format.Entry) (refused []format.Entry, err error)
	Fail(path string, f format.Failure) error
	Take(kind format.RecordKind, paths []string, still func(path string) bool) (taken int, err error)
}

// log returns the one that this process is to append to by now.
func (t *Tree) log() (log, error) {
	own, err := t.ownSegment()
	if err != nil {
		return nil, err
	}
	if own {
		return t.seg, nil
	}
	return t.app, nil
}

// ownSegment reports whether this process writes a segment of its own: where it is asked
// for, where locks may not keep the writers of other machines out, and where others
// write segments. The last because the WAL, which is not known to end, says nothing of
// what was done before and what after it.
func (t *Tree) ownSegment() (bool, error) {
	if t.volume == nil {
		v := t.opt.fsys.Volume(t.stateDir())
		t.volume = &v
		t.segments = t.opt.OwnWAL || v.Shared
	}
	if t.segments {
		return true, nil
	}
	_, err := t.opt.fsys.Lstat(t.names.Segments)
	if disk.IsAbsent(err) {
		return false, nil
	}
	if err != nil {
		return false, disk.Wrap(t.names.Segments, err)
	}
	t.segments, t.read = true, time.Time{}
	return true, nil
}

// stateDir is the directory of the state files, or where that is yet to be made the
// nearest one above it.
func (t *Tree) stateDir() string {
	dir := t.names.Dir
	for t.names.Base != "" && dir != filepath.Dir(dir) {
		if _, err := t.opt.fsys.Lstat(dir); !disk.IsMissing(err) {
			break
		}
		dir = filepath.Dir(dir)
	}
	return dir
}

// marks returns the marks of all logs that the tree has now.
func (t *Tree) marks() (format.SegmentRecord, error) {
	st := load(t.opt, t.names)
	if st.walErr != nil {
		return format.SegmentRecord{}, st.walErr
	}
	return segment.Seen(st.logs, st.Header.Folded), st.Close()
}
