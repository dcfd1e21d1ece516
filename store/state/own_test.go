package state

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
)

// ownTrees returns one tree as several processes see it that began at once, each with a
// segment of its own.
func ownTrees(t testing.TB, dir string, opt Options, n int) (trees []*Tree) {
	t.Helper()
	opt.OwnWAL = true
	for range n {
		tree := reopen(t, dir, opt)
		if err := tree.Watch(); err != nil {
			t.Fatal(err)
		}
		trees = append(trees, tree)
	}
	return trees
}

func closeAll(t testing.TB, trees []*Tree) {
	t.Helper()
	for _, tree := range trees {
		if err := tree.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// How often a command failed in a row is known from segments of which one has read the
// other, and from no others.
func TestFailuresOfSegments(t *testing.T) {
	failed := func(runs int) Failure {
		return Failure{Runs: runs, At: Time{Sec: 9}, File: Stamp{Time: Time{Sec: 5}}}
	}
	fail := func(runs int) func(*Tree) error {
		return func(tree *Tree) error { return tree.Fail("a", failed(runs)) }
	}
	set := func(tree *Tree) error { return appendTo(tree, []format.Entry{entry("a", 5)}) }
	drop := func(tree *Tree) error {
		_, err := tree.Drop([]string{"a"}, func(string) bool { return true })
		return err
	}
	for name, test := range map[string]struct {
		first, second, later func(*Tree) error
		want                 int
	}{
		"one":                       {fail(2), nil, nil, 2},
		"another count":             {fail(2), fail(3), nil, 0},
		"the same":                  {fail(2), fail(2), nil, 0},
		"another drop":              {fail(2), drop, nil, 0},
		"after another drop":        {drop, fail(2), nil, 0},
		"a stamp beside it":         {fail(2), set, nil, 0},
		"one that came later":       {fail(2), nil, fail(3), 3},
		"later than some disagreed": {fail(2), fail(3), fail(1), 1},
		"a stamp that came later":   {fail(2), nil, set, 0},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			trees := ownTrees(t, dir, Options{}, 2)
			for i, do := range []func(*Tree) error{test.first, test.second} {
				if do != nil {
					if err := do(trees[i]); err != nil {
						t.Fatal(err)
					}
				}
			}
			closeAll(t, trees)
			if test.later != nil {
				trees = ownTrees(t, dir, Options{}, 1)
				if err := test.later(trees[0]); err != nil {
					t.Fatal(err)
				}
				closeAll(t, trees)
			}
			if got := runsOf(t, dir, format.Config{}, "a"); got != test.want {
				t.Errorf("%d runs, want %d", got, test.want)
			}
			tree := reopen(t, dir, Options{})
			if _, err := dumpTree(tree); err != nil {
				t.Fatal(err)
			}
			closeAll(t, []*Tree{tree})
			if got := runsOf(t, dir, format.Config{}, "a"); got != test.want {
				t.Errorf("%d runs after a dump, want %d", got, test.want)
			}
		})
	}
}

// A process sees what it has said of a failure itself, in either log.
func TestOwnFailure(t *testing.T) {
	for _, own := range []bool{false, true} {
		tree := treeOf(t, Options{OwnWAL: own}, "", "")
		for runs := range 3 {
			if _, _, _, err := tree.Standing("a"); err != nil {
				t.Fatal(err)
			}
			if f := tree.Failure("a"); f == nil != (runs == 0) || f != nil && f.Runs != runs {
				t.Errorf("own %v, %d runs: %+v", own, runs, f)
			}
			if err := tree.Fail("a", Failure{Runs: runs + 1}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// Stamps agree where they come to the same: also what their setting files were.
func TestSettingsInSegments(t *testing.T) {
	dir := t.TempDir()
	setting := filepath.Join(dir, "quality.txt")
	opt := Options{DependsNames: []string{"quality.txt"}}
	// One process for each text, all at once.
	stamp := func(texts ...string) {
		t.Helper()
		var trees []*Tree
		for _, text := range texts {
			if err := os.WriteFile(setting, []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
			trees = append(trees, ownTrees(t, dir, opt, 1)...)
			if err := trees[len(trees)-1].CheckSettings("a"); err != nil {
				t.Fatal(err)
			}
		}
		for _, tree := range trees {
			e := entry("a", 5)
			e.Settings = tree.settings.of("").text
			if err := appendTo(tree, []format.Entry{e}); err != nil {
				t.Fatal(err)
			}
		}
		closeAll(t, trees)
	}
	has := func(text string) bool {
		if err := os.WriteFile(setting, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		tree := reopen(t, dir, opt)
		defer tree.Close()
		_, ok := tree.Get("a")
		return ok
	}
	if stamp("80", "80"); !has("80") {
		t.Error("no stamp, though both agree")
	}
	if stamp("80", "90"); has("80") || has("90") {
		t.Error("a stamp, though the setting files differ")
	}
	if stamp("90"); !has("90") {
		t.Error("no stamp, though the last one has read the others")
	}
}

// A tree in a state directory that has segments and no other state file is listed, and
// by its own root where the folder's name does not say it.
func TestStoredSegments(t *testing.T) {
	states := t.TempDir()
	root := filepath.Join(t.TempDir(), strings.Repeat("photos/", 30))
	if err := os.MkdirAll(root, 0o777); err != nil {
		t.Fatal(err)
	}
	opt := Options{StateDir: states}
	trees := ownTrees(t, root, opt, 1)
	if err := appendTo(trees[0], []format.Entry{entry("a", 5)}); err != nil {
		t.Fatal(err)
	}
	closeAll(t, trees)
	list, err := StoredTrees(opt)
	if err != nil || len(list) != 1 || !list[0].Named || !strings.HasSuffix(list[0].Root, "/photos") {
		t.Errorf("%+v, %v", list, err)
	}
}

// segmentsOf lists the files in the directory of segments.
func segmentsOf(t testing.TB, dir string) (paths []string) {
	t.Helper()
	names := disk.NamesOf(dir, disk.DefaultProgram)
	list, err := names.ListSegments(disk.OS{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range list {
		paths = append(paths, names.Segment(name))
	}
	return paths
}

// A process that has looked at a file before there were segments, and writes one after
// that, has not seen what others said in between: its stamp is refused.
func TestSegmentsBeginWhileFilesAreWorkedOn(t *testing.T) {
	dir := t.TempDir()
	early := reopen(t, dir, Options{})
	if err := early.Watch(); err != nil {
		t.Fatal(err)
	}
	before := early.Epoch()
	other := ownTrees(t, dir, Options{}, 1)[0]
	if _, err := other.Drop([]string{"a"}, func(string) bool { return true }); err != nil {
		t.Fatal(err)
	}
	closeAll(t, []*Tree{other})
	a, held := entry("a", 5), entry("held", 5)
	a.Since, held.Since = before, before
	refused, err := early.Append([]format.Entry{a})
	if err != nil || len(refused) != 1 {
		t.Errorf("refused %v, %v", refused, err)
	}
	if err := early.Hold([]format.Entry{held}); err != nil {
		t.Fatal(err)
	}
	if done, err := early.Dump(DumpOptions{}); err != nil || !slices.Equal(done.Refused, []string{"held"}) {
		t.Errorf("%+v, %v", done, err)
	}
	// What it looks at from now on is as good as ever.
	if err := early.Watch(); err != nil {
		t.Fatal(err)
	}
	b := entry("b", 5)
	b.Since = early.Epoch()
	if err := appendTo(early, []format.Entry{b}); err != nil {
		t.Error(err)
	}
	closeAll(t, []*Tree{early})
	wantStamps(t, reopen(t, dir, Options{}), []string{"a", "held"}, map[string]format.Stamp{"b": at(5)})
}
