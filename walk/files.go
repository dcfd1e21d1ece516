package walk

import (
	"context"
	"errors"
	"iter"
	"slices"
	"unsafe"
)

// Entry is one regular file that [Files] found.
type Entry struct {
	Path string // the root as it was given, joined with the relative path
	Sec  int64  // mtime
	Nsec int32
}

// errBreak ends a walk whose iteration was broken off.
var errBreak = errors.New("iteration ended")

// Files returns an iterator over the regular files below the roots, in walk
// order. What could not be examined comes as an error, with an empty Entry, in
// its place; the walk goes on after it. The directories are read by several
// goroutines, which have ended when the loop has.
func Files(roots []string, opt Options) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		trees := make([]Root, len(roots))
		for i, path := range roots {
			trees[i].Path = path
		}
		// The loop's body must run on the caller's goroutine, and in order.
		each := func(d *Dir) {
			dir, files := join(roots[d.Root], d.Rel), slices.Clone(d.Files)
			d.Then(len(files)*int(unsafe.Sizeof(File{})), func() error {
				for _, f := range files {
					if !yield(Entry{join(dir, f.Name), f.Sec, f.Nsec}, nil) {
						return errBreak
					}
				}
				return nil
			})
		}
		_ = Walk(context.Background(), trees, opt, VisitFunc(each), func(err error) error {
			if !yield(Entry{}, err) {
				return errBreak
			}
			return nil
		})
	}
}
