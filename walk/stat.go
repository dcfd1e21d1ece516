package walk

import (
	"io/fs"
	"path/filepath"
	"strings"
)

// Info is what is known of a file. Two stats that saw the same thing give equal
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

// FileID identifies a file or directory, whatever its name; zero where the
// system does not say.
type FileID struct{ Dev, Ino uint64 }

// Stat stats a path, which is followed if it is a symlink. The time of a link
// to a file is the later of the link's own and its target's, so that a link that
// was pointed elsewhere counts as changed.
func Stat(path string) (Info, error) {
	var s Statter
	defer s.Close()
	return s.Stat(path)
}

// Statter stats one path after the other. Where they come in runs of one directory
// it keeps that open: most of a stat is finding the way there. So it is for paths
// that are statted in one go, all known before the first of them is, and must be closed.
// For one goroutine.
//
// Another directory may take the place of the one that is open. What a stat shows is
// then still of the file that the path led to when the directory was opened, after the
// path had become known: it is as if the stat had come a little earlier.
type Statter struct {
	sys  syscalls
	dir  string // of the path before, with the slash after it
	run  int    // how many paths in a row were in dir
	runs bool   // the directory before that had a run worth opening it
	held folder // dir, when open is set
	open bool
}

// shortRun is up to how many paths of one directory do not pay for opening it.
const shortRun = 2

// Stat stats a path as the function Stat does.
func (s *Statter) Stat(path string) (info Info, err error) {
	at, name := s.locate(path)
	if err = s.sys.statLink(at, name, true, &info); err != nil {
		err = &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	return info, err
}

// Beside reports whether the directory of the path that was statted last has an
// entry of a name.
func (s *Statter) Beside(name string) bool {
	at := workingDir
	if s.open {
		at = s.held
	} else {
		name = s.dir + name
	}
	var info Info
	return s.sys.stat(at, name, false, &info) == nil
}

// locate returns the folder to ask, and the name to ask for.
func (s *Statter) locate(path string) (at folder, name string) {
	i := strings.LastIndexByte(filepath.ToSlash(path), '/') + 1
	if path[:i] != s.dir {
		s.Close()
		s.dir = path[:i]
	}
	if i == 0 || i == len(path) {
		return workingDir, path
	}
	// Where directories have runs the next one will, too.
	if s.run++; s.run == shortRun+1 && !s.runs || s.run == 1 && s.runs {
		var err error
		s.held, err = s.sys.openDir(s.dir)
		s.open = err == nil
	}
	if !s.open {
		return workingDir, path
	}
	return s.held, path[i:]
}

// Close gives the directory up that is open, if any. The Statter can be used again.
func (s *Statter) Close() {
	if s.run > 0 {
		s.runs = s.run > shortRun
	}
	if s.open {
		s.held.close()
	}
	s.dir, s.run, s.open = "", 0, false
}

// statLink is stat, followed by that of what a symlink leads to where follow asks for
// it. Most names are none: one call is enough.
func (c *syscalls) statLink(f folder, name string, follow bool, info *Info) error {
	if err := c.stat(f, name, false, info); err != nil || !info.Link || !follow {
		return err
	}
	link := *info
	if err := c.stat(f, name, true, info); err != nil {
		return err
	}
	info.Link = true
	if link.Sec > info.Sec || link.Sec == info.Sec && link.Nsec > info.Nsec {
		info.Sec, info.Nsec = link.Sec, link.Nsec
	}
	return nil
}
