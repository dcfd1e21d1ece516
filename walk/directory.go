package walk

import "sync/atomic"

// directory is one directory that a worker has taken.
type directory struct {
	parent   *directory
	root     *openRoot
	rel      string
	id       FileID
	visitor  Visitor
	included bool   // with all below it, as far as that is not excluded
	large    *large // when it is done in parts
}

// insideItself reports whether a directory is one of those above it.
func (d *directory) insideItself() bool {
	for up := d.parent; up != nil; up = up.parent {
		if up.id == d.id {
			return true
		}
	}
	return false
}

// openRoot is a root that is being walked.
type openRoot struct {
	index  int
	folder folder // what is below it is opened from here
	open   bool
	left   int         // directories that are not done, as far as they are known
	moved  atomic.Bool // its path leads elsewhere now, and that was said
}

// large is what the parts of one directory share.
type large struct {
	folder folder
	moved  atomic.Bool // another directory is there now, and that was said
	marks  []string
	listed Info       // the directory as it was opened, where its names were remembered
	left   int        // entries to do
	subs   [][]string // found in each part
	held   *node      // where they go
}
