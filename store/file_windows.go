package store

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

const (
	openFlags = 0
	// removeOpen: an open file cannot be unlinked, so the lock file stays and
	// is emptied instead; nor renamed, so it is made under its own name.
	removeOpen = false
	walFlag    = os.O_CREATE
)

func (osFS) lstat(path string) (fileInfo, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return fileInfo{}, err
	}
	return infoOf(info), nil
}

// syncDir: NTFS journals names itself, and a directory cannot be flushed.
func (osFS) syncDir(string) error { return nil }

func (f osFile) stat() (fileInfo, error) {
	info, err := f.Stat()
	if err != nil {
		return fileInfo{}, err
	}
	return infoOf(info), nil
}

// lockRange is one byte far behind any content, since LockFileEx also keeps
// others from reading what it covers.
func lockRange() *windows.Overlapped { return &windows.Overlapped{OffsetHigh: 1 << 30} }

func (f osFile) tryLock() (bool, error) {
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	err := windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, lockRange())
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING) {
		return false, nil
	}
	if err != nil {
		return false, &fs.PathError{Op: "lock", Path: f.Name(), Err: err}
	}
	return true, nil
}

func (f osFile) unlock() error {
	if err := windows.UnlockFileEx(windows.Handle(f.Fd()), 0, 1, 0, lockRange()); err != nil {
		return &fs.PathError{Op: "unlock", Path: f.Name(), Err: err}
	}
	return nil
}

func (osFile) chown(int, int) error { return nil }

func (f osFile) touch() error {
	var now windows.Filetime
	windows.GetSystemTimeAsFileTime(&now)
	if err := windows.SetFileTime(windows.Handle(f.Fd()), nil, nil, &now); err != nil {
		return &fs.PathError{Op: "touch", Path: f.Name(), Err: err}
	}
	return nil
}

// like: a new file inherits the access rules of its directory.
func (osFile) like(fileInfo) error { return nil }

// infoOf leaves dev and ino zero: a file that is open here cannot be replaced
// behind our back.
func infoOf(info fs.FileInfo) fileInfo {
	return fileInfo{size: info.Size(), mtime: TimeOf(info.ModTime()), mode: info.Mode(), links: 1}
}
