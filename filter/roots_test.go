package filter

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"treefilter/store/state"
)

// grow makes a tree of files, and goes there; "name -> target" stands for a link.
// It returns the directory, links resolved.
func grow(t *testing.T, links map[string]string, files ...string) string {
	t.Helper()
	dir, err := state.RealDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.FromSlash(dir))
	for _, name := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for name, target := range links {
		if err := os.Symlink(target, name); err != nil {
			t.Skip(err)
		}
	}
	return dir
}

func TestParseRoot(t *testing.T) {
	dir := grow(t, map[string]string{"album": "photos", "cover.jpg": "photos/a.jpg"},
		"photos/a.jpg", "photos/2024/b.jpg", "-dir/-c", "-d", "e")
	tests := []struct {
		path   string
		dir    string // the tree, as written
		only   string
		prefix string // of what is printed
		real   string // the tree, below dir
	}{
		{"photos", "photos", "", "photos/", "/photos"},
		{"photos/", "photos/", "", "photos/", "/photos"},
		{"./photos", "./photos", "", "./photos/", "/photos"},
		{"photos//", "photos//", "", "photos//", "/photos"},
		{"photos/../photos", "photos/../photos", "", "photos/../photos/", "/photos"},
		{".", ".", "", "./", ""},
		{dir, dir, "", dir + "/", ""},
		{"photos/2024", "photos/2024", "", "photos/2024/", "/photos/2024"},

		// A file is its directory's tree, and itself alone.
		{"photos/a.jpg", "photos/", "a.jpg", "photos/", "/photos"},
		{"./photos//a.jpg", "./photos//", "a.jpg", "./photos//", "/photos"},
		{"e", ".", "e", "", ""},

		// No tool takes what is printed for a flag.
		{"-dir", "-dir", "", "./-dir/", "/-dir"},
		{"-dir/-c", "-dir/", "-c", "./-dir/", "/-dir"},
		{"-d", ".", "-d", "./", ""},

		// A root that is a link is followed, and printed as it was written. A
		// link to a file has its stamp where the link is.
		{"album", "album", "", "album/", "/photos"},
		{"cover.jpg", ".", "cover.jpg", "", ""},
	}
	for _, test := range tests {
		got, err := parseRoot(test.path)
		want := root{test.dir, test.only, test.prefix, dir + test.real}
		if err != nil || got != want {
			t.Errorf("%q:\n got %+v, error %v\nwant %+v", test.path, got, err, want)
		}
	}
	if got, err := parseRoot("/"); err != nil || got.prefix != "/" {
		t.Errorf("the root of all: %+v, error %v", got, err)
	}
	for _, path := range []string{"", "nowhere", "e/", "e/x", "photos/nowhere", "a\x00b", os.DevNull} {
		if got, err := parseRoot(path); err == nil {
			t.Errorf("%q: %+v", path, got)
		}
	}
}

func TestRootsAreNamedOnce(t *testing.T) {
	grow(t, map[string]string{"album": "photos"}, "photos/a.jpg", "photos/2024/b.jpg")
	roots, lost, err := parseRoots([]string{"photos", "./photos", "photos/a.jpg", "album", "photos/2024", "photos/a.jpg"})
	if err != nil || lost != nil {
		t.Fatal(lost, err)
	}
	if got, want := dirs(roots), []string{"photos", "photos/", "photos/2024"}; !slices.Equal(got, want) {
		t.Errorf("roots: %q, want %q", got, want)
	}
}

func TestLostRoots(t *testing.T) {
	dir := grow(t, map[string]string{"album": "photos"}, "photos/a.jpg", "photos/2024/b.jpg")
	roots, lost, err := parseRoots([]string{"nowhere", "photos", "photos/a.jpg/", "album/gone", "no/way"})
	if err != nil || !slices.Equal(dirs(roots), []string{"photos"}) {
		t.Errorf("roots: %q, error %v", dirs(roots), err)
	}
	if n := strings.Count(fmt.Sprint(lost.err()), "\n") + 1; n != 4 {
		t.Errorf("%d errors: %v", n, lost.err())
	}
	for rel, refused := range map[string]bool{
		"nowhere": true, "nowhere/below": true, "nowhere.else": false,
		"photos": false, "photos/2024": false, "photos/gone": true, "no/way": true, "no": false,
	} {
		if err := lost.refuse(dir + "/" + rel); (err != nil) != refused {
			t.Errorf("%s: %v", rel, err)
		}
	}
	if _, lost, err := parseRoots([]string{"nowhere", ""}); err == nil || err.Error() != lost.err().Error() {
		t.Errorf("all are lost: %v", err)
	}
	if roots, lost, err := parseRoots(nil); len(roots) > 0 || lost.err() != nil || err != nil {
		t.Errorf("none was named: %v, %v, %v", roots, lost, err)
	}
}

// What lies in several roots is visited in the deepest only.
func TestWalkRoots(t *testing.T) {
	dir := grow(t, nil, "photos/a.jpg", "photos/2024/b.jpg", "photos/2024/may/c.jpg", "photos-old/d.jpg")
	tests := []struct {
		roots []string
		skip  []map[string]bool
	}{
		{[]string{"photos"}, []map[string]bool{nil}},
		{[]string{"photos", "photos-old"}, []map[string]bool{nil, nil}},
		{[]string{"photos", "photos/2024"}, []map[string]bool{{"2024": true}, nil}},
		{[]string{"photos/2024", "photos"}, []map[string]bool{nil, {"2024": true}}},
		{[]string{"photos", "photos/2024/may"}, []map[string]bool{{"2024/may": true}, nil}},
		{[]string{"photos", "photos/2024", "photos/2024/may"},
			[]map[string]bool{{"2024": true, "2024/may": true}, {"may": true}, nil}},
		{[]string{"photos", "photos/a.jpg"}, []map[string]bool{{"a.jpg": true}, nil}},
		{[]string{dir, "photos/2024/b.jpg"}, []map[string]bool{{"photos/2024/b.jpg": true}, nil}},
	}
	for _, test := range tests {
		roots, _, err := parseRoots(test.roots)
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range walkRoots(roots) {
			if !maps.Equal(r.Skip, test.skip[i]) {
				t.Errorf("%q: the walk of %s skips %v, want %v", test.roots, r.Path, r.Skip, test.skip[i])
			}
		}
	}
}

func TestRelative(t *testing.T) {
	tests := []struct {
		r, to root
		rel   string
		below bool
	}{
		{root{real: "/a"}, root{real: "/a"}, "", true},
		{root{real: "/a/b"}, root{real: "/a"}, "b", true},
		{root{real: "/a/b", only: "c"}, root{real: "/a"}, "b/c", true},
		{root{real: "/a"}, root{real: "/a/b"}, "", false},
		{root{real: "/ab"}, root{real: "/a"}, "", false},
		{root{real: "/a"}, root{real: "/"}, "a", true},
		{root{real: "/", only: "c"}, root{real: "/"}, "c", true},
		{root{real: "/"}, root{real: "/"}, "", true},
	}
	for _, test := range tests {
		if rel, below := relative(test.r, test.to); rel != test.rel || below != test.below {
			t.Errorf("%+v in %+v: %q, %v", test.r, test.to, rel, below)
		}
	}
}
