package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// sample is a folder with files, a link, an empty directory, and others' state.
func sampleTree(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"b", "a", "sub/x", "sub/deeper/y", ".tool_treestamps.yaml"} {
		path := filepath.Join(dir, "tree", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("content"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	root := filepath.Join(dir, "tree")
	if err := os.Symlink("a", filepath.Join(root, "link")); err != nil {
		t.Skip(err)
	}
	if err := os.Mkdir(filepath.Join(root, "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	return root
}

func relative(root string, paths []string) string {
	for i := range paths {
		paths[i] = strings.TrimPrefix(filepath.ToSlash(paths[i]), filepath.ToSlash(root)+"/")
	}
	return strings.Join(paths, " ")
}

func TestCollect(t *testing.T) {
	made := tree{root: sampleTree(t)}
	var paths []string
	if err := made.collect(made.root, &paths); err != nil {
		t.Fatal(err)
	}
	if got := relative(made.root, paths); got != "a b sub/x sub/deeper/y" {
		t.Errorf("collected %s", got)
	}
	if want := (extent{files: 4, dirs: 4, links: 1, others: 1, longest: len(".tool_treestamps.yaml")}); made.extent != want {
		t.Errorf("%+v, not %+v", made.extent, want)
	}
}

func TestCopyNames(t *testing.T) {
	source, to := sampleTree(t), filepath.Join(t.TempDir(), "copy")
	if err := copyNames([]string{source}, to); err != nil {
		t.Fatal(err)
	}
	made := tree{root: filepath.Join(to, "tree")}
	var paths []string
	if err := made.collect(made.root, &paths); err != nil {
		t.Fatal(err)
	}
	if got := relative(made.root, paths); got != "a b sub/x sub/deeper/y" || made.dirs != 4 || made.links != 1 {
		t.Errorf("copied %s, %+v", got, made.extent)
	}
	for _, name := range []string{"a", "sub/x"} {
		one, err := os.Stat(filepath.Join(source, name))
		if err != nil {
			t.Fatal(err)
		}
		two, err := os.Stat(filepath.Join(made.root, name))
		if err != nil {
			t.Fatal(err)
		}
		if !one.ModTime().Equal(two.ModTime()) || two.Size() != 0 {
			t.Errorf("%s: %v, %d bytes; the original's %v", name, two.ModTime(), two.Size(), one.ModTime())
		}
	}
}

func TestChangesAreUndone(t *testing.T) {
	root := sampleTree(t)
	x := filepath.Join(root, "sub/x")
	info, err := os.Stat(x)
	if err != nil {
		t.Fatal(err)
	}
	changes := []renaming{
		{from: x, mtime: info.ModTime()},
		{from: filepath.Join(root, "a"), to: filepath.Join(root, "a.renamed")},
		{to: filepath.Join(root, "sub/new")},
	}
	list := func() string {
		made := tree{root: root}
		var paths []string
		if err := made.collect(root, &paths); err != nil {
			t.Fatal(err)
		}
		return relative(root, paths)
	}
	if err := apply(changes); err != nil {
		t.Fatal(err)
	}
	if got := list(); got != "a.renamed b sub/new sub/deeper/y" {
		t.Errorf("changed to %s", got)
	}
	if err := undo(changes); err != nil {
		t.Fatal(err)
	}
	if got := list(); got != "a b sub/x sub/deeper/y" {
		t.Errorf("undone to %s", got)
	}
	if again, err := os.Stat(x); err != nil || !again.ModTime().Equal(info.ModTime()) {
		t.Errorf("another mtime than %v: %v", info.ModTime(), err)
	}
}

func TestFirstOfEachDirectory(t *testing.T) {
	got := firstOfEach([]string{"a/1", "a/2", "a/b/1", "c/1", "c/2"})
	if want := []string{"a/1", "a/b/1", "c/1"}; !slices.Equal(got, want) {
		t.Errorf("%q, not %q", got, want)
	}
}

// What --tree promises is seen by this alone.
func TestFingerprint(t *testing.T) {
	if _, err := exec.LookPath("find"); err != nil {
		t.Skip(err)
	}
	root := sampleTree(t)
	file := filepath.Join(root, "sub/x")
	print := func() string {
		got, err := fingerprint(root)
		if err != nil {
			t.Skip("no GNU find: ", err)
		}
		return got
	}
	last := print()
	for name, change := range map[string]func() error{
		"a new file":       func() error { return os.WriteFile(filepath.Join(root, "new"), nil, 0o644) },
		"another mode":     func() error { return os.Chmod(file, 0o600) },
		"another mtime":    func() error { return os.Chtimes(file, time.Time{}, time.Unix(1, 0)) },
		"a directory less": func() error { return os.Remove(filepath.Join(root, "empty")) },
	} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
		if now := print(); now == last {
			t.Errorf("%s is not seen", name)
		} else {
			last = now
		}
	}
	if _, err := os.ReadFile(file); err != nil {
		t.Fatal(err)
	}
	if print() != last {
		t.Error("reading a file is seen")
	}
}

func TestGitQuote(t *testing.T) {
	if got := gitQuote("a\\b \"c\"\nd"); got != `"a\\b \"c\"\nd"` {
		t.Error(got)
	}
}
