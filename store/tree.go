package store

import (
	"iter"

	"treefilter/store/state"
)

// Tree is a directory and the stamps of the files below it, which are given by their
// paths relative to it, '/'-separated. It may be used from several goroutines.
type Tree struct{ tree *state.Tree }

// Root is the tree's directory, absolute with links resolved.
func (t *Tree) Root() string { return t.tree.Root() }

// Get returns the stamp of a file, and whether it has one that counts.
func (t *Tree) Get(path string) (Stamp, bool) { return t.tree.Get(path) }

// Set records that files have been processed: see Grove.Set.
func (t *Tree) Set(paths ...string) error { return t.tree.Set(paths...) }

// Forget takes the stamps of files away: see Grove.Forget.
func (t *Tree) Forget(paths ...string) error { return t.tree.Forget(paths...) }

// All goes through every stamp that counts, by path, a directory's files before its
// subdirectories, as they were when the tree was first read.
func (t *Tree) All() iter.Seq2[string, Stamp] {
	return func(yield func(string, Stamp) bool) {
		for e := range t.tree.Stamps() {
			if !yield(e.Path, e.Stamp) {
				return
			}
		}
	}
}

// Status is what a tree's state files hold, as they were when it was first read.
type Status struct {
	// Snapshot and WAL are the paths of the two files.
	Snapshot, WAL string
	// Config is that of the newest stamps.
	Config Config
	// Stamps is how many the snapshot holds, whether they count or not. Records is
	// how many stamps the WAL sets and takes away.
	Stamps  int64
	Records int
	// OtherConfigs is how many files have a stamp that does not count because it
	// was made under another config.
	OtherConfigs int64
	// Dumped is when the snapshot was written, zero where there is none.
	Dumped Time
	// Problems is what is wrong with the files: each that counts as missing, and
	// damage to a part of one.
	Problems []error
}

// Status returns what there is to say of the tree's state files.
func (t *Tree) Status() Status {
	f := t.tree.Facts()
	s := Status{
		Snapshot:     f.Snapshot,
		WAL:          f.WAL,
		Stamps:       f.Stamps,
		Records:      f.Records,
		OtherConfigs: t.tree.OtherConfigs(),
		Dumped:       f.Dumped,
		Problems:     t.tree.Problems(),
	}
	s.Config, _ = t.tree.Stored()
	return s
}
