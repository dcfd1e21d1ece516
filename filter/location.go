package filter

import "treefilter/store/state"

// filePath is the path of a file, and where that is.
type filePath struct {
	*location
	name string // how the path ends
}

// location is a directory of files: how their paths spell it, and the tree that they
// belong to. A whole walk of them may be kept, so no path is put together before it is
// asked for.
type location struct {
	root *root       // where the paths begin
	rel  string      // the directory below that, "" for that itself
	tree *state.Tree // nil for none
	err  error       // why there is none
}

// dir is the absolute directory: see state.Grove.Locate.
func (l *location) dir() string { return l.root.join(l.rel) }

// appendPath appends how the file is printed.
func (p filePath) appendPath(b []byte) []byte {
	b = append(b, p.root.prefix...)
	if p.rel != "" {
		b = append(append(b, p.rel...), '/')
	}
	return append(b, p.name...)
}

// path is how the file is printed.
func (p filePath) path() string {
	if p.rel == "" {
		return p.root.prefix + p.name
	}
	return p.root.prefix + p.rel + "/" + p.name
}
