package walk

import (
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A directory is opened only for looking at names in it: godirwalk opens it again
// to read it. O_PATH spares the file system one of the two.
const openFlags = unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC

// syscalls makes the system calls of one goroutine. Its buffers keep them from
// allocating.
//
// No call is a raw one, of which the scheduler does not know, though that would be
// some 4 % off a walk: the device of a local file system may hang, too, and a
// look at it would hold up every other goroutine.
type syscalls struct {
	name [512]byte
	stx  unix.Statx_t
}

// cstring returns s with a NUL after it, in the syscalls's buffer if it fits.
func (c *syscalls) cstring(s string) (unsafe.Pointer, error) {
	if strings.IndexByte(s, 0) >= 0 {
		return nil, unix.EINVAL
	}
	buf := c.name[:]
	if len(s) >= len(buf) {
		buf = make([]byte, len(s)+1)
	}
	copy(buf, s)
	buf[len(s)] = 0
	return unsafe.Pointer(&buf[0]), nil
}

// stat looks at a name in a folder once.
func (c *syscalls) stat(f folder, name string, follow bool, info *Info) error {
	flags := unix.AT_NO_AUTOMOUNT
	if !follow {
		flags |= unix.AT_SYMLINK_NOFOLLOW
	}
	if err := c.statx(f, name, flags); err != nil {
		return err
	}
	*info = c.info()
	return nil
}

// info is what the last statx has shown.
func (c *syscalls) info() Info {
	x := &c.stx
	format := x.Mode & unix.S_IFMT
	return Info{
		Sec:        x.Mtime.Sec,
		Nsec:       int32(x.Mtime.Nsec),
		TargetSec:  x.Mtime.Sec,
		TargetNsec: int32(x.Mtime.Nsec),
		Regular:    format == unix.S_IFREG,
		IsDir:      format == unix.S_IFDIR,
		Link:       format == unix.S_IFLNK,
		Size:       int64(x.Size),
		ChangeSec:  x.Ctime.Sec,
		ChangeNsec: int32(x.Ctime.Nsec),
		FileID:     FileID{unix.Mkdev(x.Dev_major, x.Dev_minor), x.Ino},
	}
}

// inspect looks at an open folder itself.
func (c *syscalls) inspect(f folder) (Info, error) {
	err := c.statx(f, "", unix.AT_EMPTY_PATH)
	return c.info(), err
}

func (c *syscalls) statx(f folder, name string, flags int) error {
	p, err := c.cstring(name)
	if err != nil {
		return err
	}
	for {
		_, _, errno := unix.Syscall6(unix.SYS_STATX, uintptr(f.fd), uintptr(p), uintptr(flags),
			unix.STATX_BASIC_STATS, uintptr(unsafe.Pointer(&c.stx)), 0)
		switch errno {
		case 0:
			return nil
		case unix.EINTR:
		default:
			return errno
		}
	}
}

// openBelow opens a directory below a root. Unless symlinks are followed, none of
// the path's components may have become one.
func (c *syscalls) openBelow(root folder, rel string, follow bool) (folder, error) {
	how := unix.OpenHow{Flags: openFlags}
	if !follow {
		how.Flags |= unix.O_NOFOLLOW
		how.Resolve = unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS
	}
	p, err := c.cstring(rel)
	if err != nil {
		return folder{}, err
	}
	for {
		fd, _, errno := unix.Syscall6(unix.SYS_OPENAT2, uintptr(root.fd), uintptr(p),
			uintptr(unsafe.Pointer(&how)), unix.SizeofOpenHow, 0, 0)
		switch errno {
		case 0:
			return folder{int(fd)}, nil
		case unix.EINTR:
		case unix.ENAMETOOLONG, unix.ENOSYS, unix.EPERM: // EPERM: some containers' word for ENOSYS
			return openSteps(root, rel, follow)
		default:
			return folder{}, errno
		}
	}
}
