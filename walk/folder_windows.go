package walk

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/karrick/godirwalk"
	"golang.org/x/sys/windows"
)

// folder is a directory; here it is found by its path each time.
type folder struct{ path string }

// workingDir is where relative paths begin.
var workingDir = folder{}

// syscalls makes the system calls of one goroutine.
type syscalls struct{}

// stat looks at a name in a folder once.
func (c *syscalls) stat(f folder, name string, follow bool, info *Info) error {
	if isCut(name) {
		return errCut
	}
	look := os.Lstat
	if follow {
		look = os.Stat
	}
	fi, err := look(join(f.path, name))
	if err != nil {
		return reason(err)
	}
	if fi.Mode()&os.ModeDevice != 0 {
		return errReserved
	}
	sec, nsec := mtime(fi)
	*info = Info{
		Sec:        sec,
		Nsec:       nsec,
		TargetSec:  sec,
		TargetNsec: nsec,
		Regular:    fi.Mode().IsRegular(),
		IsDir:      fi.IsDir(),
		Link:       fi.Mode()&os.ModeSymlink != 0,
		Size:       fi.Size(),
	}
	return nil
}

// mtime counts from 1970 what Windows counts in 100 ns from 1601. fi.ModTime goes by way
// of nanoseconds, which end in 2262.
func mtime(fi os.FileInfo) (sec int64, nsec int32) {
	t := fi.Sys().(*syscall.Win32FileAttributeData).LastWriteTime
	ticks := int64(t.HighDateTime)<<32 | int64(t.LowDateTime)
	return ticks/1e7 - 11_644_473_600, int32(ticks % 1e7 * 100)
}

// errReserved is that a name leads to a device, whatever the directory. A file can bear
// it all the same, and is then not passed over in silence.
var errReserved = errors.New("reserved name: it leads to a device")

// errCut is that Windows drops the end of a name: what it would show is another file.
var errCut = errors.New("ends in a space or full stop, which Windows drops")

// isCut reports whether a path has a name of which Windows drops the end.
func isCut(path string) bool {
	for name := range strings.SplitSeq(filepath.ToSlash(path), "/") {
		if name != "." && name != ".." && strings.TrimRight(name, " .") != name {
			return true
		}
	}
	return false
}

// inspect looks at a folder itself, for its identity alone.
func (c *syscalls) inspect(f folder) (Info, error) {
	dir, err := os.Open(f.path)
	if err != nil {
		return Info{}, reason(err)
	}
	defer dir.Close()
	var info windows.ByHandleFileInformation
	err = windows.GetFileInformationByHandle(windows.Handle(dir.Fd()), &info)
	ino := uint64(info.FileIndexHigh)<<32 | uint64(info.FileIndexLow)
	return Info{IsDir: true, FileID: FileID{uint64(info.VolumeSerialNumber), ino}}, err
}

// openDir opens a directory, which is followed if it is a symlink.
func (c *syscalls) openDir(path string) (folder, error) {
	return c.openBelow(folder{path}, "", true)
}

// openBelow opens a directory below a root.
func (c *syscalls) openBelow(root folder, rel string, follow bool) (folder, error) {
	path := join(root.path, rel)
	var info Info
	err := c.stat(workingDir, path, follow, &info)
	if err == nil && !info.IsDir {
		err = syscall.ENOTDIR
	}
	return folder{path}, err
}

// identifyPath looks at the directory that a path leads to.
func (c *syscalls) identifyPath(path string) (FileID, error) {
	info, err := c.inspect(folder{path})
	return info.FileID, err
}

// scans reports whether a scanner reads the directory of that identity. It and the
// folder have nothing but their path, which is compared when all was looked at.
func (c *syscalls) scans(*godirwalk.Scanner, FileID) bool { return true }

// names reads the directory.
func (f folder) names() ([]string, error) {
	dir, err := os.Open(f.path)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	return dir.Readdirnames(-1)
}

func (f folder) close() {}

// reason is an error without the path; the caller names it.
func reason(err error) error {
	if inner, ok := err.(*os.PathError); ok {
		return inner.Err
	}
	return err
}
