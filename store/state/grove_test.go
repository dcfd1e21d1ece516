package state

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
)

// makeDirs makes directories below a new one.
func makeDirs(t *testing.T, dirs ...string) (top string) {
	t.Helper()
	top, err := RealDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range dirs {
		if err := os.MkdirAll(filepath.Join(top, d), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	return top
}

// found makes a directory a tree with stamps.
func found(t *testing.T, dir string, entries ...format.Entry) {
	t.Helper()
	tree := reopen(t, dir, Options{})
	if err := appendTo(tree, entries); err != nil {
		t.Fatal(err)
	}
	if _, err := dumpTree(tree); err != nil {
		t.Fatal(err)
	}
}

// The tree of a path is the nearest directory that holds state, also above the
// roots; else the deepest root; else the current directory.
func TestTreeOf(t *testing.T) {
	for _, c := range []struct {
		name   string
		states string // which directories hold state
		roots  string
		want   map[string]string // the tree of each, with what makes it one
	}{
		{"no state", "", "a a/b", map[string]string{"a": "a root", "a/x": "a root", "a/b": "a/b root", "a/b/c": "a/b root"}},
		{"state at the root", "a", "a", map[string]string{"a": "a state", "a/b/c": "a state"}},
		{"state above the root", "a", "a/b", map[string]string{"a/b": "a state", "a/b/c": "a state"}},
		{"state below the root", "a/b", "a", map[string]string{"a": "a root", "a/x": "a root", "a/b": "a/b state", "a/b/c": "a/b state"}},
		{"state at both", "a a/b", "a", map[string]string{"a/x": "a state", "a/b/c": "a/b state"}},
		{"state above, and a root below it", "a", "a a/b", map[string]string{"a/x": "a state", "a/b/c": "a state"}},
		{"state far above", ". a/b/c", "a/b", map[string]string{"a/b": ". state", "a/b/c": "a/b/c state"}},
		{"no root", "", "", map[string]string{"a/b": ". cwd", ".": ". cwd"}},
		{"no root, and state", "a", "", map[string]string{"a/b": "a state", ".": ". cwd"}},
		{"outside", "", "a/b", map[string]string{"a/x": "none"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			top := makeDirs(t, "a/x", "a/b/c")
			t.Chdir(top)
			for _, dir := range strings.Fields(c.states) {
				found(t, filepath.Join(top, dir), entry("f", 1))
			}
			for _, walks := range []bool{false, true} {
				g, err := Open(strings.Fields(c.roots), Options{})
				if err != nil {
					t.Fatal(err)
				}
				for dir, want := range c.want {
					full := filepath.ToSlash(filepath.Join(top, dir))
					var holds Holds
					if walks {
						holds = func(name string) bool {
							_, err := os.Lstat(filepath.Join(full, name))
							return err == nil
						}
					}
					tree, err := g.TreeOf(full, holds)
					got := "none"
					if err == nil {
						rel, _ := filepath.Rel(top, tree.Root())
						got = filepath.ToSlash(rel) + map[Origin]string{HoldsState: " state", NamedRoot: " root", WorkingDirectory: " cwd"}[tree.Origin()]
					} else if !errors.Is(err, ErrNoTree) {
						t.Error(err)
					}
					if got != want {
						t.Errorf("%s: %s, want %s", dir, got, want)
					}
				}
				if err := g.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// Only the one tree is read, and only that one is written to: what it does not
// know is not asked of the trees around it.
func TestOneTreeIsRead(t *testing.T) {
	top := makeDirs(t, "in")
	found(t, top, entry("in/a", 1), entry("in/b", 1), entry("c", 1))
	found(t, filepath.Join(top, "in"), entry("a", 2))
	g, err := Open([]string{top}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	for path, want := range map[string]format.Stamp{"in/a": at(2), "in/b": {}, "c": at(1)} {
		if s, ok := g.Get(filepath.Join(top, path)); s != want || ok != (want != format.Stamp{}) {
			t.Errorf("%s: %v, %v", path, s, ok)
		}
	}
	if err := g.Forget(filepath.Join(top, "in/a")); err != nil {
		t.Fatal(err)
	}
	if err := g.Sync(); err != nil {
		t.Fatal(err)
	}
	again, err := Open([]string{top}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if s, ok := again.Get(filepath.Join(top, "in/a")); ok {
		t.Errorf("forgotten, and stamped %v", s)
	}
	if _, err := os.Lstat(disk.NamesOf(top, disk.DefaultProgram).WAL); err == nil {
		t.Error("the outer tree was written to")
	}
}

// faultyFS fails for some paths.
type faultyFS struct {
	disk.OS
	err   error
	fails func(path string) bool
}

func (f faultyFS) Lstat(path string) (disk.Info, error) {
	if f.fails(path) {
		return disk.Info{}, &fs.PathError{Op: "lstat", Path: path, Err: f.err}
	}
	return f.OS.Lstat(path)
}

func (f faultyFS) Open(path string, flag int, perm fs.FileMode) (disk.File, error) {
	if f.fails(path) {
		return nil, &fs.PathError{Op: "open", Path: path, Err: f.err}
	}
	return f.OS.Open(path, flag, perm)
}

// Whatever has become of the state of a nested tree, the stamps of the tree
// around it do not count for its files. A WAL that cannot be trusted voids what
// the snapshot beside it says, too.
func TestNestedStateThatCannotBeRead(t *testing.T) {
	other := filepath.Join(t.TempDir(), "other")
	if err := os.WriteFile(other, []byte("some: thing\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		err  error // that the file system gives, once the file was spoilt
		make func(path string) error
	}{
		{"cut", nil, func(path string) error { return os.Truncate(path, 20) }},
		{"emptied", nil, func(path string) error { return os.Truncate(path, 0) }},
		{"hard_linked", nil, func(path string) error { return os.Link(path, path+".twin") }},
		{"symlink", nil, func(path string) error { return errors.Join(os.Remove(path), os.Symlink(other, path)) }},
		{"directory", nil, func(path string) error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o777)) }},
		{"another_text", nil, func(path string) error { return os.WriteFile(path, []byte("some: thing\n"), 0o666) }},
		{"EIO", syscall.EIO, nil},
		{"EACCES", syscall.EACCES, nil},
		{"ESTALE", syscall.ESTALE, nil},
	} {
		for _, which := range []string{"WAL", "snapshot"} {
			for _, there := range []bool{true, false} {
				if !there && c.make != nil {
					continue // the other one is always there, or what is tested is not
				}
				name := c.name + "/" + which
				if !there {
					name += "_not_there"
				}
				t.Run(name, func(t *testing.T) {
					top := makeDirs(t, "in")
					in := filepath.Join(top, "in")
					found(t, top, entry("in/a", 1), entry("in/b", 1))
					if there {
						found(t, in, entry("a", 2))
					}
					n := disk.NamesOf(in, disk.DefaultProgram)
					spoilt := n.Snapshot
					if which == "WAL" {
						spoilt = n.WAL
						if there {
							if err := appendTo(reopen(t, in, Options{}), []format.Entry{entry("c", 2)}); err != nil {
								t.Fatal(err)
							}
						}
					}
					if c.make != nil {
						if err := c.make(spoilt); err != nil {
							t.Fatal(err)
						}
					}
					fsys := faultyFS{err: c.err, fails: func(path string) bool { return c.err != nil && path == spoilt }}
					g, err := Open([]string{top}, Options{fsys: fsys})
					if err != nil {
						t.Fatal(err)
					}
					defer g.Close()
					for _, path := range []string{"in/a", "in/b"} {
						if s, ok := g.Get(filepath.Join(top, path)); ok {
							t.Errorf("%s is stamped %v", path, s)
						}
					}
					tree, err := g.TreeOf(filepath.ToSlash(in), nil)
					if err != nil || tree.Root() != filepath.ToSlash(in) {
						t.Fatalf("the tree is %v, %v", tree, err)
					}
					if len(tree.Problems()) == 0 {
						t.Error("no problem is reported")
					}
				})
			}
		}
	}
}

// Nor where the directory itself cannot be searched: then it is not known whether it
// is a tree.
func TestNestedDirectoryThatCannotBeSearched(t *testing.T) {
	top := makeDirs(t, "in/deep")
	in := filepath.Join(top, "in")
	found(t, top, entry("in/deep/a", 1), entry("b", 1))
	for _, state := range []string{"", filepath.Join(t.TempDir(), "state")} {
		dir := in
		if state != "" {
			tree := reopen(t, top, Options{StateDir: state})
			if err := appendTo(tree, []format.Entry{entry("in/deep/a", 1), entry("b", 1)}); err != nil {
				t.Fatal(err)
			}
			dir = filepath.Join(state, string(disk.AppendFolder(nil, filepath.ToSlash(in))))
			if err := os.MkdirAll(dir, 0o777); err != nil {
				t.Fatal(err)
			}
		}
		for _, err := range []error{syscall.EIO, syscall.EACCES} {
			fails := func(path string) bool { return filepath.Dir(path) == dir }
			g, openErr := Open([]string{top}, Options{StateDir: state, fsys: faultyFS{err: err, fails: fails}})
			if openErr != nil {
				t.Fatal(openErr)
			}
			if s, ok := g.Get(filepath.Join(in, "deep", "a")); ok {
				t.Errorf("%v: stamped %v", err, s)
			}
			if _, ok := g.Get(filepath.Join(top, "b")); !ok {
				t.Errorf("%v: b has no stamp", err)
			}
			if err := g.Set(filepath.Join(in, "deep", "a")); err == nil {
				t.Errorf("%v: a stamp was set", err)
			}
			if err := g.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}
