package segment

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
)

// DumpingError reports that another process is dumping the tree, or ended in the middle of
// a dump.
type DumpingError struct {
	Dir   string // which keeps dumps out
	By    string // whose it is, as far as that is known
	Ended bool   // its process is known to have ended

	remembered func() bool
}

// Remembered reports whether the directory is gone and only this machine still has its
// name: a client of a file server may, as long as its caches last.
func (e *DumpingError) Remembered() bool { return e.remembered() }

func (e *DumpingError) Error() string {
	if e.Ended {
		return fmt.Sprintf("a dump that has ended early (%s) has left this directory behind", e.By)
	}
	return fmt.Sprintf("another dump is under way (%s)", e.By)
}

// Exclude keeps the dumps of all machines out, by a directory that one alone can make,
// until release. A directory that exists is never taken over: of two processes that found
// it abandoned, one could remove what the other had just made.
func Exclude(fsys disk.FS, n disk.Names) (release func() error, err error) {
	err = fs.ErrNotExist
	for try := 1; disk.IsMissing(err) && try <= 100; try++ { // another dump may remove it
		if err := n.MakeSegments(fsys); err != nil {
			return nil, err
		}
		err = fsys.Mkdir(n.DumpDir())
	}
	if errors.Is(err, fs.ErrExist) {
		return nil, disk.Wrap(n.DumpDir(), dumping(fsys, n))
	}
	if err != nil {
		return nil, disk.Wrap(n.DumpDir(), err)
	}
	release = func() error {
		if err := fsys.Remove(n.Note()); err != nil && !disk.IsMissing(err) {
			return disk.Wrap(n.Note(), err)
		}
		if err := fsys.Remove(n.DumpDir()); err != nil {
			return disk.Wrap(n.DumpDir(), err)
		}
		_ = fsys.Remove(n.Segments) // refused where it holds anything
		return nil
	}
	if err := writeNote(fsys, n); err != nil {
		return nil, errors.Join(disk.Wrap(n.Note(), err), release())
	}
	return release, nil
}

// StartOver removes the segments that are being made. A process that still makes one
// begins anew, and what a crash has left keeps no dump from folding. One that cannot be
// removed still does.
func StartOver(fsys disk.FS, n disk.Names) error {
	names, err := n.ListSegments(fsys)
	for _, name := range names {
		if strings.HasSuffix(name, disk.TempSuffix) {
			_ = fsys.Remove(n.Segment(name))
		}
	}
	return err
}

// writeNote says whose the directory is, for people, and for dumping.
func writeNote(fsys disk.FS, n disk.Names) error {
	f, err := fsys.Open(n.Note(), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	self := fsys.Process()
	r := format.SegmentRecord{Kind: format.DumpNote, Since: time.Now().UTC().Format(time.RFC3339),
		Begin: format.Begin{Host: self.Host, Boot: self.Boot, PID: self.PID}}
	_, err = f.Write(r.Append(nil))
	return errors.Join(err, f.Close())
}

// Dumping returns the error of a dump that is under way, or that was cut short, nil for
// none.
func Dumping(fsys disk.FS, n disk.Names) error {
	if _, err := fsys.Lstat(n.DumpDir()); err != nil {
		return nil
	}
	return disk.Wrap(n.DumpDir(), dumping(fsys, n))
}

// dumping says who dumps.
func dumping(fsys disk.FS, n disk.Names) error {
	e := &DumpingError{Dir: n.DumpDir(), By: "it is not known whose", remembered: func() bool { return !listed(fsys, n) }}
	f, _, err := disk.OpenState(fsys, n.Note(), os.O_RDONLY)
	if err != nil {
		return e
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, format.MaxRecord))
	body, _, ok := format.CutCRC([]byte(strings.TrimSuffix(string(text), "\n")))
	if err != nil || !ok {
		return e
	}
	r, err := format.ParseSegmentRecord(body)
	if err != nil {
		return e
	}
	e.By = fmt.Sprintf("of process %d on %s, since %s", r.PID, r.Host, r.Since)
	e.Ended = fsys.Gone(disk.Process{Host: r.Host, Boot: r.Boot, PID: r.PID})
	return e
}

// listed reports whether the directory that keeps dumps out is there, or may be. A client
// lists a directory as it is once it has changed it.
func listed(fsys disk.FS, n disk.Names) bool {
	change := n.DumpDir() + ".look"
	_ = fsys.Mkdir(change)
	if err := fsys.Remove(change); err != nil {
		return true
	}
	names, err := fsys.List(n.Segments)
	return err != nil || slices.Contains(names, filepath.Base(n.DumpDir()))
}
