package filter

import (
	"path/filepath"
	"strings"

	"treefilter/store"
)

// filePath is the path of a file, and where that is.
type filePath struct {
	*location
	name string // how the path ends
}

// location is a directory of files: how their paths spell it, and the tree that they
// belong to.
type location struct {
	prefix string      // what the paths begin with, as they are printed
	dir    string      // absolute; see store.Grove.Locate
	tree   *store.Tree // nil for none
	err    error       // why there is none
}

// path is how the file is printed.
func (p filePath) path() string { return p.prefix + p.name }

// size is how many bytes of arguments a path takes.
func (p filePath) size() int { return len(p.prefix) + len(p.name) + 1 }

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
