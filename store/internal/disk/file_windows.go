package disk

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"treefilter/store/internal/format"

	"golang.org/x/sys/windows"
)

const (
	// RemoveOpen: a file that is open for writing cannot be unlinked, so the lock
	// file stays and is emptied instead; nor renamed, so it is made under its own name.
	RemoveOpen = false
	WalFlag    = os.O_CREATE
)

// Open lets readers share the file with a rename over it: else no dump could
// replace a snapshot that is being read. A writer does not share it so: the name of
// the WAL must not leave the file that records are appended to.
// os.OpenFile can do neither, and with O_APPEND its files cannot be truncated.
func (OS) Open(path string, flag int, _ fs.FileMode) (File, error) {
	access, share := uint32(windows.GENERIC_READ), uint32(windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE)
	if flag&(os.O_WRONLY|os.O_RDWR) != 0 {
		access |= windows.GENERIC_WRITE
	} else {
		share |= windows.FILE_SHARE_DELETE
	}
	create := uint32(windows.OPEN_EXISTING)
	switch {
	case flag&os.O_EXCL != 0:
		create = windows.CREATE_NEW
	case flag&os.O_CREATE != 0:
		create = windows.OPEN_ALWAYS
	}
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	h, err := windows.CreateFile(name, access, share, nil, create, windows.FILE_ATTRIBUTE_NORMAL|windows.FILE_FLAG_OPEN_REPARSE_POINT, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return osFile{os.NewFile(uintptr(h), path)}, nil
}

// Write appends, in one step as O_APPEND does: that is what this offset means.
func (f osFile) Write(p []byte) (int, error) {
	var n uint32
	end := windows.Overlapped{Offset: 1<<32 - 1, OffsetHigh: 1<<32 - 1}
	err := windows.WriteFile(windows.Handle(f.Fd()), p, &n, &end)
	if err == nil && int(n) < len(p) {
		err = io.ErrShortWrite
	}
	if err != nil {
		return int(n), &fs.PathError{Op: "write", Path: f.Name(), Err: err}
	}
	return int(n), nil
}

// Rename goes by way of os.Root, which asks for the semantics of POSIX: os.Rename
// cannot replace a file that is being read.
func (OS) Rename(from, to string) error {
	dir, err := os.OpenRoot(filepath.Dir(from))
	if err != nil {
		return err
	}
	return errors.Join(dir.Rename(filepath.Base(from), filepath.Base(to)), dir.Close())
}

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
