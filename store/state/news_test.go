package state

import (
	"testing"

	"treefilter/store/internal/format"
	"treefilter/store/internal/format/formattest"
)

// A file that two runs have processed at once, under two configs, has no stamp of
// either: which of them came last is not known.
func TestContradictedStampIsDropped(t *testing.T) {
	root := t.TempDir()
	open := func(config string) *Tree {
		tree, err := OpenTree(root, Options{Config: formattest.MustConfig(t, config)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { tree.Close() })
		return tree
	}
	put := func(tree *Tree, path string, since uint64) (refused int) {
		e := entry(path, 5)
		e.Since = since
		list, err := tree.Append([]format.Entry{e})
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	first, second := open("q: 80"), open("q: 90")
	if err := first.Watch(); err != nil {
		t.Fatal(err)
	}
	looked := first.Epoch()
	put(second, "a", 0)
	put(second, "b", 0)
	if put(first, "a", looked) != 1 {
		t.Error("the stamp of a file that was processed under another config meanwhile was made")
	}
	if put(first, "b", first.Epoch()) != 0 {
		t.Error("a file that was looked at afterwards was refused")
	}
	// A stamp that was made after a drop stands.
	third := open("q: 80")
	if err := third.Watch(); err != nil {
		t.Fatal(err)
	}
	looked = third.Epoch()
	if err := first.Forget("c"); err != nil {
		t.Fatal(err)
	}
	put(first, "c", 0)
	if put(third, "c", looked) != 0 {
		t.Error("a stamp was refused though the file was processed after its stamp was taken away")
	}
	for config, stamped := range map[string]map[string]bool{"q: 80": {"a": false, "b": true, "c": true}, "q: 90": {"a": false, "b": false}} {
		tree := open(config)
		for path, want := range stamped {
			if _, got := tree.Get(path); got != want {
				t.Errorf("%s: %s has a stamp: %v", config, path, got)
			}
		}
	}
}
