//go:build unix

package store

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// openFlags keep an open from being led elsewhere by a link, or from waiting
// for the other end of a FIFO.
const openFlags = unix.O_NOFOLLOW | unix.O_NONBLOCK

const (
	// removeOpen: a file can be unlinked, and renamed, while it is open.
	removeOpen = true
	walFlag    = 0
)

func (osFS) lstat(path string) (fileInfo, error) {
	var st unix.Stat_t
	if err := retry(func() error { return unix.Lstat(path, &st) }); err != nil {
		return fileInfo{}, &fs.PathError{Op: "lstat", Path: path, Err: err}
	}
	return infoOf(&st), nil
}

// syncDir: a rename, a new file or a removal is only durable once its
// directory is.
func (osFS) syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func (f osFile) stat() (fileInfo, error) {
	var st unix.Stat_t
	if err := retry(func() error { return unix.Fstat(int(f.Fd()), &st) }); err != nil {
		return fileInfo{}, &fs.PathError{Op: "fstat", Path: f.Name(), Err: err}
	}
	return infoOf(&st), nil
}

func (f osFile) tryLock() (bool, error) {
	err := retry(func() error { return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) })
	if errors.Is(err, unix.EWOULDBLOCK) {
		return false, nil
	}
	if err != nil {
		return false, &fs.PathError{Op: "flock", Path: f.Name(), Err: err}
	}
	return true, nil
}

func (f osFile) unlock() error {
	if err := unix.Flock(int(f.Fd()), unix.LOCK_UN); err != nil {
		return &fs.PathError{Op: "flock", Path: f.Name(), Err: err}
	}
	return nil
}

func (f osFile) chown(uid, gid int) error { return f.Chown(uid, gid) }

func (f osFile) touch() error {
	err := retry(func() error { return futimesNow(int(f.Fd())) })
	if err != nil {
		return &fs.PathError{Op: "futimes", Path: f.Name(), Err: err}
	}
	return nil
}

// like keeps a snapshot readable for whom it was before, and for nobody else.
// Only root may give a file away, and others only to a group of theirs; where
// the group cannot be kept, its members are treated as everybody is.
func (f osFile) like(info fileInfo) error {
	mode := info.mode.Perm()
	err := f.Chown(info.uid, info.gid)
	if errors.Is(err, fs.ErrPermission) {
		err = f.Chown(-1, info.gid)
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

func infoOf(st *unix.Stat_t) fileInfo {
	info := fileInfo{
		size:  st.Size,
		mtime: Time{int64(st.Mtim.Sec), int32(st.Mtim.Nsec)},
		mode:  fs.FileMode(st.Mode & 0o777),
		dev:   uint64(st.Dev),
		ino:   st.Ino,
		links: uint64(st.Nlink),
		uid:   int(st.Uid),
		gid:   int(st.Gid),
	}
	switch st.Mode & syscall.S_IFMT {
	case syscall.S_IFREG:
	case syscall.S_IFLNK:
		info.mode |= fs.ModeSymlink
	default:
		info.mode |= fs.ModeIrregular
	}
	return info
}
