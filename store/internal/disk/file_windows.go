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

const listFlags = 0

// Open shares the file with a rename over it and with its removal, as on other systems:
// else no dump could replace a snapshot that is being read, or remove the WAL.
// os.OpenFile cannot do that, and with O_APPEND its files cannot be truncated.
func (OS) Open(path string, flag int, _ fs.FileMode) (File, error) {
	access := uint32(windows.GENERIC_READ)
	if flag&(os.O_WRONLY|os.O_RDWR) != 0 {
		access |= windows.GENERIC_WRITE
	}
	create := uint32(windows.OPEN_EXISTING)
	switch {
	case flag&os.O_EXCL != 0:
		create = windows.CREATE_NEW
	case flag&os.O_CREATE != 0:
		create = windows.OPEN_ALWAYS
	}
	return openFile("open", path, access, create, windows.FILE_ATTRIBUTE_NORMAL)
}

func openFile(op, path string, access, create, attributes uint32) (File, error) {
	const share = windows.FILE_SHARE_READ | windows.FILE_SHARE_WRITE | windows.FILE_SHARE_DELETE
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return nil, &fs.PathError{Op: op, Path: path, Err: err}
	}
	h, err := windows.CreateFile(name, access, share, nil, create, attributes|windows.FILE_FLAG_OPEN_REPARSE_POINT, 0)
	if err != nil {
		return nil, &fs.PathError{Op: op, Path: path, Err: err}
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

// IsInUse reports whether a rename failed because the file that it was to replace may be
// open: without the semantics of POSIX, as on FAT and some file servers, none such is replaced.
func IsInUse(err error) bool {
	return errors.Is(err, windows.ERROR_ACCESS_DENIED) || errors.Is(err, windows.ERROR_SHARING_VIOLATION)
}

// Remove frees the name at once, although the file may be open. Where a file system lacks
// the semantics of POSIX, a removed name stays in use until the last handle is closed: so
// it is another name that is removed.
func (OS) Remove(path string) error {
	info, err := OS{}.Lstat(path)
	if err != nil {
		return err
	}
	if info.Mode.IsDir() {
		return os.Remove(path)
	}
	aside := filepath.Join(filepath.Dir(path), "."+format.NewID()+WalSuffix+TempSuffix)
	if err := os.Rename(path, aside); err != nil {
		return err
	}
	return os.Remove(aside)
}

func (OS) Lstat(path string) (Info, error) {
	f, err := openFile("lstat", path, windows.FILE_READ_ATTRIBUTES, windows.OPEN_EXISTING, windows.FILE_FLAG_BACKUP_SEMANTICS)
	if err != nil {
		return Info{}, err
	}
	info, err := f.Stat()
	return info, errors.Join(err, f.Close())
}

// Stat is Lstat of what a symlink leads to.
func (OS) Stat(path string) (Info, error) {
	f, err := os.Open(path)
	if err != nil {
		return Info{}, err
	}
	info, err := osFile{f}.Stat()
	return info, errors.Join(err, f.Close())
}

// SyncDir: NTFS journals names itself, and a directory cannot be flushed.
func (OS) SyncDir(string) error { return nil }

// Stat leaves Dev out: what is compared had one name, so it lies on one volume, and Wine
// forgets the number of that when an open file is renamed.
func (f osFile) Stat() (Info, error) {
	info, err := f.File.Stat()
	if err != nil {
		return Info{}, err
	}
	var id windows.ByHandleFileInformation
	if err = windows.GetFileInformationByHandle(windows.Handle(f.Fd()), &id); err == nil && !info.IsDir() && id.FileIndexHigh|id.FileIndexLow == 0 {
		err = errNoNumbers
	}
	if err != nil {
		return Info{}, &fs.PathError{Op: "fstat", Path: f.Name(), Err: err}
	}
	return Info{
		Size:  info.Size(),
		Mtime: mtime(id.LastWriteTime),
		Mode:  info.Mode(),
		Ino:   uint64(id.FileIndexHigh)<<32 | uint64(id.FileIndexLow),
		Links: uint64(id.NumberOfLinks),
	}, nil
}

// mtime counts from 1970 what Windows counts in 100 ns from 1601. The time of an
// os.FileInfo goes by way of nanoseconds, which end in 2262.
func mtime(t windows.Filetime) format.Time {
	ticks := int64(t.HighDateTime)<<32 | int64(t.LowDateTime)
	return format.Time{Sec: ticks/1e7 - 11_644_473_600, Nsec: int32(ticks % 1e7 * 100)}
}

// errNoNumbers is a file system on which it cannot be known whether the WAL was replaced:
// what is appended to one that was removed would be lost.
var errNoNumbers = errors.New("the file system does not number its files")

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
