//go:build unix

package walk

import (
	"os"
	"reflect"
	"strings"

	"github.com/karrick/godirwalk"
	"golang.org/x/sys/unix"
)

// folder is an open directory.
type folder struct{ fd int }

// workingDir is where relative paths begin.
var workingDir = folder{unix.AT_FDCWD}

// openDir opens a directory, which is followed if it is a symlink.
func (c *syscalls) openDir(path string) (folder, error) { return openAt(workingDir, path, true) }

// openSteps opens a directory below a root one component at a time: no path is
// too long for that, and no symlink is followed on the way unless it shall be.
func openSteps(root folder, rel string, follow bool) (folder, error) {
	at := root
	for name := range strings.SplitSeq(rel, "/") {
		next, err := openAt(at, name, follow)
		if at != root {
			at.close()
		}
		if err != nil {
			return folder{}, err
		}
		at = next
	}
	return at, nil
}

func openAt(at folder, name string, follow bool) (folder, error) {
	flags := openFlags
	if !follow {
		flags |= unix.O_NOFOLLOW
	}
	for {
		fd, err := unix.Openat(at.fd, name, flags, 0)
		if err != unix.EINTR {
			return folder{fd}, err
		}
	}
}

// identifyPath looks at the directory that a path leads to.
func (c *syscalls) identifyPath(path string) (FileID, error) {
	var info Info
	err := c.stat(workingDir, path, true, &info)
	return info.FileID, err
}

// scannerFD is the field of a scanner that holds its descriptor, which is not
// exported. Nothing else shows for certain which directory the scanner reads: by the
// time of a look, the path may lead to another one again.
var scannerFD = func() []int {
	field, ok := reflect.TypeFor[godirwalk.Scanner]().FieldByName("fd")
	if !ok {
		panic("godirwalk.Scanner has no fd")
	}
	return field.Index
}()

// scans reports whether a scanner reads the directory of that identity.
func (c *syscalls) scans(s *godirwalk.Scanner, id FileID) bool {
	fd := reflect.ValueOf(s).Elem().FieldByIndex(scannerFD).Int()
	scanned, err := c.inspect(folder{int(fd)})
	return err == nil && scanned.FileID == id
}

// names reads the directory that is open, whatever has become of its path.
func (f folder) names() ([]string, error) {
	for {
		fd, err := unix.Openat(f.fd, ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return nil, err
		}
		dir := os.NewFile(uintptr(fd), ".")
		defer dir.Close()
		return dir.Readdirnames(-1)
	}
}

func (f folder) close() {
	unix.Close(f.fd) // nothing was written: there is no error to learn of
}
