package walk

import "io/fs"

// Info is what is known of a file. Two looks that saw the same thing give equal
// Infos.
type Info struct {
	Sec  int64 // mtime; of a link that was followed, the later of its own and its target's
	Nsec int32

	Regular bool
	IsDir   bool
	Link    bool // the path is a symlink; if it was followed the rest is its target's
	Size    int64

	// Change time and identity; zero where the system does not tell.
	ChangeSec  int64
	ChangeNsec int32
	Dev, Ino   uint64
}

// fileID tells directories apart.
type fileID struct{ dev, ino uint64 }

// Stat looks at a path, which is followed if it is a symlink. The time of a link
// to a file is the later of the link's own and its target's, so that a link that
// was pointed elsewhere counts as changed.
func Stat(path string) (Info, error) {
	var sys looker
	var info Info
	if err := sys.examine(workingDir, path, true, &info); err != nil {
		return info, &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	return info, nil
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
