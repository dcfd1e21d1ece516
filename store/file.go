package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// fileSystem is every operation through which state files are read and
// written, so that tests can cut, tear and fail each of them.
type fileSystem interface {
	// open opens a state file for reading, and for writing where the flags
	// say so, without following a link and without blocking.
	open(path string, flag int, perm fs.FileMode) (file, error)
	lstat(path string) (fileInfo, error)
	rename(from, to string) error
	remove(path string) error
	// syncDir makes the names in a directory durable.
	syncDir(path string) error
	mkdir(path string) error
	// chown gives a directory away, which must not be a link.
	chown(path string, uid, gid int) error
	// list returns the names in a directory.
	list(path string) ([]string, error)
	// volume reports on which file system a file or directory lies.
	volume(path string) volume
	// openWork opens a directory that work is done in.
	openWork(dir string) (workDir, error)
}

// file is an open state file. Writes go to its end.
type file interface {
	io.Reader
	io.ReaderAt
	io.Seeker
	io.Writer
	io.Closer
	stat() (fileInfo, error)
	// sync makes data and length durable.
	sync() error
	truncate(size int64) error
	// touch sets the mtime to the file system's present.
	touch() error
	// tryLock takes the exclusive lock and reports whether it was free.
	tryLock() (bool, error)
	unlock() error
	// like gives the file the permissions, and where allowed the owner, of
	// another.
	like(fileInfo) error
	chown(uid, gid int) error
}

// fileInfo is what we need to know of a file.
type fileInfo struct {
	size     int64
	mtime    Time
	mode     fs.FileMode
	dev, ino uint64
	links    uint64
	uid, gid int
}

// sameFile reports whether two infos are of one file.
func (i fileInfo) sameFile(o fileInfo) bool { return i.dev == o.dev && i.ino == o.ino }

// check refuses what a state file cannot be. A second link could be a file of
// somebody else's; a FIFO or a device could block us or do things when read.
func (i fileInfo) check() error {
	switch {
	case i.mode&fs.ModeSymlink != 0:
		return fmt.Errorf("%w: a symbolic link", errForeign)
	case !i.mode.IsRegular():
		return fmt.Errorf("%w: not a regular file", errForeign)
	case i.links > 1:
		return fmt.Errorf("%w: %d links", errForeign, i.links)
	}
	return nil
}

// openState opens a state file that must be regular and have one link.
func openState(fsys fileSystem, path string, flag int) (file, fileInfo, error) {
	f, err := fsys.open(path, flag, 0o666)
	if err != nil {
		if info, statErr := fsys.lstat(path); statErr == nil && info.check() != nil {
			err = info.check()
		}
		return nil, fileInfo{}, err
	}
	info, err := f.stat()
	if err == nil && info.links > 0 {
		err = info.check()
	}
	if err == nil && planted(fsys, path, info) {
		err = errPlanted
	}
	if err != nil {
		return nil, fileInfo{}, errors.Join(err, f.Close())
	}
	return f, info, nil
}

var errPlanted = fmt.Errorf("%w: another user's, in a directory that anybody can write to", errForeign)

// planted tells of a state file, or of a directory for such, that a stranger
// may have put where it is, to hide files from us: in /tmp, say, above a tree of
// ours. Who can write to any other directory is somebody whom its owner trusts.
func planted(fsys fileSystem, path string, info fileInfo) bool {
	if info.uid <= 0 || info.uid == os.Geteuid() {
		return false
	}
	dir, err := fsys.lstat(filepath.Dir(path))
	return err == nil && dir.mode&fs.ModeSymlink == 0 && dir.mode.Perm()&0o002 != 0
}

func missing(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// isAbsent reports whether it is certain that there is nothing of a name.
func isAbsent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ENAMETOOLONG)
}

// osFile adds what os.File does not offer.
type osFile struct{ *os.File }

type osFS struct{}

func (osFS) rename(from, to string) error { return os.Rename(from, to) }
func (osFS) remove(path string) error     { return os.Remove(path) }
func (osFS) mkdir(path string) error      { return os.Mkdir(path, 0o777) }

func (osFS) chown(path string, uid, gid int) error { return os.Lchown(path, uid, gid) }

func (osFS) list(path string) ([]string, error) {
	d, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	list, err := d.Readdirnames(-1)
	return list, errors.Join(err, d.Close())
}

func (osFS) open(path string, flag int, perm fs.FileMode) (file, error) {
	f, err := os.OpenFile(path, flag|openFlags, perm)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (f osFile) truncate(size int64) error { return f.Truncate(size) }
func (f osFile) sync() error               { return f.Sync() }
