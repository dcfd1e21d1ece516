//go:build unix && !linux

package walk

import "golang.org/x/sys/unix"

const openFlags = unix.O_RDONLY | unix.O_DIRECTORY | unix.O_CLOEXEC

// syscalls makes the system calls of one goroutine.
type syscalls struct{}

// stat looks at a name in a folder once.
func (c *syscalls) stat(f folder, name string, follow bool, info *Info) error {
	flags := 0
	if !follow {
		flags = unix.AT_SYMLINK_NOFOLLOW
	}
	var st unix.Stat_t
	err := unix.Fstatat(f.fd, name, &st, flags)
	for err == unix.EINTR {
		err = unix.Fstatat(f.fd, name, &st, flags)
	}
	if err != nil {
		return err
	}
	*info = infoOf(&st)
	return nil
}

func infoOf(st *unix.Stat_t) Info {
	format := st.Mode & unix.S_IFMT
	return Info{
		Sec:        int64(st.Mtim.Sec),
		Nsec:       int32(st.Mtim.Nsec),
		TargetSec:  int64(st.Mtim.Sec),
		TargetNsec: int32(st.Mtim.Nsec),
		Regular:    format == unix.S_IFREG,
		IsDir:      format == unix.S_IFDIR,
		Link:       format == unix.S_IFLNK,
		Size:       st.Size,
		ChangeSec:  int64(st.Ctim.Sec),
		ChangeNsec: int32(st.Ctim.Nsec),
		FileID:     FileID{uint64(st.Dev), uint64(st.Ino)},
	}
}

// inspect looks at an open folder itself.
func (c *syscalls) inspect(f folder) (Info, error) {
	var st unix.Stat_t
	err := unix.Fstat(f.fd, &st)
	return infoOf(&st), err
}

// openBelow opens a directory below a root.
func (c *syscalls) openBelow(root folder, rel string, follow bool) (folder, error) {
	return openSteps(root, rel, follow)
}
