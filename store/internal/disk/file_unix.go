//go:build unix

package disk

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// openFlags keep an open from being led elsewhere by a link, or from waiting
// for the other end of a FIFO.
const openFlags = unix.O_NOFOLLOW | unix.O_NONBLOCK

// listFlags refuse what is no directory, a FIFO above all.
const listFlags = unix.O_DIRECTORY | unix.O_NONBLOCK

func (OS) Open(path string, flag int, perm fs.FileMode) (File, error) {
	f, err := os.OpenFile(path, flag|openFlags, perm)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (OS) Rename(from, to string) error { return os.Rename(from, to) }
func (OS) Remove(path string) error     { return os.Remove(path) }

// IsInUse: a file that is open can be replaced.
func IsInUse(error) bool { return false }

// SyncDir: a rename, a new file or a removal is only durable once its
// directory is.
func (OS) SyncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func (f osFile) TryLock() (bool, error) {
	err := retry(func() error { return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) })
	if errors.Is(err, unix.EWOULDBLOCK) {
		return false, nil
	}
	if err != nil {
		return false, &fs.PathError{Op: "flock", Path: f.Name(), Err: err}
	}
	return true, nil
}

func (f osFile) Unlock() error {
	if err := unix.Flock(int(f.Fd()), unix.LOCK_UN); err != nil {
		return &fs.PathError{Op: "flock", Path: f.Name(), Err: err}
	}
	return nil
}

func (f osFile) Touch() error {
	err := retry(func() error { return futimesNow(int(f.Fd())) })
	if err != nil {
		return &fs.PathError{Op: "futimes", Path: f.Name(), Err: err}
	}
	return nil
}

// Like keeps a snapshot readable for the users that could read it before, and for no
// others.
// Only root may give a file away, and others only to a group of theirs; where
// the group cannot be kept, its members are treated as everybody is.
func (f osFile) Like(info Info) error {
	mode := info.Mode.Perm()
	err := f.Chown(info.Uid, info.Gid)
	if errors.Is(err, fs.ErrPermission) {
		err = f.Chown(-1, info.Gid)
	}
	if errors.Is(err, fs.ErrPermission) {
		mode &= 0o707 | mode&0o007<<3
		err = nil
	}
	if err != nil {
		return err
	}
	return f.Chmod(mode)
}

func retry(call func() error) error {
	for {
		if err := call(); err != unix.EINTR {
			return err
		}
	}
}

// modeOf returns the permissions, and as much of the type as Check asks for.
func modeOf(mode uint32) fs.FileMode {
	switch perm := fs.FileMode(mode & 0o777); mode & unix.S_IFMT {
	case unix.S_IFREG:
		return perm
	case unix.S_IFLNK:
		return perm | fs.ModeSymlink
	case unix.S_IFDIR:
		return perm | fs.ModeDir
	default:
		return perm | fs.ModeIrregular
	}
}
