package state

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
)

// Grove is the trees of one run. All share one program name and one config.
// It knows which tree a file belongs to; see TreeOf. It may be used from several
// goroutines.
type Grove struct {
	opt   Options
	roots []*Tree
	named []string // the roots' directories, the deepest first
	cwd   string   // a tree for what lies in it, when no root was named
	work  disk.Works
	// folders are those in the state directory, as they were at the beginning:
	// to look for one in each directory of a walk would take too long.
	folders map[string]bool

	// The roots to the letter, each with a slash after it, and their absolute
	// paths without links resolved.
	given, spelled map[string]string

	mu    sync.Mutex
	trees map[string]*Tree  // by their own directory
	of    map[string]*Tree  // by directory, what TreeOf has found; nil for none
	dirs  map[string]string // directories as given, and what they are
}

// Open returns a grove for files below some roots, which are directories.
// Without a root, the current directory stands in for one.
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
		of:      map[string]*Tree{},
		dirs:    map[string]string{},
		work:    disk.Works{Fsys: opt.fsys},
	}
	if opt.StateDir != "" && opt.stateErr == nil {
		g.folders, g.opt.stateErr = disk.ListFolders(opt.fsys, opt.StateDir)
	}
	for _, root := range roots {
		if err := g.addRoot(root); err != nil {
			return nil, err
		}
	}
	if len(roots) == 0 {
		if g.cwd, err = RealDir("."); err != nil {
			return nil, err
		}
		if g.opt.refuse(g.cwd) != nil {
			g.cwd = ""
		}
	}
	slices.SortStableFunc(g.named, func(a, b string) int { return len(b) - len(a) })
	for _, root := range roots {
		t, err := g.TreeOf(g.given[slashed(root)], nil)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(g.roots, t) {
			g.roots = append(g.roots, t)
		}
	}
	return g, nil
}

func slashed(root string) string { return strings.TrimSuffix(filepath.ToSlash(root), "/") + "/" }

func (g *Grove) addRoot(root string) error {
	dir, err := RealDir(root)
	if err != nil {
		return err
	}
	if err := g.opt.refuse(dir); err != nil {
		return err
	}
	g.named = append(g.named, dir)
	g.given[slashed(root)] = dir
	g.spelled[dir] = dir
	if !format.HasParent(filepath.ToSlash(root)) {
		spelled, err := filepath.Abs(root)
		if err != nil {
			return fmt.Errorf("%s: %w", root, err)
		}
		g.spelled[filepath.ToSlash(spelled)] = dir
	}
	return nil
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
	slices.SortFunc(trees, func(a, b *Tree) int { return format.CompareDirs(a.root, b.root) })
	return trees
}

func (g *Grove) treeAt(dir string, origin Origin) *Tree {
	g.mu.Lock()
	defer g.mu.Unlock()
	t := g.trees[dir]
	if t == nil {
		t = newTree(dir, g.opt, origin, &g.work)
		g.trees[dir] = t
	}
	return t
}

// Below returns the path of an absolute directory relative to the tree, in
// which it lies: "" for the tree's own.
func (t *Tree) Below(dir string) string {
	rel, _ := format.Below(dir, t.root)
	return rel
}

// Join returns the path, relative to the tree, of a file in an absolute
// directory.
func (t *Tree) Join(dir, name string) string { return format.JoinPath(t.Below(dir), name) }

// Get returns the stamp of a file, given by any path, and whether it has one
// that counts.
func (g *Grove) Get(path string) (format.Stamp, bool) {
	t, rel, err := g.find(path)
	if err != nil {
		return format.Stamp{}, false
	}
	return t.Get(rel)
}

// Set records that files, given by any paths, have been processed, a tree after the
// other. See Tree.Set.
func (g *Grove) Set(paths ...string) error { return g.each(paths, (*Tree).Set) }

// Forget takes the stamps of files away, given by any paths, a tree after the other.
func (g *Grove) Forget(paths ...string) error { return g.each(paths, (*Tree).Forget) }

// each calls do with the paths that lie in each tree, relative to it.
func (g *Grove) each(paths []string, do func(t *Tree, rel ...string) error) error {
	of := map[*Tree][]string{}
	for _, path := range paths {
		t, rel, err := g.find(path)
		if err != nil {
			return err
		}
		of[t] = append(of[t], rel)
	}
	for t, rel := range of {
		if err := do(t, rel...); err != nil {
			return err
		}
	}
	return nil
}

func (g *Grove) find(path string) (t *Tree, rel string, err error) {
	dir, name, err := g.Locate(path)
	if err != nil {
		return nil, "", err
	}
	if t, err = g.TreeOf(dir, nil); err != nil {
		return nil, "", fmt.Errorf("%s: %w", path, err)
	}
	return t, t.Join(dir, name), nil
}

// WorkOn registers the file system of a directory in which work is done, before
// that is over: errors of writing back are reported by its next sync. dev is the
// directory's device.
func (g *Grove) WorkOn(dev uint64, dir string) { g.work.Add(dev, dir) }

// SyncWork makes durable everything on the file systems registered with WorkOn:
// see Tree.SyncWork.
func (g *Grove) SyncWork() error { return g.work.Sync("") }

// Sync makes what was set durable in every tree.
func (g *Grove) Sync() error {
	var errs []error
	for _, t := range g.Trees() {
		errs = append(errs, t.Sync())
	}
	return errors.Join(errs...)
}

// Dump dumps every tree that was opened or written to.
func (g *Grove) Dump() error {
	if err := g.Sync(); err != nil {
		return err
	}
	var errs []error
	for _, t := range g.Trees() {
		if slices.Contains(g.roots, t) || t.written() {
			_, err := t.Dump(DumpOptions{})
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Release closes a tree and forgets it: the walk is done with its directory.
func (g *Grove) Release(t *Tree) error {
	g.mu.Lock()
	delete(g.trees, t.root)
	for _, dir := range t.dirs {
		delete(g.of, dir)
	}
	g.mu.Unlock()
	return t.Close()
}

// Close gives up the files of all trees.
func (g *Grove) Close() error {
	var errs []error
	for _, t := range g.Trees() {
		errs = append(errs, t.Close())
	}
	return errors.Join(append(errs, g.work.Close())...)
}
