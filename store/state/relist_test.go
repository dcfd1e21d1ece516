//go:build linux

package state

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
)

// listedTree returns a tree with stamps of some files, in a snapshot with listings.
func listedTree(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if (disk.OS{}).Volume(dir).Boot == "" {
		t.Skip("no listings on this file system")
	}
	for _, name := range []string{"a/one", "a/b/two", "a/b/l\xf8.txt", "c/three", "c-/four"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	awaitTick(t, dir)
	tree := reopen(t, dir, Options{})
	if _, err := tree.Append([]format.Entry{entry("a/one", 1700000000), entry("c/three", 1700000000)}); err != nil {
		t.Fatal(err)
	}
	relistAndDump(t, tree)
	return dir
}

// awaitTick waits until listings can be made of all that is there.
func awaitTick(t *testing.T, dir string) {
	t.Helper()
	var last format.Time
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if _, d, err := disk.StatDir(path); err == nil && d.Ctime.Compare(last) > 0 {
			last = d.Ctime
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); !final(last, disk.CoarseNow()); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the clock stands still")
		}
	}
}

func relistAndDump(t *testing.T, tree *Tree) {
	t.Helper()
	if err := tree.Relist(context.Background()); err != nil {
		t.Fatal(err)
	}
	if _, err := tree.Dump(DumpOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := tree.Close(); err != nil {
		t.Fatal(err)
	}
}

// listed returns what a walk would get for each directory: its names, "" where it must
// be read.
func listed(t *testing.T, dir string) map[string]string {
	t.Helper()
	tree := reopen(t, dir, Options{})
	defer tree.Close()
	r := tree.Reader()
	got := map[string]string{}
	for _, sub := range []string{"", "a", "a/b", "c", "c-"} {
		dev, now, err := disk.StatDir(filepath.Join(dir, sub))
		if err != nil {
			continue
		}
		if subs, others, ok := r.List(sub, dev, now); ok {
			got[sub] = fmt.Sprintf("%q %q", subs, others)
		}
	}
	return got
}

func wantListed(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	got := listed(t, dir)
	for sub := range got {
		if want[sub] != got[sub] {
			t.Errorf("%s: listed as %s, want %s", sub, got[sub], want[sub])
		}
	}
	for sub := range want {
		if got[sub] == "" {
			t.Errorf("%s: not listed", sub)
		}
	}
}

var allListed = map[string]string{
	"a":   `["b"] ["one"]`,
	"a/b": `[] ["l\xf8.txt" "two"]`,
	"c":   `[] ["three"]`,
	"c-":  `[] ["four"]`,
}

func TestListingsOfADump(t *testing.T) {
	dir := listedTree(t)
	wantListed(t, dir, allListed)

	// A second dump changes nothing.
	file := filepath.Join(dir, snapshotName)
	before, _ := os.Stat(file)
	relistAndDump(t, reopen(t, dir, Options{}))
	if after, _ := os.Stat(file); !os.SameFile(before, after) {
		t.Error("written anew")
	}

	// What has changed is not listed until it is read, and what is gone is forgotten.
	if err := os.RemoveAll(filepath.Join(dir, "c-")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "a/b/new"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	wantListed(t, dir, map[string]string{"a": allListed["a"], "c": allListed["c"]})
	awaitTick(t, dir)
	relistAndDump(t, reopen(t, dir, Options{}))
	wantListed(t, dir, map[string]string{"a": allListed["a"], "a/b": `[] ["l\xf8.txt" "new" "two"]`, "c": allListed["c"]})
	if text, _ := os.ReadFile(file); strings.Contains(string(text), "c-/.") {
		t.Error("c- is still listed")
	}
}

// A dump that starts by itself looks at those directories alone in which something
// was recorded.
func TestListingsOfTouchedDirectories(t *testing.T) {
	dir := listedTree(t)
	for _, name := range []string{"a/b/new", "c/new"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	awaitTick(t, dir)
	tree := reopen(t, dir, Options{})
	if _, err := tree.Append([]format.Entry{entry("c/new", 1700000000)}); err != nil {
		t.Fatal(err)
	}
	if _, err := tree.Dump(DumpOptions{}); err != nil {
		t.Fatal(err)
	}
	wantListed(t, dir, map[string]string{"a": allListed["a"], "c": `[] ["new" "three"]`, "c-": allListed["c-"]})

	if _, err := tree.Dump(DumpOptions{NoListings: true}); err != nil {
		t.Fatal(err)
	}
	wantListed(t, dir, nil)
}

// A listing of another boot may lack what a crash has brought back.
func TestListingsOfAnotherBoot(t *testing.T) {
	dir := listedTree(t)
	tree := reopen(t, dir, Options{})
	if err := tree.Relist(context.Background()); err != nil {
		t.Fatal(err)
	}
	tree.relisted.volume.Boot, tree.relisted.changed = "another", true
	if _, err := tree.Dump(DumpOptions{}); err != nil {
		t.Fatal(err)
	}
	wantListed(t, dir, nil)
	relistAndDump(t, reopen(t, dir, Options{}))
	wantListed(t, dir, allListed)
}

// No listing is made of a directory that may yet change without showing it.
func TestListingsWaitForTheTick(t *testing.T) {
	now := format.Time{Sec: 1700000000, Nsec: 20_000_000}
	for _, c := range []struct {
		ctime format.Time
		want  bool
	}{
		{format.Time{Sec: 1700000000, Nsec: 10_000_000}, true},
		{format.Time{Sec: 1700000000, Nsec: 10_000_001}, false},
		{now, false},
		{format.Time{Sec: 1800000000, Nsec: 1}, false},
		{format.Time{Sec: 1600000000, Nsec: 0}, false}, // whole seconds: anything of that second
	} {
		if got := final(c.ctime, now); got != c.want {
			t.Errorf("final(%v) is %v", c.ctime, got)
		}
	}

	dir := listedTree(t)
	tree := reopen(t, dir, Options{})
	_, d, err := disk.StatDir(filepath.Join(dir, "a"))
	if err != nil {
		t.Fatal(err)
	}
	r := &relisting{tree: tree, volume: disk.OS{}.Volume(dir), now: d.Ctime}
	if subs := r.read("a"); !slices.Equal(subs, []string{"b"}) || r.entries > 0 {
		t.Errorf("subdirectories %q, %d listed", subs, r.entries)
	}
}

// A bent byte costs listings, never a name, and a dump does not mind it.
func TestListingsFlips(t *testing.T) {
	dir := listedTree(t)
	file := filepath.Join(dir, snapshotName)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	start := strings.Index(string(text), "\nlistings:\n")
	for i := start; i < len(text); i++ {
		bent := slices.Clone(text)
		bent[i] ^= 1 << (i % 7)
		if err := os.WriteFile(file, bent, 0o644); err != nil {
			t.Fatal(err)
		}
		for sub, names := range listed(t, dir) {
			if names != allListed[sub] {
				t.Fatalf("byte %d: %s is listed as %s", i, sub, names)
			}
		}
	}
}

// Names that would lead elsewhere, or that are out of place, make no listing.
func TestListingsForged(t *testing.T) {
	now := format.DirStat{Ino: 1, Ctime: format.Time{Sec: 1, Nsec: 1}, Mtime: format.Time{Sec: 1, Nsec: 1}}
	const head = `{inode: 1, ctime: 1.000000001, mtime: 1.000000001, `
	for value, want := range map[string]bool{
		head + `dirs: [], others: []}`:                                             true,
		head + `dirs: [a, "b"], others: [c/d]}`:                                    false,
		head + `dirs: [".."], others: []}`:                                         false,
		head + `dirs: ["."], others: []}`:                                          false,
		head + `dirs: [], others: [""]}`:                                           false,
		head + `dirs: [], others: ["a\x00"]}`:                                      false,
		head + `dirs: [], others: [!!binary "Li4v"]}`:                              false,
		head + `dirs: [a,b], others: []}`:                                          false,
		head + `dirs: [a], others: [b]`:                                            false,
		head + `dirs: [a], others: [b]} `:                                          false,
		head + `dirs: [a`:                                                          false,
		`{inode: 2, ctime: 1.000000001, mtime: 1.000000001, dirs: [], others: []}`: false,
		`{inode: 1, ctime: 1.000000002, mtime: 1.000000001, dirs: [], others: []}`: false,
		`{inode: 1, ctime: 1.000000001, mtime: 1.000000002, dirs: [], others: []}`: false,
		``: false,
	} {
		if _, _, ok := format.ParseListing([]byte(value), now, nil, nil); ok != want {
			t.Errorf("%s: %v", value, ok)
		}
	}
}

// No listing is made of a directory of segments, which changes all the time, nor of the
// root of another tree that has nothing but segments.
func TestListingsBesideSegments(t *testing.T) {
	dir := listedTree(t)
	for _, root := range []string{dir, filepath.Join(dir, "c")} {
		tree := ownTrees(t, root, Options{}, 1)[0]
		if err := appendTo(tree, []format.Entry{entry("one", 1700000000)}); err != nil {
			t.Fatal(err)
		}
		defer tree.Close()
	}
	awaitTick(t, dir)
	relistAndDump(t, reopen(t, dir, Options{}))
	want := maps.Clone(allListed)
	delete(want, "c")
	wantListed(t, dir, want)
	segments := disk.NamesOf("", disk.DefaultProgram).Segments
	if text, err := os.ReadFile(filepath.Join(dir, snapshotName)); err != nil || strings.Contains(string(text), segments) {
		t.Errorf("%v; in the snapshot:\n%s", err, text)
	}
}
