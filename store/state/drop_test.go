package state

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
	"treefilter/store/internal/wal"
)

// Drop forgets stamps of both files, of every config, and of those alone whose
// file is gone when it asks.
func TestDrop(t *testing.T) {
	s := format.NewSession("treefilter", testID, format.Config{})
	snapshot := sealed(t, "treefilter", quality90.Config, entry("a", 1), entry("b", 2), entry("d/c", 3))
	tree := treeOf(t, Options{AnyConfig: true}, snapshot, string(lines(s, entry("e", 4), entry("f", 5))))
	dropped, err := tree.Drop([]string{"a", "d/c", "e", "f"}, func(p string) bool { return p != "f" })
	if err != nil || dropped != 3 {
		t.Fatalf("%d dropped, %v", dropped, err)
	}
	if err := tree.Sync(); err != nil {
		t.Fatal(err)
	}
	for name, opt := range map[string]Options{"any": {AnyConfig: true}, "quality 90": quality90, "none": {}} {
		want := map[string][]format.Entry{
			"any":        {entry("b", 2), entry("f", 5)},
			"quality 90": {entry("b", 2)},
			"none":       {entry("f", 5)},
		}[name]
		if got := slices.Collect(reopen(t, tree.Root(), opt).Stamps()); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	// A drop is no stamp: it does not decide whose config a dump keeps.
	if c, _ := reopen(t, tree.Root(), Options{}).Stored(); !c.Empty() {
		t.Errorf("the newest config is %v", c)
	}
}

// With nothing to drop, nothing is written.
func TestDropNothing(t *testing.T) {
	tree := treeOf(t, Options{}, sealed(t, "treefilter", format.Config{}, entry("a", 1)), "")
	if n, err := tree.Drop([]string{"a"}, func(string) bool { return false }); n != 0 || err != nil {
		t.Errorf("%d dropped, %v", n, err)
	}
	if err := errors.Join(tree.Sync(), tree.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(tree.names.WAL); !os.IsNotExist(err) {
		t.Errorf("a WAL was left: %v", err)
	}
	if _, err := tree.Drop([]string{"../a"}, nil); err == nil {
		t.Error("a path outside was taken")
	}
}

// A file that comes back is recorded before the question, and the answer is
// no, or after the drop, and counts: no other process writes in between.
func TestDropAsksUnderTheLock(t *testing.T) {
	tree := treeOf(t, Options{}, sealed(t, "treefilter", format.Config{}, entry("a", 1)), "")
	other := reopen(t, tree.Root(), Options{LockWait: time.Millisecond})
	_, err := tree.Drop([]string{"a"}, func(string) bool {
		if err := appendTo(other, []format.Entry{entry("a", 2)}); !errors.Is(err, wal.ErrLocked) {
			t.Errorf("another could write: %v", err)
		}
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := appendTo(other, []format.Entry{entry("a", 3)}); err != nil {
		t.Fatal(err)
	}
	wantStamps(t, reopen(t, tree.Root(), Options{}), nil, map[string]format.Stamp{"a": at(3)})
}

// movedFS is a file system of another identity.
type movedFS struct {
	disk.OS
	id string
}

func (f movedFS) Volume(string) disk.Volume { return disk.Volume{ID: f.id} }

// A tree knows on which file system its newest stamps were made, before and
// after a dump.
func TestMoved(t *testing.T) {
	on := func(dir, id string) *Tree { return reopen(t, dir, Options{fsys: movedFS{id: id}}) }
	dir := t.TempDir()
	if then, now, moved := on(dir, "here").Moved(); moved {
		t.Errorf("without stamps: %q %q", then, now)
	}
	if err := appendTo(on(dir, ""), []format.Entry{entry("a", 1)}); err != nil {
		t.Fatal(err)
	}
	if _, _, moved := on(dir, "here").Moved(); moved {
		t.Error("moved from what is not known")
	}
	if err := appendTo(on(dir, "here"), []format.Entry{entry("b", 1)}); err != nil {
		t.Fatal(err)
	}
	for _, when := range []string{"before a dump", "after a dump"} {
		for id, want := range map[string]bool{"here": false, "there": true, "": false} {
			if then, now, moved := on(dir, id).Moved(); moved != want || then != "here" || now != id {
				t.Errorf("%s: from %q to %q: %v", when, then, now, moved)
			}
		}
		if _, err := dumpTree(on(dir, "there")); err != nil {
			t.Fatal(err)
		}
	}
	held := on(dir, "there")
	if err := held.Hold([]format.Entry{entry("c", 1)}); err != nil {
		t.Fatal(err)
	}
	if _, err := dumpTree(held); err != nil {
		t.Fatal(err)
	}
	if then, _, moved := on(dir, "there").Moved(); moved || then != "there" {
		t.Errorf("after a dump of new stamps: %q", then)
	}
	// Not part of the config, and not of any length.
	snapshot := sealedOn(t, strings.Repeat("x", 101), "treefilter", format.Config{}, entry("a", 1))
	if tree := treeOf(t, Options{}, snapshot, ""); len(tree.Problems()) == 0 {
		t.Error("a file system of 101 bytes")
	}
}

// The line of x.jpg ends where a time would end that began after "new6: ".
func TestDroppedBesideALookalike(t *testing.T) {
	tree := treeOf(t, Options{}, "", "")
	yes := func(string) bool { return true }
	if _, err := tree.Drop([]string{"new6", "x.jpg"}, yes); err != nil {
		t.Fatal(err)
	}
	if _, err := tree.Dump(DumpOptions{}); err != nil {
		t.Fatal(err)
	}
	reopened := reopen(t, tree.Root(), Options{})
	defer reopened.Close()
	r := reopened.Reader()
	for _, name := range []string{"new6", "x.jpg"} {
		if standing, _ := r.Standing(name); standing != format.Dropped {
			t.Errorf("%s: %v, want it dropped", name, standing)
		}
	}
}
