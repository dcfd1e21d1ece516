package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// Grove is the trees of one run. All share one program name and one config.
// It knows which tree holds a file's stamp; see Chain. It may be used from
// several goroutines.
type Grove struct {
	opt   Options
	roots []*Tree
	cwd   string // a tree for what lies in it, when no root was named
	// folders are those in the state directory, as they were at the beginning:
	// to look for one in each directory of a walk would take too long.
	folders map[string]bool

	// The roots to the letter, each with a slash behind it, and their absolute
	// paths without links resolved.
	given, spelled map[string]string

	mu     sync.Mutex
	trees  map[string]*Tree  // by directory
	chains map[string]*Chain // by directory
	dirs   map[string]string // directories as given, and what they are
}

// Chain is the trees that may hold the stamps of the files of one directory,
// nearest first. A nil Chain is empty.
type Chain struct {
	Tree *Tree
	// Outer is what follows further out.
	Outer *Chain
	// Own tells a tree at or below a root, which may be written to.
	Own bool
}

// Open returns a grove with a tree for each root, a directory. Without a root,
// the trees are those whose state files are found above a path, and the
// current directory.
func Open(roots []string, opt Options) (*Grove, error) {
	opt, err := opt.withDefaults()
	if err != nil {
		return nil, err
	}
	g := &Grove{
		opt:     opt,
		given:   map[string]string{},
		spelled: map[string]string{},
		trees:   map[string]*Tree{},
		chains:  map[string]*Chain{},
		dirs:    map[string]string{},
	}
	if opt.StateDir != "" && opt.stateErr == nil {
		g.folders, g.opt.stateErr = listFolders(opt.fsys, opt.StateDir)
	}
	for _, root := range roots {
		dir, err := g.addRoot(root)
		if err != nil {
			return nil, err
		}
		if t := g.treeAt(dir); !slices.Contains(g.roots, t) {
			g.roots = append(g.roots, t)
		}
	}
	if len(roots) == 0 {
		if g.cwd, err = RealDir("."); err != nil {
			return nil, err
		}
	}
	return g, nil
}

func (g *Grove) addRoot(root string) (string, error) {
	dir, err := RealDir(root)
	if err != nil {
		return "", err
	}
	given := filepath.ToSlash(root)
	g.given[strings.TrimSuffix(given, "/")+"/"] = dir
	g.spelled[dir] = dir
	if !hasParent(given) {
		spelled, err := filepath.Abs(root)
		if err != nil {
			return "", fmt.Errorf("%s: %w", root, err)
		}
		g.spelled[filepath.ToSlash(spelled)] = dir
	}
	return dir, nil
}

// Roots returns the trees of the roots, in their order, each once.
func (g *Grove) Roots() []*Tree { return g.roots }

// Trees returns every tree that was met so far, by directory.
func (g *Grove) Trees() []*Tree {
	g.mu.Lock()
	defer g.mu.Unlock()
	trees := make([]*Tree, 0, len(g.trees))
	for _, t := range g.trees {
		trees = append(trees, t)
	}
	slices.SortFunc(trees, func(a, b *Tree) int { return compareDirs(a.root, b.root) })
	return trees
}

func (g *Grove) treeAt(dir string) *Tree {
	g.mu.Lock()
	defer g.mu.Unlock()
	t := g.trees[dir]
	if t == nil {
		t = newTree(dir, g.opt)
		g.trees[dir] = t
	}
	return t
}

// Holds tells whether a directory has an entry of a name. Who holds the directory
// open knows that sooner than who has to find the way to it; nil is for those who
// do not.
type Holds func(name string) bool

// Chain returns the trees that may hold stamps of files in a directory, given
// by its absolute path with links resolved.
func (g *Grove) Chain(dir string, holds Holds) *Chain {
	g.mu.Lock()
	c, known := g.chains[dir]
	g.mu.Unlock()
	if known {
		return c
	}
	var outer *Chain
	if parent := parentDir(dir); parent != dir {
		outer = g.Chain(parent, nil)
	}
	c = outer
	if own := g.isRoot(dir); own || g.hasState(dir, holds) {
		c = g.link(dir, outer, own)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.chains[dir] = c
	return c
}

// Nested returns the chain of a directory that is known to hold state files,
// and whose parent has the chain outer. fresh tells that no other chain so far
// holds its tree.
func (g *Grove) Nested(dir string, outer *Chain) (c *Chain, fresh bool) {
	g.mu.Lock()
	_, met := g.trees[dir]
	g.mu.Unlock()
	return g.link(dir, outer, false), !met
}

func (g *Grove) link(dir string, outer *Chain, own bool) *Chain {
	if outer != nil && outer.Tree.root == dir {
		return outer
	}
	own = own || len(g.roots) == 0 || outer != nil && outer.Own
	return &Chain{Tree: g.treeAt(dir), Outer: outer, Own: own}
}

func (g *Grove) isRoot(dir string) bool {
	return slices.ContainsFunc(g.roots, func(t *Tree) bool { return t.root == dir })
}

// hasState tells whether a directory is a tree of the program. What has the
// name of a state file and is none makes it one too: a reader then warns, and a
// writer refuses.
func (g *Grove) hasState(dir string, holds Holds) bool {
	if g.opt.StateDir == "" && holds != nil {
		return holds("."+g.opt.Program+snapshotSuffix) || holds("."+g.opt.Program+walSuffix)
	}
	if g.opt.StateDir != "" {
		var name [maxFolder + 1]byte
		if len(g.folders) == 0 || !g.folders[string(appendFolder(name[:0], dir))] {
			return false
		}
	}
	n := g.opt.names(dir)
	for _, file := range []string{n.snapshot, n.wal} {
		if _, err := g.opt.fsys.lstat(file); err == nil {
			return true
		}
	}
	return false
}

// IsTree tells whether a directory is a tree of the program, given its absolute
// path and the names in it that are those of state files (see IsStateName).
func (g *Grove) IsTree(dir string, marks []string) bool {
	if g.opt.StateDir != "" {
		return g.hasState(dir, nil)
	}
	return slices.ContainsFunc(marks, func(name string) bool {
		program, ok := strings.CutPrefix(name, "."+g.opt.Program)
		return ok && (program == snapshotSuffix || program == walSuffix)
	})
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

// Below returns the path of an absolute directory relative to the tree, in
// which it lies: "" for the tree's own.
func (t *Tree) Below(dir string) string {
	rel, _ := below(dir, t.root)
	return rel
}

// Join returns the path, relative to the tree, of a file in an absolute
// directory.
func (t *Tree) Join(dir, name string) string { return joinPath(t.Below(dir), name) }

// Get returns the stamp of a file, given by any path, and whether it has one
// that counts: the nearest tree that has a stamp for it decides.
func (g *Grove) Get(path string) (Stamp, bool) {
	dir, name, err := g.Locate(path)
	if err != nil {
		return Stamp{}, false
	}
	for c := g.Chain(dir, nil); c != nil; c = c.Outer {
		rel := c.Tree.Join(dir, name)
		if s, ok := c.Tree.Get(rel); ok {
			return s, true
		}
		if c.Tree.Holds(rel) {
			break // of another config, and younger than what is further out
		}
	}
	return Stamp{}, false
}

// Set records that a file, given by any path, has been processed. See
// Tree.Set.
func (g *Grove) Set(path string) error {
	dir, name, err := g.Locate(path)
	if err != nil {
		return err
	}
	t, err := g.Owner(dir, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return t.Set(t.Join(dir, name))
}

// Dump dumps every tree that was opened or written to.
func (g *Grove) Dump() error {
	var errs []error
	for _, t := range g.Trees() {
		if slices.Contains(g.roots, t) || t.written() {
			_, err := t.Dump(false)
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Release closes a tree and forgets it: the walk is done with its directory.
func (g *Grove) Release(t *Tree) error {
	g.mu.Lock()
	delete(g.trees, t.root)
	g.mu.Unlock()
	return t.Close()
}

// Close gives up the files of all trees.
func (g *Grove) Close() error {
	var errs []error
	for _, t := range g.Trees() {
		errs = append(errs, t.Close())
	}
	return errors.Join(errs...)
}
