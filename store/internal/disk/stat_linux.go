package disk

import (
	"io/fs"

	"treefilter/store/internal/format"

	"golang.org/x/sys/unix"
)

func (OS) Lstat(path string) (Info, error) {
	info, err := statx(unix.AT_FDCWD, path, unix.AT_SYMLINK_NOFOLLOW|unix.AT_NO_AUTOMOUNT)
	if err != nil {
		return Info{}, &fs.PathError{Op: "lstat", Path: path, Err: err}
	}
	return info, nil
}

// Stat is Lstat of what a symlink leads to.
func (OS) Stat(path string) (Info, error) {
	info, err := statx(unix.AT_FDCWD, path, unix.AT_NO_AUTOMOUNT)
	if err != nil {
		return Info{}, &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	return info, nil
}

func (f osFile) Stat() (Info, error) {
	// A client of a file server may remember the length of the file that had this
	// name before.
	info, err := statx(int(f.Fd()), "", unix.AT_EMPTY_PATH|unix.AT_STATX_FORCE_SYNC)
	if err != nil {
		return Info{}, &fs.PathError{Op: "fstat", Path: f.Name(), Err: err}
	}
	return info, nil
}

// statx is used since the times of the older calls end in 2038 on 32 bits.
func statx(dir int, path string, flags int) (Info, error) {
	var st unix.Statx_t
	err := retry(func() error { return unix.Statx(dir, path, flags, unix.STATX_BASIC_STATS, &st) })
	return infoOf(&st), err
}

func infoOf(st *unix.Statx_t) Info {
	return Info{
		Size:  int64(st.Size),
		Mtime: format.Time{Sec: st.Mtime.Sec, Nsec: int32(st.Mtime.Nsec)},
		Ctime: format.Time{Sec: st.Ctime.Sec, Nsec: int32(st.Ctime.Nsec)},
		Mode:  modeOf(uint32(st.Mode)),
		Dev:   unix.Mkdev(st.Dev_major, st.Dev_minor),
		Ino:   st.Ino,
		Links: uint64(st.Nlink),
		Uid:   int(st.Uid),
		Gid:   int(st.Gid),
	}
}
