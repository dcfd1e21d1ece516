package disk

import (
	"errors"
	"io/fs"
	"os"

	"treefilter/store/internal/format"

	"golang.org/x/sys/windows"
)

const (
	openFlags = 0
	// RemoveOpen: an open file cannot be unlinked, so the lock file stays and
	// is emptied instead; nor renamed, so it is made under its own name.
	RemoveOpen = false
	WalFlag    = os.O_CREATE
)

func (OS) Lstat(path string) (Info, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return Info{}, err
	}
	return infoOf(info), nil
}

// SyncDir: NTFS journals names itself, and a directory cannot be flushed.
func (OS) SyncDir(string) error { return nil }

func (f osFile) Stat() (Info, error) {
	info, err := f.File.Stat()
	if err != nil {
		return Info{}, err
	}
	return infoOf(info), nil
}

// lockRange is one byte far beyond any content, since LockFileEx also keeps
// others from reading what it covers.
func lockRange() *windows.Overlapped { return &windows.Overlapped{OffsetHigh: 1 << 30} }

func (f osFile) TryLock() (bool, error) {
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

func (f osFile) Unlock() error {
	if err := windows.UnlockFileEx(windows.Handle(f.Fd()), 0, 1, 0, lockRange()); err != nil {
		return &fs.PathError{Op: "unlock", Path: f.Name(), Err: err}
	}
	return nil
}

func (osFile) Chown(int, int) error { return nil }

func (f osFile) Touch() error {
	var now windows.Filetime
	windows.GetSystemTimeAsFileTime(&now)
	if err := windows.SetFileTime(windows.Handle(f.Fd()), nil, nil, &now); err != nil {
		return &fs.PathError{Op: "touch", Path: f.Name(), Err: err}
	}
	return nil
}

// Like: a new file inherits the access rules of its directory.
func (osFile) Like(Info) error { return nil }

// infoOf leaves dev and ino zero: a file that is open here cannot be replaced
// without our knowledge.
func infoOf(info fs.FileInfo) Info {
	return Info{Size: info.Size(), Mtime: format.TimeOf(info.ModTime()), Mode: info.Mode(), Links: 1}
}
