package disk

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
)

// Where locks may not reach other machines, each process that records writes a log of
// its own, a segment. They lie in a directory beside the WAL: so one lookup shows
// that there are none, and the tree itself, which may be large, need not be listed.

const (
	SegmentsSuffix = "_treestamps.wal.d"     // of the directory of segments
	segmentMark    = "_treestamps.wal."      // in the name of a segment, before its host
	dumpSuffix     = "_treestamps.dump"      // of the directory that keeps other dumps out
	noteSuffix     = "_treestamps.dump.yaml" // of what says whose that is
	yamlSuffix     = ".yaml"
)

// SegmentName returns the name of a segment. Of the host's name it has what every
// file system takes.
func SegmentName(program, host, id string) string {
	plain := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '-'
	}, host)
	return "." + program + segmentMark + plain[:min(len(plain), 40)] + "-" + id + yamlSuffix
}

// isSegmentName reports whether a file name is that of a segment of a program.
func isSegmentName(name, program string) bool {
	rest, ok := strings.CutPrefix(name, "."+program+segmentMark)
	return ok && strings.HasSuffix(rest, yamlSuffix) && rest != yamlSuffix[1:]
}

// ListSegments returns the names of a tree's segments, those that are being made
// included; none where there is no directory for them.
func (n Names) ListSegments(fsys FS) ([]string, error) {
	// Opened first: a client of a file server may remember that there was none.
	list, err := fsys.List(n.Segments)
	if IsMissing(err) {
		return nil, nil
	}
	var info Info
	if err == nil {
		info, err = fsys.Lstat(n.Segments)
	}
	if err == nil {
		err = n.checkSegments(fsys, info)
	}
	if IsMissing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, Wrap(n.Segments, err)
	}
	var segments []string
	for _, name := range list {
		if isSegmentName(strings.TrimSuffix(name, TempSuffix), n.program) {
			segments = append(segments, name)
		}
	}
	return segments, nil
}

func (n Names) checkSegments(fsys FS, info Info) error {
	switch {
	case info.Mode&fs.ModeSymlink != 0:
		return info.Check()
	case planted(fsys, n.Segments, info):
		return errPlanted
	}
	return nil
}

// MakeSegments makes the directory of segments, and the folder of the tree where that
// is missing.
func (n Names) MakeSegments(fsys FS) error {
	err := makeFolder(fsys, n.Segments)
	if IsMissing(err) && n.Base != "" {
		if err = n.Make(fsys); err == nil {
			err = makeFolder(fsys, n.Segments)
		}
	}
	if err != nil {
		return Wrap(n.Segments, err)
	}
	info, err := fsys.Lstat(n.Segments)
	if err == nil {
		err = n.checkSegments(fsys, info)
	}
	if err != nil && !IsMissing(err) {
		return Wrap(n.Segments, err)
	}
	return nil
}

// SyncSegments makes the names of segments durable, and that of their directory.
func (n Names) SyncSegments(fsys FS) error {
	return errors.Join(fsys.SyncDir(n.Segments), n.Sync(fsys))
}

// Segment is the path of a segment.
func (n Names) Segment(name string) string { return filepath.Join(n.Segments, name) }

// DumpDir is the directory that keeps the dumps of other machines out, and Note the
// file in it that says whose it is. It lies among the segments: a client that has
// made it lists them anew.
func (n Names) DumpDir() string { return filepath.Join(n.Segments, "."+n.program+dumpSuffix) }

func (n Names) Note() string { return filepath.Join(n.DumpDir(), "."+n.program+noteSuffix) }
