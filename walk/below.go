package walk

import (
	"io/fs"
	"strings"
)

// Below stats paths below a directory, which it holds open: a disk that is
// mounted there stays. Paths that come directory by directory are quickest. For
// one goroutine.
type Below struct {
	path string
	root folder
	sys  syscalls

	dir  string // of the path before
	at   folder
	open bool  // at is
	err  error // why it is not
}

// OpenBelow opens a directory, which is followed if it is a symlink.
func OpenBelow(dir string) (*Below, error) {
	b := &Below{path: dir}
	var err error
	if b.root, err = b.sys.openDir(dir); err != nil {
		return nil, &fs.PathError{Op: "open", Path: dir, Err: err}
	}
	return b, nil
}

// Lstat stats a path relative to the directory, separated by '/'. Symlinks
// are followed on the way, its last element is not.
func (b *Below) Lstat(rel string) (info Info, err error) {
	at, name := b.root, rel
	if i := strings.LastIndexByte(rel, '/'); i >= 0 {
		if err := b.enter(rel[:i]); err != nil {
			return Info{}, &fs.PathError{Op: "open", Path: join(b.path, rel[:i]), Err: err}
		}
		at, name = b.at, rel[i+1:]
	}
	if err := b.sys.stat(at, name, false, &info); err != nil {
		return info, &fs.PathError{Op: "lstat", Path: join(b.path, rel), Err: err}
	}
	return info, nil
}

func (b *Below) enter(dir string) error {
	if dir == b.dir {
		return b.err
	}
	b.leave()
	b.dir = dir
	b.at, b.err = b.sys.openBelow(b.root, dir, true)
	b.open = b.err == nil
	return b.err
}

// Forget makes the next Lstat begin at the directory itself: what lay on the way
// may be another now.
func (b *Below) Forget() { b.leave() }

func (b *Below) leave() {
	if b.open {
		b.at.close()
	}
	b.dir, b.open, b.err = "", false, nil
}

// Close gives up the directory.
func (b *Below) Close() {
	b.leave()
	b.root.close()
}
