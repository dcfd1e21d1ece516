//go:build unix

package walk

import (
	"strings"

	"golang.org/x/sys/unix"
)

// folder is an open directory.
type folder struct{ fd int }

// workingDir is where relative paths begin.
var workingDir = folder{unix.AT_FDCWD}

// openDir opens a directory, which is followed if it is a symlink.
func (l *looker) openDir(path string) (folder, error) { return openAt(workingDir, path, true) }

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

func (f folder) close() {
	unix.Close(f.fd) // nothing was written: there is no error to learn of
}
