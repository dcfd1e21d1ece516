package state

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"

	"treefilter/store/internal/format"
)

// ErrNoTree is a path that lies in no tree, and below no root that could become
// one.
var ErrNoTree = errors.New("in no tree")

// Locate returns what a path is: its directory, absolute with links resolved,
// and its name. The directory is resolved, the last element never is.
//
// Below a root a path is taken as it is spelled, so that a file reached
// through a link to a directory has its stamp where a walk that follows links
// looks for it.
func (g *Grove) Locate(file string) (dir, name string, err error) {
	file = filepath.ToSlash(file)
	i := strings.LastIndexByte(file, '/')
	name = file[i+1:]
	if name == "" || name == "." || name == ".." {
		return "", "", fmt.Errorf("%s: not the path of a file", file)
	}
	given := file[:i+1]
	if dir, ok := g.belowGiven(given); ok {
		return dir, name, nil
	}
	dir, err = g.once(given, g.resolve)
	return dir, name, err
}

// once finds out what a directory is, as it is spelled, and keeps that.
func (g *Grove) once(given string, find func(string) (string, error)) (string, error) {
	g.mu.Lock()
	dir, known := g.dirs[given]
	g.mu.Unlock()
	if known {
		return dir, nil
	}
	dir, err := find(given)
	if err == nil {
		g.mu.Lock()
		defer g.mu.Unlock()
		if len(g.dirs) == manyDirs {
			clear(g.dirs)
		}
		g.dirs[strings.Clone(given)] = dir
	}
	return dir, err
}

func (g *Grove) resolve(given string) (string, error) {
	given = cmp.Or(given, ".")
	// "a/../b" need not be "b" where a is a link.
	if len(g.spelled) > 0 && !format.HasParent(given) {
		abs, err := filepath.Abs(given)
		if err != nil {
			return "", fmt.Errorf("%s: %w", given, err)
		}
		if dir, ok := g.belowRoot(filepath.ToSlash(abs)); ok {
			return dir, nil
		}
	}
	return g.realDir(given)
}

// realDir is RealDir, which looks at every directory on the way. The one above was mostly
// resolved before: then it is enough to see that this one is a directory and no link, and
// that a link above it does not lead elsewhere by now.
func (g *Grove) realDir(given string) (string, error) {
	path := strings.TrimRight(given, "/")
	name := path[strings.LastIndexByte(path, '/')+1:]
	// Windows may have the name in another spelling.
	if name == "" || name == "." || name == ".." || runtime.GOOS == "windows" {
		return RealDir(cmp.Or(given, "."))
	}
	real, err := g.once(strings.TrimSuffix(path, name), g.realDir)
	if err != nil {
		return RealDir(given)
	}
	real = strings.TrimSuffix(real, "/") + "/" + name
	info, err := os.Lstat(path)
	there, lost := os.Lstat(real)
	if err != nil || lost != nil || !info.IsDir() || !os.SameFile(info, there) {
		return RealDir(given)
	}
	return real, nil
}

// RealDir returns the absolute path of a directory, links resolved and
// '/'-separated: what TreeOf takes.
func RealDir(dir string) (string, error) {
	if !filepath.IsAbs(dir) {
		// Joined as it is: "link/.." is not what it looks like, and the
		// current directory may have been entered through a link.
		wd, err := os.Getwd()
		if err != nil {
			return "", err
		}
		dir = wd + string(filepath.Separator) + dir
	}
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return "", err
	}
	info, err := os.Stat(real)
	if err != nil {
		return "", err
	}
	if !info.IsDir() {
		return "", fmt.Errorf("%s: not a directory", dir)
	}
	return filepath.ToSlash(real), nil
}

// belowGiven maps a directory that begins with a root, to the letter, as what
// the filter prints does.
func (g *Grove) belowGiven(given string) (dir string, ok bool) {
	var root, rel string
	longest := 0
	for prefix, real := range g.given {
		if rest, below := strings.CutPrefix(given, prefix); below && len(prefix) > longest && !format.HasParent(rest) {
			root, rel, longest = real, rest, len(prefix)
		}
	}
	if longest == 0 {
		return "", false
	}
	rel = strings.TrimSuffix(rel, "/")
	if !format.IsClean(rel) {
		rel = strings.TrimPrefix(path.Clean("/"+rel), "/")
	}
	if rel == "" {
		return root, true
	}
	return strings.TrimSuffix(root, "/") + "/" + rel, true
}

// belowRoot maps a directory as it is spelled to the deepest root that it lies
// in by its spelling.
func (g *Grove) belowRoot(abs string) (string, bool) {
	for at := abs; ; at = parentDir(at) {
		if root, ok := g.spelled[at]; ok {
			rest, _ := format.Below(abs, at)
			if rest == "" {
				return root, true
			}
			return strings.TrimSuffix(root, "/") + "/" + rest, true
		}
		if parentDir(at) == at {
			return "", false
		}
	}
}

func parentDir(dir string) string {
	switch i := strings.LastIndexByte(dir, '/'); {
	case i > 0:
		return dir[:i]
	case i == 0:
		return "/"
	}
	return dir
}
