//go:build linux

package main_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"treefilter/filter"
	"treefilter/scripts/long"
	"treefilter/store/state"
	"treefilter/walk"
)

// listingFileSystems are those that listings were tried on: how each is made, and
// whether listings are made on it.
var listingFileSystems = []struct {
	name   string
	mkfs   []string
	mount  string // the type; "" is made in another way
	listed bool
}{
	{"ext4, inodes of 256 bytes", []string{"mkfs.ext4", "-q", "-I", "256"}, "ext4", true},
	{"ext4, inodes of 128 bytes", []string{"mkfs.ext4", "-q", "-I", "128"}, "ext4", false},
	{"ext2", []string{"mkfs.ext2", "-q", "-I", "256"}, "ext4", true},
	{"xfs", []string{"mkfs.xfs", "-q"}, "xfs", true},
	{"btrfs", []string{"mkfs.btrfs", "-q"}, "btrfs", true},
	{"tmpfs", nil, "tmpfs", true},
	{"overlay", nil, "overlay", false},
	{"a bind mount", nil, "", true},
}

// TestListingFileSystems makes every kind of change on every kind of file system, and
// sees whether listings hide it.
func TestListingFileSystems(t *testing.T) {
	long.Only(t, long.Check)
	if os.Geteuid() != 0 {
		t.Skip("only root can mount")
	}
	rounds := 2
	if long.Asked(t, long.All, "48 more rounds") {
		rounds = 50
	}
	for _, fs := range listingFileSystems {
		t.Run(fs.name, func(t *testing.T) {
			t.Parallel()
			at := filepath.Join(t.TempDir(), "at")
			mountOf(t, at, fs.mount, fs.mkfs)
			root := filepath.Join(at, "tree")
			for i := range rounds {
				at := func(change string) string { return fmt.Sprintf("%s/%d/%s", root, i, change) }
				for _, c := range listingChanges {
					plantListed(t, at(c.name))
				}
				awaitTickOf(t, at(listingChanges[len(listingChanges)-1].name)+"/e")
				for _, c := range listingChanges {
					tryChange(t, at(c.name), fs.listed, c.do)
				}
			}
		})
	}
}

// mountOf mounts a new file system. It skips the test where the kernel knows none of that
// type; in CI nothing else is an excuse.
func mountOf(t *testing.T, at, kind string, mkfs []string) {
	t.Helper()
	if err := os.Mkdir(at, 0o755); err != nil {
		t.Fatal(err)
	}
	run := func(name string, args ...string) {
		t.Helper()
		out, err := exec.Command(name, args...).CombinedOutput()
		switch {
		case err == nil:
		case os.Getenv("CI") != "" && !bytes.Contains(out, []byte("unknown filesystem type")):
			t.Fatalf("%s: %v: %s", name, err, out)
		default:
			t.Skipf("%s: %v: %s", name, err, out)
		}
	}
	switch beside := at + ".beside"; {
	case mkfs != nil:
		if err := os.WriteFile(beside, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(beside, 320<<20); err != nil {
			t.Fatal(err)
		}
		run(mkfs[0], append(mkfs[1:], beside)...)
		run("mount", "-t", kind, "-o", "loop", beside, at)
	case kind == "overlay":
		for _, dir := range []string{"lower", "upper", "work"} {
			if err := os.MkdirAll(filepath.Join(beside, dir), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		run("mount", "-t", "tmpfs", "tmpfs", beside)
		t.Cleanup(func() { _ = unix.Unmount(beside, unix.MNT_DETACH) })
		for _, dir := range []string{"lower/tree", "upper", "work"} {
			if err := os.MkdirAll(filepath.Join(beside, dir), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		run("mount", "-t", "overlay", "-o", fmt.Sprintf("lowerdir=%[1]s/lower,upperdir=%[1]s/upper,workdir=%[1]s/work", beside), "overlay", at)
	case kind == "tmpfs":
		run("mount", "-t", "tmpfs", "tmpfs", at)
	default:
		if err := os.Mkdir(beside, 0o755); err != nil {
			t.Fatal(err)
		}
		run("mount", "-t", "tmpfs", "tmpfs", beside)
		t.Cleanup(func() { _ = unix.Unmount(beside, unix.MNT_DETACH) })
		run("mount", "--bind", beside, at)
	}
	t.Cleanup(func() { _ = unix.Unmount(at, unix.MNT_DETACH) })
}

// plantListed makes a tree with the directories d and e, of which d has the files one and
// two and the directory sub with a file, and e a file.
func plantListed(t *testing.T, root string) {
	t.Helper()
	for _, name := range []string{"d/one", "d/two", "d/sub/four", "e/three"} {
		path := filepath.Join(root, name)
		old := time.Unix(1700000000, 1) // a commit need not wait
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(name), 0o644), os.Chtimes(path, old, old)); err != nil {
			t.Fatal(err)
		}
	}
}

// awaitTickOf waits until the tick in which a directory changed last is over.
func awaitTickOf(t *testing.T, dir string) {
	t.Helper()
	var st unix.Stat_t
	if err := unix.Lstat(dir, &st); err != nil {
		t.Fatal(err)
	}
	if err := awaitTick(state.Time{Sec: int64(st.Ctim.Sec), Nsec: int32(st.Ctim.Nsec)}); err != nil {
		t.Fatal(err)
	}
}

// listingChanges are what becomes of a tree that plantListed has made.
var listingChanges = []struct {
	name string
	do   func(root string) error
}{
	{"make a file", func(root string) error { return os.WriteFile(root+"/d/new", nil, 0o644) }},
	{"make a directory", func(root string) error {
		return errors.Join(os.Mkdir(root+"/d/new", 0o755), os.WriteFile(root+"/d/new/file", nil, 0o644))
	}},
	{"make a link", func(root string) error { return os.Symlink("one", root+"/d/new") }},
	{"make a FIFO", func(root string) error { return unix.Mkfifo(root+"/d/new", 0o644) }},
	{"make a second link", func(root string) error { return os.Link(root+"/d/one", root+"/e/new") }},
	{"make, mtime set back", func(root string) error {
		info, err := os.Stat(root + "/d")
		return errors.Join(err, os.WriteFile(root+"/d/new", nil, 0o644), os.Chtimes(root+"/d", info.ModTime(), info.ModTime()))
	}},
	{"remove", func(root string) error { return os.Remove(root + "/d/one") }},
	{"remove and make", func(root string) error {
		return errors.Join(os.Remove(root+"/d/one"), os.WriteFile(root+"/d/eno", nil, 0o644))
	}},
	{"rename within", func(root string) error { return os.Rename(root+"/d/one", root+"/d/new") }},
	{"rename into", func(root string) error { return os.Rename(root+"/e/three", root+"/d/new") }},
	{"rename a directory into", func(root string) error { return os.Rename(root+"/d/sub", root+"/e/sub") }},
	{"rename over a file", func(root string) error { return os.Rename(root+"/e/three", root+"/d/one") }},
	{"replace by a directory", func(root string) error {
		return errors.Join(os.Remove(root+"/d/one"), os.Rename(root+"/d/sub", root+"/d/one"))
	}},
	{"replace a directory by a file", func(root string) error {
		return errors.Join(os.RemoveAll(root+"/d/sub"), os.Rename(root+"/d/one", root+"/d/sub"))
	}},
	{"replace by a link", func(root string) error {
		return errors.Join(os.Symlink("two", root+"/e/new"), os.Rename(root+"/e/new", root+"/d/one"))
	}},
	{"exchange names", func(root string) error {
		return unix.Renameat2(unix.AT_FDCWD, root+"/d/one", unix.AT_FDCWD, root+"/e", unix.RENAME_EXCHANGE)
	}},
	{"exchange directories", func(root string) error {
		return unix.Renameat2(unix.AT_FDCWD, root+"/d", unix.AT_FDCWD, root+"/e", unix.RENAME_EXCHANGE)
	}},
	{"mount a file system", func(root string) error {
		return errors.Join(unix.Mount("tmpfs", root+"/d/sub", "tmpfs", 0, ""), os.WriteFile(root+"/d/sub/new", nil, 0o644))
	}},
	{"mount a directory", func(root string) error { return unix.Mount(root+"/e", root+"/d/sub", "", unix.MS_BIND, "") }},
	{"mount a file", func(root string) error {
		return unix.Mount(root+"/e/three", root+"/d/one", "", unix.MS_BIND, "")
	}},
	{"a tree begins", func(root string) error {
		return os.WriteFile(root+"/d/.treefilter_treestamps.yaml", []byte("version: 1\nprogram: treefilter\n"), 0o644)
	}},
	{"nothing", func(string) error { return nil }},
}

// tryChange commits all of a tree, has a dump make listings where it may, and compares what
// is printed with and without them when the tree has changed.
func tryChange(t *testing.T, root string, listed bool, do func(root string) error) {
	t.Helper()
	opt := filter.Options{Roots: []string{root}, Warn: func(err error) { t.Error(err) }, Notice: func(error) {}}
	print := func(noListings bool) string {
		var out bytes.Buffer
		f := filter.Filter{Selection: filter.Selection{Options: opt, NoListings: noListings}, Out: &out, OutDelimiter: walk.Newline}
		if _, err := f.Run(context.Background()); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	stamp := filter.Commit{Options: opt, In: strings.NewReader(print(true)), InDelimiter: walk.Newline, Recording: filter.Recording{NoSync: true}}
	if err := stamp.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	fold := filter.Dump{Options: opt}
	if err := fold.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(root + "/.treefilter_treestamps.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := 0
	if listed {
		want = 3
	}
	if made := strings.Count(string(text), ": {inode: "); made != want {
		t.Fatalf("%s: %d listings, want %d", root, made, want)
	}
	if got := print(false); got != "" {
		t.Errorf("%s: before the change it prints %q", root, got)
	}
	if err := do(root); err != nil {
		t.Fatal(err)
	}
	if with, without := print(false), print(true); with != without {
		t.Errorf("%s: with listings:\n%swithout:\n%s", root, with, without)
	}
	_ = unix.Unmount(root+"/d/sub", unix.MNT_DETACH)
	_ = unix.Unmount(root+"/d/one", unix.MNT_DETACH)
}
