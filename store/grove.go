package store

import (
	"errors"
	"fmt"
	"io/fs"
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

// Holds reports whether a directory has an entry of a name. Who holds the
// directory open knows that sooner than who has to find the way to it; nil is
// for those who do not.
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
	g.of[dir] = t
	if t != nil {
		t.dirs = append(t.dirs, dir)
	}
	return t
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
// fresh reports that it was not met before.
func (g *Grove) Nested(dir string) (t *Tree, fresh bool) {
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
		if holds("."+g.opt.Program+disk.SnapshotSuffix) || holds("."+g.opt.Program+disk.WalSuffix) {
			return stateHere
		}
		return noState
	}
	if g.opt.StateDir != "" {
		var name [disk.MaxFolder + 1]byte
		if len(g.folders) == 0 || !g.folders[string(disk.AppendFolder(name[:0], dir))] {
			return noState
		}
	}
	n := g.opt.names(dir)
	for _, file := range []string{n.Snapshot, n.WAL} {
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
	return slices.ContainsFunc(marks, func(name string) bool {
		program, ok := strings.CutPrefix(name, "."+g.opt.Program)
		return ok && (program == disk.SnapshotSuffix || program == disk.WalSuffix)
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

// Set records that a file, given by any path, has been processed. See
// Tree.Set.
func (g *Grove) Set(path string) error {
	t, rel, err := g.find(path)
	if err != nil {
		return err
	}
	return t.Set(rel)
}

// Forget takes the stamp of a file away, given by any path.
func (g *Grove) Forget(path string) error {
	t, rel, err := g.find(path)
	if err != nil {
		return err
	}
	return t.Forget(rel)
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
