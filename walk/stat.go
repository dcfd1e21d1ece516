package walk

import (
	"io/fs"
	"path/filepath"
	"strings"
)

// Info is what is known of a file. Two looks that saw the same thing give equal
// Infos.
type Info struct {
	Sec  int64 // mtime; of a link that was followed, the later of its own and its target's
	Nsec int32

	// Mtime of what a link that was followed leads to. Where it is not that above,
	// the link is the younger one. Of anything else it is that above.
	TargetNsec int32
	TargetSec  int64

	Regular bool
	IsDir   bool
	Link    bool // the path is a symlink; if it was followed the rest is its target's
	Size    int64

	// Change time and identity; zero where the system does not say.
	ChangeSec  int64
	ChangeNsec int32
	FileID
}

// FileID tells files and directories apart, whatever their names; zero where the
// system does not say.
type FileID struct{ Dev, Ino uint64 }

// Stat looks at a path, which is followed if it is a symlink. The time of a link
// to a file is the later of the link's own and its target's, so that a link that
// was pointed elsewhere counts as changed.
func Stat(path string) (Info, error) {
	var l Looker
	defer l.Close()
	return l.Stat(path)
}

// Looker looks at one path after the other. Where they come in runs of one
// directory it keeps that open: to find the way to it is most of a look. So it
// is for paths that are looked at in one go, and must be closed. For one
// goroutine.
type Looker struct {
	sys  looker
	dir  string // of the path before, with the slash after it
	run  int    // how many paths in a row were in dir
	runs bool   // the directory before that had a run worth opening it
	held folder // dir, when open is set
	open bool
}

// shortRun is up to how many paths of one directory do not pay for opening it.
const shortRun = 2

// Stat looks at a path as the function Stat does.
func (l *Looker) Stat(path string) (info Info, err error) {
	at, name := l.locate(path)
	if err = l.sys.examine(at, name, true, &info); err != nil {
		err = &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	return info, err
}

// Beside reports whether the directory of the path that was looked at last has an
// entry of a name.
func (l *Looker) Beside(name string) bool {
	at := workingDir
	if l.open {
		at = l.held
	} else {
		name = l.dir + name
	}
	var info Info
	return l.sys.stat(at, name, false, &info) == nil
}

// locate returns where to look, and for what.
func (l *Looker) locate(path string) (at folder, name string) {
	i := strings.LastIndexByte(filepath.ToSlash(path), '/') + 1
	if path[:i] != l.dir {
		l.Close()
		l.dir = path[:i]
	}
	if i == 0 || i == len(path) {
		return workingDir, path
	}
	// Where directories have runs the next one will, too.
	if l.run++; l.run == shortRun+1 && !l.runs || l.run == 1 && l.runs {
		var err error
		l.held, err = l.sys.openDir(l.dir)
		l.open = err == nil
	}
	if !l.open {
		return workingDir, path
	}
	return l.held, path[i:]
}

// Close gives the directory up that is open, if any. The Looker can be used again.
func (l *Looker) Close() {
	if l.run > 0 {
		l.runs = l.run > shortRun
	}
	if l.open {
		l.held.close()
	}
	l.dir, l.run, l.open = "", 0, false
}

// examine looks at a name in a folder, and when it is a symlink perhaps at what
// it leads to. Most names are not: one look is enough.
func (l *looker) examine(f folder, name string, follow bool, info *Info) error {
	if err := l.stat(f, name, false, info); err != nil || !info.Link || !follow {
		return err
	}
	link := *info
	if err := l.stat(f, name, true, info); err != nil {
		return err
	}
	info.Link = true
	if link.Sec > info.Sec || link.Sec == info.Sec && link.Nsec > info.Nsec {
		info.Sec, info.Nsec = link.Sec, link.Nsec
	}
	return nil
}
