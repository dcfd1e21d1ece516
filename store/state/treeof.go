package state

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
)

// Holds reports whether a directory has an entry of a name. A walk that has the
// directory open answers that faster than a lookup by path; nil asks for the latter.
type Holds func(name string) bool

// TreeOf returns the one tree that the files of a directory belong to, given by
// its absolute path with links resolved: that of the nearest directory, at or
// above it, which holds state files of the program; where there is none, of the
// deepest root that it lies in, or without roots of the current directory. No
// other tree's stamps count for them.
func (g *Grove) TreeOf(dir string, holds Holds) (*Tree, error) {
	t := g.treeAbove(dir, holds)
	switch {
	case t != nil:
		return t, nil
	case len(g.named) > 0:
		return nil, fmt.Errorf("%w: outside every root", ErrNoTree)
	}
	return nil, fmt.Errorf("%w: name a root, such as %s", ErrNoTree, dir)
}

// Covers reports whether a directory, absolute with links resolved, lies in a root;
// without roots, everything does.
func (g *Grove) Covers(dir string) bool {
	return len(g.named) == 0 || slices.ContainsFunc(g.named, func(root string) bool {
		_, ok := format.Below(dir, root)
		return ok
	})
}

// manyDirs is of how many directories a grove remembers what it found. Paths come in
// runs of one directory, so it is not often that one is looked up again.
const manyDirs = 10_000

func (g *Grove) treeAbove(dir string, holds Holds) *Tree {
	g.mu.Lock()
	t, known := g.of[dir]
	g.mu.Unlock()
	if known {
		return t
	}
	switch g.lookForState(dir, holds) {
	case stateHere:
		t = g.treeAt(dir, HoldsState)
	case closedToUs:
		// Below the one that would stand in it is a tree nevertheless.
		if outer := g.standIn(dir); outer != nil && outer.root != dir {
			t = g.treeAt(dir, HoldsState)
		}
	case noState:
		if parent := parentDir(dir); parent != dir {
			t = g.treeAbove(parent, nil)
		}
	}
	if t == nil || t.origin != HoldsState {
		// A root that was found above the parent may not be the deepest.
		t = g.standIn(dir)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.of) == manyDirs {
		clear(g.of)
		for _, t := range g.trees {
			t.dirs = nil
		}
	}
	g.of[dir] = t
	if t != nil {
		t.dirs = append(t.dirs, dir)
	}
	return t
}

// Nearest returns the tree that the files of a directory belong to by now, given the
// one that they belonged to when they were found: where that was still to begin,
// another process may have begun one further in, or further out. It is looked up
// anew each time.
func (g *Grove) Nearest(t *Tree, dir string) *Tree {
	for ; ; dir = parentDir(dir) {
		switch g.lookNow(dir) {
		case stateHere:
			// Roots that are named together each become a tree: that this run has
			// begun the outer one takes nothing from the inner.
			if dir == t.root || t.origin == NamedRoot && slices.Contains(g.named, dir) {
				return t
			}
			return g.treeAt(dir, HoldsState)
		case closedToUs:
			return t
		}
		if dir == parentDir(dir) {
			return t
		}
	}
}

// standIn returns the tree of a directory that has no state at or above it.
func (g *Grove) standIn(dir string) *Tree {
	for _, root := range g.named {
		if _, ok := format.Below(dir, root); ok {
			return g.treeAt(root, NamedRoot)
		}
	}
	if g.cwd != "" {
		if _, ok := format.Below(dir, g.cwd); ok {
			return g.treeAt(g.cwd, WorkingDirectory)
		}
	}
	return nil
}

// Nested returns the tree of a directory that is known to hold state files.
// first reports that it was not met before.
func (g *Grove) Nested(dir string) (t *Tree, first bool) {
	g.mu.Lock()
	_, met := g.trees[dir]
	g.mu.Unlock()
	return g.treeAt(dir, HoldsState), !met
}

// stateFound is what a look for state files in a directory has shown.
type stateFound int

const (
	noState stateFound = iota
	stateHere
	// closedToUs is a directory that we may not search. The trees further out are
	// not asked either: their stamps may be older than what it holds.
	closedToUs
)

// lookForState looks for state files of the program. What has the name of one and
// is none counts, and so does one that cannot be looked at because of the disk: a
// reader then warns, and a writer refuses. To go on further out would be to
// believe stamps that may be older.
func (g *Grove) lookForState(dir string, holds Holds) stateFound {
	if g.opt.StateDir == "" && holds != nil {
		for _, suffix := range disk.TreeSuffixes {
			if holds("." + g.opt.Program + suffix) {
				return stateHere
			}
		}
		return noState
	}
	if g.opt.StateDir != "" {
		var name [disk.MaxFolder + 1]byte
		key, ok := g.opt.stateKey(dir)
		if !ok || len(g.folders) == 0 || !g.folders[string(disk.AppendFolder(name[:0], key))] {
			return noState
		}
	}
	return g.lookNow(dir)
}

// lookNow is lookForState by path, whatever was known when the run began.
func (g *Grove) lookNow(dir string) stateFound {
	if _, ok := g.opt.stateKey(dir); !ok {
		return noState
	}
	n := g.opt.names(dir)
	for _, file := range []string{n.Snapshot, n.WAL, n.Segments} {
		_, err := g.opt.fsys.Lstat(file)
		switch {
		case disk.IsAbsent(err):
		case errors.Is(err, fs.ErrPermission) && g.opt.StateDir == "":
			return closedToUs
		default:
			return stateHere
		}
	}
	return noState
}

// IsTree reports whether a directory is a tree of the program, given its
// absolute path and the names in it that are those of state files (see
// IsStateName).
func (g *Grove) IsTree(dir string, marks []string) bool {
	if g.opt.StateDir != "" {
		return g.lookForState(dir, nil) == stateHere
	}
	return slices.ContainsFunc(marks, g.opt.marksTree)
}

// marksTree reports whether a name makes its directory a tree.
func (o Options) marksTree(name string) bool {
	suffix, ok := strings.CutPrefix(name, "."+o.Program)
	return ok && slices.Contains(disk.TreeSuffixes, suffix)
}
