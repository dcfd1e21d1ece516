//go:build unix && !linux

package disk

import (
	"io/fs"

	"treefilter/store/internal/format"

	"golang.org/x/sys/unix"
)

func (OS) Lstat(path string) (Info, error) {
	var st unix.Stat_t
	if err := retry(func() error { return unix.Lstat(path, &st) }); err != nil {
		return Info{}, &fs.PathError{Op: "lstat", Path: path, Err: err}
	}
	return infoOf(&st), nil
}

// Stat is Lstat of what a symlink leads to.
func (OS) Stat(path string) (Info, error) {
	var st unix.Stat_t
	if err := retry(func() error { return unix.Stat(path, &st) }); err != nil {
		return Info{}, &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	return infoOf(&st), nil
}

func (f osFile) Stat() (Info, error) {
	var st unix.Stat_t
	if err := retry(func() error { return unix.Fstat(int(f.Fd()), &st) }); err != nil {
		return Info{}, &fs.PathError{Op: "fstat", Path: f.Name(), Err: err}
	}
	return infoOf(&st), nil
}

func infoOf(st *unix.Stat_t) Info {
	return Info{
		Size:  st.Size,
		Mtime: format.Time{Sec: int64(st.Mtim.Sec), Nsec: int32(st.Mtim.Nsec)},
		Mode:  modeOf(uint32(st.Mode)),
		Dev:   uint64(st.Dev),
		Ino:   st.Ino,
		Links: uint64(st.Nlink),
		Uid:   int(st.Uid),
		Gid:   int(st.Gid),
	}
}
