package filter

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"treefilter/store/state"
	"treefilter/walk"
)

// root is what one ROOT of the command line names: a tree, and the whole of it
// or a single file as the selection.
type root struct {
	dir    string // as the user wrote it, or the directory of the file
	only   string // the name of the file, "" for the whole tree
	prefix string // what a printed path begins with
	real   string // dir, absolute, links resolved
}

// parseRoots looks at each ROOT, and passes over one that was named before. Those
// that cannot be read are returned apart: the others are done all the same, but a
// walk that never began must not look like one that found nothing. Where there is
// no other, that is err, too.
func parseRoots(paths []string) (roots []root, lost lostRoots, err error) {
	roots = make([]root, 0, len(paths))
	type place struct{ real, only string }
	named := map[place]bool{}
	for _, path := range paths {
		r, err := parseRoot(path)
		if err != nil {
			lost = append(lost, lostRoot{path, realPath(path), err})
			continue
		}
		if at := (place{r.real, r.only}); !named[at] {
			named[at] = true
			roots = append(roots, r)
		}
	}
	if len(roots) == 0 {
		err = lost.err()
	}
	return roots, lost, err
}

// lostRoots are the ROOTs that cannot be read.
type lostRoots []lostRoot

type lostRoot struct {
	path string // as the user wrote it
	real string // absolute, links resolved, "" where that is unknown
	err  error
}

// err returns what is wrong with all of them, nil where there are none.
func (l lostRoots) err() error {
	errs := make([]error, len(l))
	for i := range l {
		errs[i] = l[i].err
	}
	return errors.Join(errs...)
}

var errLostRoot = errors.New("not stamped: its ROOT cannot be read")

// refuse returns an error for an absolute directory that lies in one of them: its
// files must not get a stamp in the tree of another ROOT, further out.
func (l lostRoots) refuse(dir string) error {
	for i := range l {
		if l[i].real == "" {
			continue
		}
		if _, below := relative(root{real: dir}, root{real: l[i].real}); below {
			return errLostRoot
		}
	}
	return nil
}

// realPath returns the absolute path of what need not be a directory, or need not be
// there: what is missing is taken as it is spelled. It is "" where that cannot be.
func realPath(path string) string {
	if real, err := state.RealDir(path); err == nil {
		return real
	}
	dir, name := splitGiven(strings.TrimRight(filepath.ToSlash(path), "/"))
	switch name {
	case "", "..":
		return ""
	case ".":
		return realPath(dir)
	}
	at := root{real: realPath(dir)}
	if at.real == "" {
		return ""
	}
	return at.join(name)
}

func parseRoot(path string) (r root, err error) {
	if path == "" {
		return r, errors.New("empty ROOT")
	}
	info, err := os.Stat(path)
	if err != nil {
		return r, err
	}
	switch {
	case info.IsDir():
		d, err := os.Open(path)
		if err != nil {
			return r, err
		}
		d.Close()
		r = root{dir: path, prefix: operand(withSlash(path))}
	case info.Mode().IsRegular():
		dir, name := filepath.Split(path)
		r = root{dir: dir, only: name, prefix: strings.TrimSuffix(operand(path), name)}
		if dir == "" {
			r.dir = "."
		}
	default:
		return r, &fs.PathError{Op: "open", Path: path, Err: errors.New("neither a directory nor a regular file")}
	}
	r.real, err = state.RealDir(r.dir)
	return r, err
}

// join returns the absolute path of what lies below a root.
func (r *root) join(rel string) string {
	if rel == "" {
		return r.real
	}
	return strings.TrimSuffix(r.real, "/") + "/" + rel
}

// refuseFile returns an error for a root that is a file: who names one does not
// mean the stamps of all that lies beside it.
func (r root) refuseFile() error {
	if r.only == "" {
		return nil
	}
	return &pathError{r.prefix + r.only, errors.New("not a directory")}
}

func withSlash(dir string) string {
	if strings.HasSuffix(dir, "/") || os.IsPathSeparator(dir[len(dir)-1]) {
		return dir
	}
	return dir + "/"
}

// splitGiven cuts a path, as it is spelled, after its last slash.
func splitGiven(path string) (dir, name string) {
	path = filepath.ToSlash(path)
	i := strings.LastIndexByte(path, '/') + 1
	return path[:i], path[i:]
}

// operand puts "./" before a path that would be taken for a flag.
func operand(path string) string {
	if strings.HasPrefix(path, "-") {
		return "./" + path
	}
	return path
}

// dirs returns the directories of the roots.
func dirs(roots []root) []string {
	list := make([]string, len(roots))
	for i, r := range roots {
		list[i] = r.dir
	}
	return list
}

// walkRoots says what to visit: a nested root is passed over but in
// its own place.
func walkRoots(roots []root) []walk.Root {
	list := make([]walk.Root, len(roots))
	for i, r := range roots {
		list[i] = walk.Root{Path: r.dir, Only: r.only}
		if r.only != "" {
			continue
		}
		for _, other := range roots {
			if rel, below := relative(other, r); below && rel != "" {
				if list[i].Skip == nil {
					list[i].Skip = map[string]bool{}
				}
				list[i].Skip[rel] = true
			}
		}
	}
	return list
}

// belowRoots returns an absolute path relative to the deepest root that it lies in.
func belowRoots(roots []root, path string) (rel string, ok bool) {
	deepest := -1
	for i := range roots {
		if below, in := state.Below(path, roots[i].real); in && len(roots[i].real) > deepest {
			deepest, rel = len(roots[i].real), below
		}
	}
	return rel, deepest >= 0
}

// relative returns the path of what a root names, relative to the directory of
// another.
func relative(r, to root) (rel string, below bool) {
	return state.Below(r.join(r.only), to.real)
}
