package state

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"treefilter/store/internal/format"
	"treefilter/store/internal/format/formattest"
)

// runsOf returns how many failures a new reader of the tree finds, 0 for none.
func runsOf(t *testing.T, root string, c format.Config, path string) int {
	t.Helper()
	tree, err := OpenTree(root, Options{Config: c})
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	standing, _, _, err := tree.Standing(path)
	if err != nil {
		t.Fatal(err)
	}
	r := tree.Reader()
	r.Enter("")
	if s, _ := r.Standing(path); s != standing {
		t.Errorf("%s: standing %v and %v", path, s, standing)
	}
	f, again := tree.Failure(path), r.Failure(path)
	switch {
	case standing != Dropped && (f != nil || again != nil):
		t.Errorf("%s: standing %v, and a failure", path, standing)
	case (f == nil) != (again == nil):
		t.Errorf("%s: %+v and %+v", path, f, again)
	case f != nil:
		return f.Runs
	}
	return 0
}

// A failure is part of the last word on a file: in the WAL and in the snapshot, until
// the next, and for its own config alone. It is never a stamp.
func TestFailure(t *testing.T) {
	c := formattest.MustConfig(t, "{quality: 90}")
	yes := func(string) bool { return true }
	failed := Failure{Runs: 2, At: Time{Sec: 9}, File: Stamp{Time: Time{Sec: 5}}}
	for name, test := range map[string]struct {
		then func(tree *Tree) error
		want int
	}{
		"nothing":  {func(*Tree) error { return nil }, 2},
		"set":      {func(tree *Tree) error { return appendTo(tree, []format.Entry{{Path: "a", Stamp: failed.File}}) }, 0},
		"drop":     {func(tree *Tree) error { _, err := tree.Drop([]string{"a"}, yes); return err }, 0},
		"forget":   {func(tree *Tree) error { return tree.Forget("a") }, 0},
		"prune":    {func(tree *Tree) error { _, err := tree.Prune([]string{"a"}, yes); return err }, 0},
		"another":  {func(tree *Tree) error { return tree.Fail("a", Failure{Runs: 3}) }, 3},
		"of other": {func(tree *Tree) error { return tree.Fail("b", Failure{Runs: 3}) }, 2},
		"discard":  {func(tree *Tree) error { _, err := tree.Discard(); return err }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			for _, how := range []string{"", "before", "after", "both", "own", "own before", "own after", "own both"} {
				dump, own := strings.CutPrefix(how, "own")
				dump = strings.TrimSpace(dump)
				tree := treeOf(t, Options{Config: c, OwnWAL: own}, "", "")
				if err := tree.Fail("a", failed); err != nil {
					t.Fatal(err)
				}
				if dump == "before" || dump == "both" {
					if _, err := dumpTree(tree); err != nil {
						t.Fatal(err)
					}
				}
				if err := test.then(tree); err != nil {
					t.Fatal(err)
				}
				if dump == "after" || dump == "both" {
					if _, err := dumpTree(tree); err != nil {
						t.Fatal(err)
					}
				}
				want := test.want
				if name == "discard" && dump == "both" || name == "discard" && dump == "before" {
					want = 2 // the WAL said nothing of it
				}
				if got := runsOf(t, tree.root, c, "a"); got != want {
					t.Errorf("dump %s: %d runs, want %d", how, got, want)
				}
				if got := runsOf(t, tree.root, format.Config{}, "a"); got != 0 {
					t.Errorf("dump %s: %d runs under another config", how, got)
				}
				if _, ok := tree.Get("a"); ok && name != "set" {
					t.Errorf("dump %s: a stamp", how)
				}
				fresh, err := OpenTree(tree.root, Options{Config: c})
				if err != nil {
					t.Fatal(err)
				}
				if got := slices.Contains(fresh.Failed(), "a"); got != (want > 0) {
					t.Errorf("dump %s: listed %v", how, got)
				}
				fresh.Close()
			}
		})
	}
}

// Where something of the WAL was lost, a later word may be: no failure counts, nor does
// it after a dump.
func TestFailureBesideLoss(t *testing.T) {
	s := format.NewSession("treefilter", testID, format.Config{})
	whole := append(s.AppendOpen(nil), s.AppendFailure(nil, "a", &Failure{Runs: 2})...)
	root := treeOf(t, Options{}, "", string(whole)).root
	if got := runsOf(t, root, format.Config{}, "a"); got != 2 {
		t.Fatalf("%d runs", got)
	}
	bent := append(whole, s.AppendSet(nil, entry("a", 7))...)
	bent[len(bent)-2] ^= 1
	root = treeOf(t, Options{}, "", string(bent)).root
	if got := runsOf(t, root, format.Config{}, "a"); got != 0 {
		t.Errorf("%d runs beside a bad line", got)
	}

	// One that stands in the snapshot, and one that does in the WAL.
	tree := treeOf(t, Options{}, "", string(whole))
	if _, err := dumpTree(tree); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(tree.root, walName), append(s.AppendOpen(nil), bent[len(whole):]...), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, root := range []string{root, tree.root} {
		dumper := reopen(t, root, Options{})
		if _, err := dumpTree(dumper); err != nil {
			t.Fatal(err)
		}
		if got := runsOf(t, root, format.Config{}, "a"); got != 0 {
			t.Errorf("%d runs after a dump", got)
		}
		if got := dumper.Problems(); len(got) != 1 {
			t.Errorf("problems: %v", got)
		}
	}
}
