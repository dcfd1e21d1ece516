package filter

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"treefilter/store"
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

// parseRoots looks at each ROOT, and passes over one that was named before. One
// that cannot be read is an error: a walk that never began must not look like
// one that found nothing.
func parseRoots(paths []string) ([]root, error) {
	roots := make([]root, 0, len(paths))
	type place struct{ real, only string }
	named := map[place]bool{}
	for _, path := range paths {
		r, err := parseRoot(path)
		if err != nil {
			return nil, err
		}
		if at := (place{r.real, r.only}); !named[at] {
			named[at] = true
			roots = append(roots, r)
		}
	}
	return roots, nil
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
	r.real, err = store.RealDir(r.dir)
	return r, err
}

func withSlash(dir string) string {
	if strings.HasSuffix(dir, "/") || os.IsPathSeparator(dir[len(dir)-1]) {
		return dir
	}
	return dir + "/"
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

// walkRoots tells the walk what to visit: a nested root is passed over but in
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

// relative returns the path of what a root names, relative to the directory of
// another.
func relative(r, to root) (rel string, below bool) {
	full := r.real
	if r.only != "" {
		full = strings.TrimSuffix(full, "/") + "/" + r.only
	}
	rest, ok := strings.CutPrefix(full, strings.TrimSuffix(to.real, "/"))
	if !ok || rest != "" && rest[0] != '/' {
		return "", false
	}
	return strings.TrimPrefix(rest, "/"), true
}
