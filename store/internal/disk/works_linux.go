package disk

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

type osWorkDir struct{ *os.File }

func (OS) OpenWork(dir string) (WorkDir, error) {
	d, err := os.OpenFile(dir, os.O_RDONLY|unix.O_DIRECTORY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	return osWorkDir{d}, nil
}

// SyncAll is syncfs: it waits for data and names alike, wherever on the file
// system a command has put them. An fsync of the file would miss results that
// lie elsewhere, which is most of them.
func (d osWorkDir) SyncAll() error {
	err := retry(func() error { return unix.Syncfs(int(d.Fd())) })
	if err != nil {
		return &fs.PathError{Op: "syncfs", Path: d.Name(), Err: err}
	}
	return nil
}

// claimBase is where claims begin: far beyond any directory's size.
const claimBase = 1 << 62

// A claim is a read lock of one byte of the tree's directory that belongs to an
// open file description, so it vanishes with its process. Write locks are not to
// be had on a directory; but the question whether one could be had is answered
// with the read locks of others. The lock of the WAL keeps two from asking at once.
func (d osWorkDir) Claim(key uint64) (free bool, err error) {
	ask := unix.Flock_t{Type: unix.F_WRLCK, Start: claimBase + int64(key>>2), Len: 1}
	err = retry(func() error { return unix.FcntlFlock(d.Fd(), unix.F_OFD_GETLK, &ask) })
	if err != nil || ask.Type != unix.F_UNLCK {
		return false, claimError(d.Name(), err)
	}
	lock := unix.Flock_t{Type: unix.F_RDLCK, Start: claimBase + int64(key>>2), Len: 1}
	err = retry(func() error { return unix.FcntlFlock(d.Fd(), unix.F_OFD_SETLK, &lock) })
	return err == nil, claimError(d.Name(), err)
}

func (d osWorkDir) Release(key uint64) error {
	lock := unix.Flock_t{Type: unix.F_UNLCK, Start: claimBase + int64(key>>2), Len: 1}
	return claimError(d.Name(), retry(func() error { return unix.FcntlFlock(d.Fd(), unix.F_OFD_SETLK, &lock) }))
}

func claimError(dir string, err error) error {
	if err == nil {
		return nil
	}
	// Network file systems need not have locks, least of all on directories.
	if errors.Is(err, unix.ENOLCK) || errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EBADF) {
		return ErrNoClaims
	}
	return &fs.PathError{Op: "lock", Path: dir, Err: err}
}
