package state

import (
	"slices"
	"testing"

	"treefilter/store/internal/format"
	"treefilter/store/internal/format/formattest"
)

// The config of a tree has the dependencies as seen from its root, and what is
// recorded bears it.
func TestTreeConfigHasDependencies(t *testing.T) {
	dep := format.Dependency{Path: "/srv/lint.yml", SHA256: formattest.SumOf(0xa)}
	opt := Options{Config: formattest.MustConfig(t, "q: 1"), Depends: []format.Dependency{dep}}
	tree := treeOf(t, opt, "", "")
	opt.Depends[0].Path = tree.Root() + "/lint.yml"
	tree = reopen(t, tree.Root(), opt)
	want := "{depends: {lint.yml: " + formattest.SumA + "}, q: 1}"
	if got := tree.Config().String(); got != want {
		t.Fatalf("the tree's config is %s, want %s", got, want)
	}
	if _, err := tree.Append([]format.Entry{entry("a", 1)}); err != nil {
		t.Fatal(err)
	}
	again := reopen(t, tree.Root(), opt)
	if stored, _ := again.Stored(); stored.String() != want {
		t.Errorf("recorded under %s", stored)
	}
	wantStamps(t, again, nil, map[string]format.Stamp{"a": at(1)})
	opt.Depends = []format.Dependency{{Path: opt.Depends[0].Path, SHA256: formattest.SumOf(0xb)}}
	changed := reopen(t, tree.Root(), opt)
	wantStamps(t, changed, []string{"a"}, nil)
	stored, _ := changed.Stored()
	if n, why := changed.OtherConfigs(), stored.Diff(changed.Config()); n != 1 || !slices.Equal(why, []string{"content of lint.yml changed"}) {
		t.Errorf("%d stamps void: %q", n, why)
	}
}

// Dependencies that make no config leave no stamp to count, and nothing is written.
func TestTreeOfBadDependencies(t *testing.T) {
	c := formattest.MustConfig(t, "depends: x")
	tree := treeOf(t, Options{Config: c, Depends: []format.Dependency{{Path: "/lint.yml", SHA256: formattest.SumOf(0xa)}}}, sealed(t, "treefilter", c, entry("a", 1)), "")
	wantStamps(t, tree, []string{"a"}, nil)
	if problems := tree.Problems(); len(problems) == 0 {
		t.Error("no problem is reported")
	}
	if _, err := tree.Append([]format.Entry{entry("b", 1)}); err == nil {
		t.Error("stamps were recorded under a config without its dependencies")
	}
}
