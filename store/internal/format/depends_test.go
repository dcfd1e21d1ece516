package format_test

import (
	"slices"
	"strings"
	"testing"

	"treefilter/store/internal/format"
	"treefilter/store/internal/format/formattest"
)

// The config of a tree names a dependency by its path relative to the root, or by
// its absolute path where it lies outside.
func TestWithDependencies(t *testing.T) {
	deps := func(paths ...string) (list []format.Dependency) {
		for i, p := range paths {
			list = append(list, format.Dependency{Path: p, SHA256: formattest.SumOf(byte(0xa + i))})
		}
		return list
	}
	for _, c := range []struct {
		root, base string
		deps       []format.Dependency
		want       string
	}{
		{"/srv/photos", "", nil, "{q: 1}"},
		{"/srv/photos", "", deps("/srv/photos/lint.yml"), "{depends: {lint.yml: " + formattest.SumA + "}, q: 1}"},
		{"/srv/photos", "", deps("/srv/photos/a/lint.yml", "/srv/lint.yml"), `{depends: {"/srv/lint.yml": ` + formattest.SumB + ", a/lint.yml: " + formattest.SumA + "}, q: 1}"},
		{"/srv/photos", "", deps("/srv/photos2/lint.yml"), `{depends: {"/srv/photos2/lint.yml": ` + formattest.SumA + "}, q: 1}"},
		{"/", "", deps("/srv/lint.yml"), "{depends: {srv/lint.yml: " + formattest.SumA + "}, q: 1}"},
		{"C:/photos", "", deps("C:/photos/lint.yml", "D:/lint.yml"), `{depends: {"D:/lint.yml": ` + formattest.SumB + ", lint.yml: " + formattest.SumA + "}, q: 1}"},
		{"/srv/" + strings.Repeat("k", 300), "", deps("/srv/" + strings.Repeat("k", 300) + "/lint.yml"), "{depends: {lint.yml: " + formattest.SumA + "}, q: 1}"},
		{"/srv/repo/src", "/srv", deps("/srv/repo/lint.yml", "/etc/lint.yml"), `{depends: {"../lint.yml": ` + formattest.SumA + `, "/etc/lint.yml": ` + formattest.SumB + "}, q: 1}"},
		{"/srv/repo/src", "/srv", deps("/srv/repo/src/lint.yml", "/srv/etc/lint.yml"), `{depends: {"../../etc/lint.yml": ` + formattest.SumB + ", lint.yml: " + formattest.SumA + "}, q: 1}"},
		{"/src", "/", deps("/lint.yml"), `{depends: {"../lint.yml": ` + formattest.SumA + "}, q: 1}"},
	} {
		got, err := formattest.MustConfig(t, "q: 1").WithDependencies(c.root, c.base, c.deps)
		if err != nil || got.String() != c.want {
			t.Errorf("%v of %s: %s, error %v, want %s", c.deps, c.root, got, err, c.want)
		}
		checkConfig(t, got)
	}
	for _, c := range []struct{ config, path, want string }{
		{"depends: x", "/lint.yml", `a setting "depends"`},
		{"", "/" + strings.Repeat("k", format.MaxConfigKey), "key of 251 bytes"},
		{"", "/\xff", "not UTF-8"},
		{"a: " + strings.Repeat("x", format.MaxConfig-100), "/lint.yml", "config of"},
	} {
		if got, err := formattest.MustConfig(t, c.config).WithDependencies("/srv", "", deps(c.path)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.20s, %.20q: accepted as %.40s, error %v, want %s", c.config, c.path, got, err, c.want)
		}
	}
	if got, err := (format.Config{}).WithDependencies("/srv", "", deps("/a", "/a")); err == nil {
		t.Errorf("one path with two digests is %s", got)
	}
}

// A dependency is identified by its name, not by its digests.
func TestDiffOfDependencies(t *testing.T) {
	with := func(deps ...format.Dependency) format.Config {
		c, err := formattest.MustConfig(t, "q: 1").WithDependencies("/srv", "", deps)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	lint, fmtA := format.Dependency{Path: "/srv/lint.yml", SHA256: formattest.SumOf(0xa)}, format.Dependency{Path: "/etc/fmt.yml", SHA256: formattest.SumOf(0xa)}
	other := format.Dependency{Path: "/srv/lint.yml", SHA256: formattest.SumOf(0xb)}
	for _, c := range []struct {
		from, to format.Config
		want     []string
	}{
		{with(lint), with(lint), nil},
		{with(lint), with(other), []string{"content of lint.yml changed"}},
		{with(), with(lint), []string{"lint.yml: added as a dependency"}},
		{with(lint), with(), []string{"lint.yml: no dependency any more"}},
		{with(lint), with(other, fmtA), []string{"/etc/fmt.yml: added as a dependency", "content of lint.yml changed"}},
		{with(lint), formattest.MustConfig(t, "q: 2"), []string{"lint.yml: no dependency any more", "q: 1 -> 2"}},
	} {
		if got := c.from.Diff(c.to); !slices.Equal(got, c.want) {
			t.Errorf("%s to %s: got %q, want %q", c.from, c.to, got, c.want)
		}
	}
}
