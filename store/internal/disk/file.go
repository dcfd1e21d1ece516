// Package disk is every operation on the file system that the store makes, what the
// state files are called, and where they lie. Tests put a simulated disk in its place.
//
// Each file uses those that come after it in this list:
//
//	segments.go            the directory of logs that one process each writes
//	statedir.go names.go   the state files, in a state directory or in the tree
//	works*.go              making the work on files durable, and claiming files for it
//	file.go file_*.go touch_*.go
//	                       operations on state files
//	listing_*.go           the names in a directory
//	temp.go                temporary files
//	volume*.go process*.go file systems, and their clocks; processes
package disk

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"treefilter/store/internal/format"
)

// FS is every operation through which state files are read and
// written, so that tests can cut, tear and fail each of them.
type FS interface {
	// Open opens a state file for reading, and for writing where the flags
	// say so, without following a link and without blocking.
	Open(path string, flag int, perm fs.FileMode) (File, error)
	Lstat(path string) (Info, error)
	Rename(from, to string) error
	Remove(path string) error
	// SyncDir makes the names in a directory durable.
	SyncDir(path string) error
	Mkdir(path string) error
	// Chown gives a directory away, which must not be a link.
	Chown(path string, uid, gid int) error
	// List returns the names in a directory.
	List(path string) ([]string, error)
	// Volume reports on which file system a file or directory lies.
	Volume(path string) Volume
	// OpenWork opens a directory that work is done in.
	OpenWork(dir string) (WorkDir, error)
	// Temp makes a temporary file.
	Temp() (TempFile, error)
	// Process is this one, and Gone reports whether one is known to have ended.
	Process() Process
	Gone(Process) bool
}

// File is an open state file. Writes go to its end.
type File interface {
	io.Reader
	io.ReaderAt
	io.Seeker
	io.Writer
	io.Closer
	Stat() (Info, error)
	// Sync makes data and length durable.
	Sync() error
	Truncate(size int64) error
	// Touch sets the mtime to the file system's present.
	Touch() error
	// TryLock takes the exclusive lock and reports whether it was free.
	TryLock() (bool, error)
	Unlock() error
	// Like gives the file the permissions, and where allowed the owner, of
	// another.
	Like(Info) error
	Chown(uid, gid int) error
}

// Info is what we need to know of a file.
type Info struct {
	Size     int64
	Mtime    format.Time
	Ctime    format.Time // zero where it is not asked for
	Mode     fs.FileMode
	Dev, Ino uint64
	Links    uint64
	Uid, Gid int
}

// SameFile reports whether two infos are of one file.
func (i Info) SameFile(o Info) bool { return i.Dev == o.Dev && i.Ino == o.Ino }

// Check refuses what a state file cannot be. A second link could be
// another program's file; a FIFO or a device could block us or do things when read.
func (i Info) Check() error {
	switch {
	case i.Mode&fs.ModeSymlink != 0:
		return fmt.Errorf("%w: a symbolic link", format.ErrForeign)
	case !i.Mode.IsRegular():
		return fmt.Errorf("%w: not a regular file", format.ErrForeign)
	case i.Links > 1:
		return fmt.Errorf("%w: %d links", format.ErrForeign, i.Links)
	}
	return nil
}

// OpenState opens a state file that must be regular and have one link.
func OpenState(fsys FS, path string, flag int) (File, Info, error) {
	f, err := fsys.Open(path, flag, 0o666)
	if err != nil {
		if info, statErr := fsys.Lstat(path); statErr == nil && info.Check() != nil {
			err = info.Check()
		}
		return nil, Info{}, err
	}
	info, err := f.Stat()
	if err == nil && info.Links > 0 {
		err = info.Check()
	}
	if err == nil && planted(fsys, path, info) {
		err = errPlanted
	}
	if err != nil {
		return nil, Info{}, errors.Join(err, f.Close())
	}
	return f, info, nil
}

var errPlanted = fmt.Errorf("%w: another user's, in a directory that anybody can write to", format.ErrForeign)

// planted reports whether a state file, or a directory for such, is one that a stranger
// may have put where it is, to hide files from us: in /tmp, say, above a tree of
// ours. Elsewhere, users with write access are trusted by the directory's owner.
func planted(fsys FS, path string, info Info) bool {
	if info.Uid <= 0 || info.Uid == os.Geteuid() {
		return false
	}
	dir, err := fsys.Lstat(filepath.Dir(path))
	return err == nil && dir.Mode&fs.ModeSymlink == 0 && dir.Mode.Perm()&0o002 != 0
}

// IsMissing reports whether there is no file of the name.
func IsMissing(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// IsAbsent reports whether it is certain that there is nothing of a name.
func IsAbsent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ENAMETOOLONG)
}

// osFile adds what os.File does not offer.
type osFile struct{ *os.File }

type OS struct{}

func (OS) Mkdir(path string) error { return os.Mkdir(path, 0o777) }

func (OS) Chown(path string, uid, gid int) error { return os.Lchown(path, uid, gid) }

func (OS) List(path string) ([]string, error) {
	d, err := os.OpenFile(path, os.O_RDONLY|listFlags, 0)
	if err != nil {
		return nil, err
	}
	list, err := d.Readdirnames(-1)
	return list, errors.Join(err, d.Close())
}
