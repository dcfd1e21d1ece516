package store

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// sumOf is a digest of one letter.
func sumOf(letter byte) (sum [32]byte) {
	copy(sum[:], bytes.Repeat([]byte{letter<<4 | letter}, len(sum)))
	return sum
}

// The config of a tree names a dependency by its path relative to the root, or by
// its absolute path where it lies outside.
func TestWithDependencies(t *testing.T) {
	deps := func(paths ...string) (list []Dependency) {
		for i, p := range paths {
			list = append(list, Dependency{p, sumOf(byte(0xa + i))})
		}
		return list
	}
	for _, c := range []struct {
		root string
		deps []Dependency
		want string
	}{
		{"/srv/photos", nil, "{q: 1}"},
		{"/srv/photos", deps("/srv/photos/lint.yml"), "{depends: {lint.yml: " + digestA + "}, q: 1}"},
		{"/srv/photos", deps("/srv/photos/a/lint.yml", "/srv/lint.yml"), `{depends: {"/srv/lint.yml": ` + digestB + ", a/lint.yml: " + digestA + "}, q: 1}"},
		{"/srv/photos", deps("/srv/photos2/lint.yml"), `{depends: {"/srv/photos2/lint.yml": ` + digestA + "}, q: 1}"},
		{"/", deps("/srv/lint.yml"), "{depends: {srv/lint.yml: " + digestA + "}, q: 1}"},
		{"C:/photos", deps("C:/photos/lint.yml", "D:/lint.yml"), `{depends: {"D:/lint.yml": ` + digestB + ", lint.yml: " + digestA + "}, q: 1}"},
		{"/srv/" + strings.Repeat("k", 300), deps("/srv/" + strings.Repeat("k", 300) + "/lint.yml"), "{depends: {lint.yml: " + digestA + "}, q: 1}"},
	} {
		got, err := mustConfig(t, "q: 1").WithDependencies(c.root, c.deps)
		if err != nil || got.String() != c.want {
			t.Errorf("%v of %s: %s, error %v, want %s", c.deps, c.root, got, err, c.want)
		}
		checkConfig(t, got)
	}
	for _, c := range []struct{ config, path, want string }{
		{"depends: x", "/lint.yml", `a setting "depends"`},
		{"", "/" + strings.Repeat("k", maxConfigKey), "key of 251 bytes"},
		{"", "/\xff", "not UTF-8"},
		{"a: " + strings.Repeat("x", maxConfig-100), "/lint.yml", "config of"},
	} {
		if got, err := mustConfig(t, c.config).WithDependencies("/srv", deps(c.path)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.20s, %.20q: accepted as %.40s, error %v, want %s", c.config, c.path, got, err, c.want)
		}
	}
	if got, err := (Config{}).WithDependencies("/srv", deps("/a", "/a")); err == nil {
		t.Errorf("one path with two digests is %s", got)
	}
}

// A dependency is known by its name, not by its digests.
func TestDiffOfDependencies(t *testing.T) {
	with := func(deps ...Dependency) Config {
		c, err := mustConfig(t, "q: 1").WithDependencies("/srv", deps)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	lint, fmtA := Dependency{"/srv/lint.yml", sumOf(0xa)}, Dependency{"/etc/fmt.yml", sumOf(0xa)}
	other := Dependency{"/srv/lint.yml", sumOf(0xb)}
	for _, c := range []struct {
		from, to Config
		want     []string
	}{
		{with(lint), with(lint), nil},
		{with(lint), with(other), []string{"lint.yml: content changed"}},
		{with(), with(lint), []string{"lint.yml: added as a dependency"}},
		{with(lint), with(), []string{"lint.yml: no dependency any more"}},
		{with(lint), with(other, fmtA), []string{"/etc/fmt.yml: added as a dependency", "lint.yml: content changed"}},
		{with(lint), mustConfig(t, "q: 2"), []string{"lint.yml: no dependency any more", "q: 1 -> 2"}},
	} {
		if got := c.from.Diff(c.to); !slices.Equal(got, c.want) {
			t.Errorf("%s to %s: got %q, want %q", c.from, c.to, got, c.want)
		}
	}
}

// The config of a tree has the dependencies as seen from its root, and what is
// recorded bears it.
func TestTreeConfigHasDependencies(t *testing.T) {
	dep := Dependency{"/srv/lint.yml", sumOf(0xa)}
	opt := Options{Config: mustConfig(t, "q: 1"), Depends: []Dependency{dep}}
	tree := treeOf(t, opt, "", "")
	opt.Depends[0].Path = tree.Root() + "/lint.yml"
	tree = reopen(t, tree.Root(), opt)
	want := "{depends: {lint.yml: " + digestA + "}, q: 1}"
	if got := tree.Config().String(); got != want {
		t.Fatalf("the tree's config is %s, want %s", got, want)
	}
	if _, err := tree.Append([]Entry{entry("a", 1)}); err != nil {
		t.Fatal(err)
	}
	again := reopen(t, tree.Root(), opt)
	if stored, _ := again.Stored(); stored.String() != want {
		t.Errorf("recorded under %s", stored)
	}
	wantStamps(t, again, nil, map[string]Stamp{"a": at(1)})
	opt.Depends = []Dependency{{opt.Depends[0].Path, sumOf(0xb)}}
	changed := reopen(t, tree.Root(), opt)
	wantStamps(t, changed, []string{"a"}, nil)
	stored, _ := changed.Stored()
	if n, why := changed.OtherConfigs(), stored.Diff(changed.Config()); n != 1 || !slices.Equal(why, []string{"lint.yml: content changed"}) {
		t.Errorf("%d stamps void: %q", n, why)
	}
}

// Dependencies that make no config leave no stamp to count, and nothing is written.
func TestTreeOfBadDependencies(t *testing.T) {
	c := mustConfig(t, "depends: x")
	tree := treeOf(t, Options{Config: c, Depends: []Dependency{{"/lint.yml", sumOf(0xa)}}}, sealed(t, "treefilter", c, entry("a", 1)), "")
	wantStamps(t, tree, []string{"a"}, nil)
	if problems := tree.Problems(); len(problems) == 0 {
		t.Error("no problem is reported")
	}
	if _, err := tree.Append([]Entry{entry("b", 1)}); err == nil {
		t.Error("stamps were recorded under a config without its dependencies")
	}
}
