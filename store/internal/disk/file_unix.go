//go:build unix

package disk

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"treefilter/store/internal/format"

	"golang.org/x/sys/unix"
)

// openFlags keep an open from being led elsewhere by a link, or from waiting
// for the other end of a FIFO.
const openFlags = unix.O_NOFOLLOW | unix.O_NONBLOCK

const (
	// RemoveOpen: a file can be unlinked, and renamed, while it is open.
	RemoveOpen = true
	WalFlag    = 0
)

func (OS) Lstat(path string) (Info, error) {
	var st unix.Stat_t
	if err := retry(func() error { return unix.Lstat(path, &st) }); err != nil {
		return Info{}, &fs.PathError{Op: "lstat", Path: path, Err: err}
	}
	return infoOf(&st), nil
}

// SyncDir: a rename, a new file or a removal is only durable once its
// directory is.
func (OS) SyncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func (f osFile) Stat() (Info, error) {
	var st unix.Stat_t
	if err := retry(func() error { return unix.Fstat(int(f.Fd()), &st) }); err != nil {
		return Info{}, &fs.PathError{Op: "fstat", Path: f.Name(), Err: err}
	}
	return infoOf(&st), nil
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

func infoOf(st *unix.Stat_t) Info {
	info := Info{
		Size:  st.Size,
		Mtime: format.Time{Sec: int64(st.Mtim.Sec), Nsec: int32(st.Mtim.Nsec)},
		Mode:  fs.FileMode(st.Mode & 0o777),
		Dev:   uint64(st.Dev),
		Ino:   st.Ino,
		Links: uint64(st.Nlink),
		Uid:   int(st.Uid),
		Gid:   int(st.Gid),
	}
	switch st.Mode & syscall.S_IFMT {
	case syscall.S_IFREG:
	case syscall.S_IFLNK:
		info.Mode |= fs.ModeSymlink
	default:
		info.Mode |= fs.ModeIrregular
	}
	return info
}
