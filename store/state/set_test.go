package state

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
)

// touched makes a file with an mtime in the tree.
func touched(t *testing.T, tree *Tree, path string, mtime time.Time) {
	t.Helper()
	full := filepath.Join(tree.Root(), path)
	if err := os.WriteFile(full, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(full, mtime, mtime); err != nil {
		t.Fatal(err)
	}
}

// Set marks the stamp of a file whose mtime has yet to come.
func TestSetOfTheFuture(t *testing.T) {
	tree := treeOf(t, Options{}, "", "")
	for name, c := range map[string]struct {
		mtime time.Time
		exact bool
	}{"past": {time.Unix(1000, 500), false}, "now": {time.Now(), false}, "ahead": {time.Now().Add(time.Hour), true}} {
		touched(t, tree, name, c.mtime)
		if err := errors.Join(tree.Set(name), tree.Sync()); err != nil {
			t.Fatal(err)
		}
		want := format.Stamp{Time: format.TimeOf(c.mtime), Exact: c.exact}
		for _, dump := range []bool{false, true} {
			if dump {
				if _, err := dumpTree(tree); err != nil {
					t.Fatal(err)
				}
			}
			if s, ok := reopen(t, tree.Root(), Options{}).Get(name); !ok || s != want {
				t.Errorf("%s: %+v, %v, want %+v", name, s, ok, want)
			}
		}
	}
}

// Get says of a file what was said of it last, by whichever method.
func TestGetAfterSetAndDrop(t *testing.T) {
	yes := func(string) bool { return true }
	steps := map[string]func(*Tree) error{
		"set":    func(tree *Tree) error { return tree.Set("a") },
		"forget": func(tree *Tree) error { return tree.Forget("a") },
		"drop":   func(tree *Tree) error { _, err := tree.Drop([]string{"a"}, yes); return err },
		"prune":  func(tree *Tree) error { _, err := tree.Prune([]string{"a"}, yes); return err },
		"keep": func(tree *Tree) error {
			_, err := tree.Drop([]string{"a"}, func(string) bool { return false })
			return err
		},
		"sync": (*Tree).Sync,
		"dump": func(tree *Tree) error { _, err := dumpTree(tree); return err },
	}
	for _, stored := range []string{"", sealed(t, disk.DefaultProgram, format.Config{}, entry("a", 1))} {
		for history, want := range map[string]bool{
			"set":                        true,
			"set sync":                   true,
			"set drop":                   false,
			"set prune":                  false,
			"set forget":                 false,
			"set sync drop":              false,
			"set sync drop sync":         false,
			"set drop sync":              false,
			"set drop set":               true,
			"set sync forget set":        true,
			"set sync forget set sync":   true,
			"set keep":                   true,
			"set sync forget dump":       false,
			"set dump drop dump":         false,
			"forget":                     false,
			"forget set":                 true,
			"set sync drop set drop":     false,
			"set sync prune sync forget": false,
		} {
			tree := treeOf(t, Options{}, stored, "")
			touched(t, tree, "a", time.Unix(1000, 500))
			for _, step := range strings.Fields(history) {
				if err := steps[step](tree); err != nil {
					t.Fatalf("%s: %s: %v", history, step, err)
				}
			}
			if s, ok := tree.Get("a"); ok != want || ok && s.Time != (format.Time{Sec: 1000, Nsec: 500}) {
				t.Errorf("%s: %v, %v", history, s, ok)
			}
			if err := tree.Sync(); err != nil {
				t.Fatal(err)
			}
			if s, ok := reopen(t, tree.Root(), Options{}).Get("a"); ok != want {
				t.Errorf("%s: in the files: %v, %v", history, s, ok)
			}
		}
	}
}

// What another process says of a file between Set and Sync stands.
func TestSetIsContradicted(t *testing.T) {
	for name, c := range map[string]struct {
		other Options
		do    func(*Tree) error
		want  bool
	}{
		"nothing":                  {do: func(*Tree) error { return nil }, want: true},
		"a drop":                   {do: func(tree *Tree) error { return tree.Forget("a") }},
		"a drop of another":        {do: func(tree *Tree) error { return tree.Forget("b") }, want: true},
		"a drop, dumped":           {do: func(tree *Tree) error { _, err := dumpTree(tree); return errors.Join(tree.Forget("a"), err) }},
		"set":                      {do: func(tree *Tree) error { return appendTo(tree, []format.Entry{entry("a", 2000)}) }, want: true},
		"set under another config": {other: quality90, do: func(tree *Tree) error { return appendTo(tree, []format.Entry{entry("a", 2000)}) }},
	} {
		tree := treeOf(t, Options{}, "", "")
		touched(t, tree, "a", time.Unix(1000, 500))
		if err := tree.Set("a"); err != nil {
			t.Fatal(err)
		}
		other := reopen(t, tree.root, c.other)
		if err := errors.Join(c.do(other), other.Sync(), tree.Sync()); err != nil {
			t.Fatal(err)
		}
		if _, ok := tree.Get("a"); ok != c.want {
			t.Errorf("%s: a has a stamp: %v", name, ok)
		}
		for _, config := range []Options{{}, c.other} {
			if s, ok := reopen(t, tree.root, config).Get("a"); ok != c.want {
				t.Errorf("%s: in the files: %v, %v", name, s, ok)
			}
		}
	}
}

// What is held for the next dump is forgotten like all else.
func TestDropOfWhatIsHeld(t *testing.T) {
	tree := treeOf(t, Options{}, "", "")
	if err := tree.Hold([]format.Entry{entry("a", 1), entry("b", 1)}); err != nil {
		t.Fatal(err)
	}
	if err := tree.Forget("a"); err != nil {
		t.Fatal(err)
	}
	if _, err := dumpTree(tree); err != nil {
		t.Fatal(err)
	}
	if got := standings(t, reopen(t, tree.root, Options{}), "a", "b"); got != "a dropped, b stamped" {
		t.Error(got)
	}
}

// workFS watches what is done to the work of a tree.
type workFS struct {
	disk.OS
	work func() error // instead of making it durable
	ops  *[]string
}

type watchedWork struct {
	disk.WorkDir
	fs workFS
}

func (w watchedWork) SyncAll() error {
	*w.fs.ops = append(*w.fs.ops, "work")
	return w.fs.work()
}

func (f workFS) OpenWork(dir string) (disk.WorkDir, error) {
	d, err := f.OS.OpenWork(dir)
	return watchedWork{d, f}, err
}

type watchedFile struct {
	disk.File
	ops *[]string
}

func (f workFS) Open(path string, flag int, perm os.FileMode) (disk.File, error) {
	opened, err := f.OS.Open(path, flag, perm)
	return watchedFile{opened, f.ops}, err
}

func (f watchedFile) Write(b []byte) (int, error) {
	if strings.Contains(string(b), "- set: ") {
		*f.ops = append(*f.ops, "set")
	}
	return f.File.Write(b)
}

// The work is durable before a record says that it was done. Where that fails
// nothing is said.
func TestWorkIsDurableBeforeItsStamp(t *testing.T) {
	var ops []string
	broken := errors.New("broken disk")
	work := func() error { return broken }
	tree := reopen(t, t.TempDir(), Options{fsys: workFS{ops: &ops, work: func() error { return work() }}})
	touched(t, tree, "a", time.Unix(1000, 0))
	if err := tree.Set("a"); err != nil {
		t.Fatal(err)
	}
	if err := tree.Sync(); !errors.Is(err, broken) || !slices.Equal(ops, []string{"work"}) {
		t.Errorf("%v: %v", ops, err)
	}
	work = func() error { return nil }
	ops = nil
	if err := tree.Sync(); err != nil || !slices.Equal(ops, []string{"work", "set"}) {
		t.Errorf("%v: %v", ops, err)
	}
	if err := tree.Sync(); err != nil || len(ops) > 2 {
		t.Errorf("with nothing new: %v: %v", ops, err)
	}
}

// What is forgotten, or set again, while the work is being made durable is not
// written.
func TestForgottenWhileSyncing(t *testing.T) {
	var ops []string
	var tree *Tree
	meanwhile := func() error { return nil }
	tree = reopen(t, t.TempDir(), Options{fsys: workFS{ops: &ops, work: func() error { return meanwhile() }}})
	for _, name := range []string{"a", "b", "c"} {
		touched(t, tree, name, time.Unix(1000, 500))
		if err := tree.Set(name); err != nil {
			t.Fatal(err)
		}
	}
	meanwhile = func() error {
		meanwhile = func() error { return nil }
		touched(t, tree, "b", time.Unix(2000, 500))
		return errors.Join(tree.Forget("a"), tree.Set("b"))
	}
	if err := tree.Sync(); err != nil {
		t.Fatal(err)
	}
	if got := stamped(reopen(t, tree.root, Options{})); got != "c=1000.000000500" {
		t.Errorf("after the first sync: %s", got)
	}
	if err := tree.Sync(); err != nil {
		t.Fatal(err)
	}
	if got := stamped(reopen(t, tree.root, Options{})); got != "b=2000.000000500 c=1000.000000500" {
		t.Errorf("after the second: %s", got)
	}
}

// severalFS has file systems that cannot be opened.
type severalFS struct {
	disk.OS
	closed map[string]bool
	synced map[string]int
}

type severalWork struct {
	disk.WorkDir
	fs  severalFS
	dir string
}

func (w severalWork) SyncAll() error {
	w.fs.synced[w.dir]++
	return nil
}

func (f severalFS) OpenWork(dir string) (disk.WorkDir, error) {
	if f.closed[dir] {
		return nil, syscall.EACCES
	}
	d, err := f.OS.OpenWork(dir)
	return severalWork{d, f, dir}, err
}

// All file systems that work was done on are synced, or none is called so.
func TestSyncWork(t *testing.T) {
	root := makeDirs(t, "usb", "nfs")
	usb, nfs := root+"/usb", root+"/nfs"
	f := severalFS{closed: map[string]bool{nfs: true}, synced: map[string]int{}}
	g, err := Open([]string{root}, Options{fsys: f})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	sync := func(want ...string) {
		t.Helper()
		clear(f.synced)
		if err := g.SyncWork(); err != nil {
			t.Error(err)
		}
		for _, dir := range want {
			if f.synced[dir] != 1 {
				t.Errorf("synced %v, want %s", f.synced, dir)
			}
		}
		if err := g.Roots()[0].SyncWork(); err != nil || f.synced[root] == 0 {
			t.Errorf("the tree's own: %v, %v", f.synced, err)
		}
	}
	sync()
	g.WorkOn(2, usb)
	g.WorkOn(2, root) // the same one
	sync(usb)
	g.WorkOn(3, nfs)
	if err := errors.Join(g.SyncWork(), g.Roots()[0].SyncWork()); !errors.Is(err, syscall.EACCES) {
		t.Errorf("one that cannot be opened: %v", err)
	}
	delete(f.closed, nfs)
	g.WorkOn(3, nfs)
	sync(usb, nfs)
}
