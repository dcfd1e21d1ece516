package state

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
)

// The folder of a root is a name that every file system takes, and each root
// has its own, also where "A" and "a" are one.
func TestFolderNames(t *testing.T) {
	long := "/srv/" + strings.Repeat("directory/", 40)
	for root, want := range map[string]string{
		"/":                "+",
		"/home/you/photos": "+home+you+photos",
		"/a+b":             "+a%2bb",
		"/a/b":             "+a+b",
		"/a%2bb":           "+a%252bb",
		"C:/photos":        "C%3a+photos%-049eade737c3211442aa8764f35a9a34",
		"/Photos":          "+Photos%-00e474bd8bd7deaff27bf0cb49698785",
		"/photos.":         "+photos%2e",
		"/photos ":         "+photos%20",
		"/new\nline":       "+new%0aline",
		"/\xff":            "",
		"/naïve":           "",
		"/ſ":               "",
	} {
		if got := string(disk.AppendFolder(nil, root)); want != "" && got != want {
			t.Errorf("%q: %s, want %s", root, got, want)
		}
	}

	seen := map[string]string{}
	for _, root := range []string{
		"/", "/a", "/A", "/a/b", "/a+b", "/a%2bb", "/a%b", "/A/b", "/a.", "/a.b", "/.a", "/a ", "/ſ", "/s", "/S", "/K", "/\u212a", "/k",
		"/\xff", "/%ff", "/\u0085", "/e\u0301", "/é", "/É", long, long + "a", long + "b", long[1:], strings.ToUpper(long),
		"/" + strings.Repeat("é", 95), "/" + strings.Repeat("é", 96), "/" + strings.Repeat("a", 199), "/" + strings.Repeat("a", 200),
		"/Photos%-00e474bd8bd7deaff27bf0cb49698785", "/photos%-00e474bd8bd7deaff27bf0cb49698785",
	} {
		name := string(disk.AppendFolder(nil, root))
		if len(name) > disk.MaxFolder || !utf8.ValidString(name) || strings.ContainsAny(name, "/\\\x00\n:") {
			t.Errorf("%q: %q", root, name)
		}
		if read, whole := disk.ReadFolder(name); whole != (read == root) || !whole && len(root) < 166/4 {
			t.Errorf("%q: read as %q, %v", root, read, whole)
		}
		folded := strings.ToLower(name)
		if other, taken := seen[folded]; taken {
			t.Errorf("%q and %q share %q", root, other, name)
		}
		seen[folded] = root
	}
}

// durableFS records which names are durable.
type durableFS struct {
	disk.OS
	t       *testing.T
	frail   map[string]bool // names that a crash may take away
	foreign bool            // each directory has a clock of its own
}

func (f *durableFS) Open(path string, flag int, perm os.FileMode) (disk.File, error) {
	if _, err := f.Lstat(path); flag&os.O_CREATE != 0 && disk.IsMissing(err) {
		defer func() { f.frail[path] = true }()
	}
	return f.OS.Open(path, flag, perm)
}

func (f *durableFS) Mkdir(path string) error {
	if f.frail[filepath.Dir(path)] {
		f.t.Errorf("%s made in a directory that a crash may take away", path)
	}
	err := f.OS.Mkdir(path)
	if err == nil {
		f.frail[path] = true
	}
	return err
}

func (f *durableFS) Rename(from, to string) error {
	delete(f.frail, from)
	f.frail[to] = true
	return f.OS.Rename(from, to)
}

func (f *durableFS) Remove(path string) error {
	delete(f.frail, path)
	return f.OS.Remove(path)
}

func (f *durableFS) SyncDir(path string) error {
	for name := range f.frail {
		if filepath.Dir(name) == path {
			delete(f.frail, name)
		}
	}
	return f.OS.SyncDir(path)
}

func (f *durableFS) Volume(dir string) disk.Volume {
	if f.foreign {
		return disk.Volume{}
	}
	return f.OS.Volume(dir)
}

// What Sync and Dump have acknowledged is not lost by a directory above whose
// name is not durable, whether we made it or another process has just now.
func TestStateDirIsDurable(t *testing.T) {
	for name, act := range map[string]func(*Tree) error{
		"append": func(tree *Tree) error { return errors.Join(appendTo(tree, []format.Entry{entry("a", 1)}), tree.Sync()) },
		"dump": func(tree *Tree) error {
			held := tree.Hold([]format.Entry{entry("a", 1)})
			_, err := dumpTree(tree)
			return errors.Join(held, err)
		},
	} {
		for made := range 4 {
			base := t.TempDir()
			root := filepath.Join(base, "photos")
			dirs := []string{filepath.Join(base, "var"), filepath.Join(base, "var", "state")}
			folder := filepath.Join(dirs[1], string(disk.AppendFolder(nil, filepath.ToSlash(root))))
			dirs = append(dirs, folder)
			f := &durableFS{t: t, frail: map[string]bool{}}
			if err := os.Mkdir(root, 0o777); err != nil {
				t.Fatal(err)
			}
			for i, dir := range dirs[:made] {
				if err := os.Mkdir(dir, 0o777); err != nil {
					t.Fatal(err)
				}
				f.frail[dir] = i == made-1 // by a process that has yet to sync it
			}
			for dir, frail := range f.frail {
				if !frail {
					delete(f.frail, dir)
				}
			}
			tree := reopen(t, root, Options{StateDir: dirs[1], fsys: f})
			if err := act(tree); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			for frail := range f.frail {
				t.Errorf("%s, %d directories there before: %s is not durable", name, made, frail)
			}
		}
	}
}

// Where the clock of the tree's file system is not known, a file is recorded
// once two looks at it, more than a tick apart, have shown the same.
func TestSetWithForeignClock(t *testing.T) {
	root := t.TempDir()
	tree := reopen(t, root, Options{StateDir: filepath.Join(t.TempDir(), "state"), fsys: &durableFS{t: t, frail: map[string]bool{}, foreign: true}})
	if tree.OwnClock(root) {
		t.Fatal("takes a foreign clock for its own")
	}
	file := filepath.Join(root, "a")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	// By our clock long past, by its own just now.
	old := time.Unix(1_000_000_000, 100)
	if err := os.Chtimes(file, old, old); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := tree.Set("a"); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < time.Duration(fineTick)+foreignTick {
		t.Errorf("recorded after %v", took)
	}
	// What is past by that clock is not known, so it counts for no older mtime.
	if s, ok := tree.Get("a"); !ok || s.Time != format.TimeOf(old) || !s.Exact {
		t.Errorf("stamp %+v %v", s, ok)
	}
}

// mountFS has a file server mounted below a directory.
type mountFS struct {
	disk.OS
	server string
	clock  bool // a touched file there bears the server's time
}

func (f mountFS) Volume(path string) disk.Volume {
	if _, on := format.Below(filepath.ToSlash(path), filepath.ToSlash(f.server)); on {
		return disk.Volume{Dev: 2, Clock: f.clock}
	}
	return disk.Volume{Dev: 1, Local: true, Clock: true}
}

// A file server within a tree has a clock of its own, wherever the state is. That
// can be read by touching a file there, unless the file then bears our time, as on
// sshfs.
func TestOwnClock(t *testing.T) {
	root := t.TempDir()
	server := root + "/server"
	for _, c := range []struct {
		state, path string
		clock, want bool
	}{
		{"", root, true, true},
		{"", root + "/a", true, true},
		{"", server + "/a", true, false},
		{t.TempDir() + "/not/there", root + "/a", true, true},
		{t.TempDir() + "/not/there", server + "/a", true, false},
		{server + "/state", root + "/a", true, false},
		{server + "/state", server + "/a", true, true},
		{server + "/state", server + "/a", false, false},
	} {
		tree := reopen(t, root, Options{StateDir: c.state, fsys: mountFS{server: server, clock: c.clock}})
		if err := os.MkdirAll(server, 0o777); err != nil {
			t.Fatal(err)
		}
		if got := tree.OwnClock(c.path); got != c.want {
			t.Errorf("state in %q, %s: %v", c.state, c.path, got)
		}
	}
}

func TestTickOver(t *testing.T) {
	for _, c := range []struct {
		mtime format.Time
		seen  time.Duration
		want  bool
	}{
		{format.Time{Sec: 100, Nsec: 1}, 0, false},
		{format.Time{Sec: 100, Nsec: 1}, 109 * time.Millisecond, false},
		{format.Time{Sec: 100, Nsec: 1}, 110 * time.Millisecond, true},
		{format.Time{Sec: 100, Nsec: 0}, 2 * time.Second, false},
		{format.Time{Sec: 100, Nsec: 0}, 2100 * time.Millisecond, true},
		{format.Time{Sec: -5, Nsec: 999999999}, 110 * time.Millisecond, true},
	} {
		if got := TickOver(c.mtime, c.seen); got != c.want {
			t.Errorf("%v seen for %v: %v", c.mtime, c.seen, got)
		}
	}
}
