package filter

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"treefilter/store/state"
)

// write makes the files of a test in a directory of their own, and goes there.
func write(t *testing.T, files map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range files {
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// here is the current directory, as a tree's root.
func here(t *testing.T) string {
	t.Helper()
	dir, err := state.RealDir(".")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestReadConfig(t *testing.T) {
	write(t, map[string]string{
		"settings.yaml": "resize: {width: 640}\nquality: 80\n",
		"empty.yaml":    "# nothing yet\n",
		"lint.toml":     "",
		"other.toml":    "x",
	})
	const (
		ofNothing = "sha256-e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
		ofX       = "sha256-2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
	)
	tests := []struct {
		name    string
		pairs   []string
		file    string
		depends []string
		want    string
	}{
		{"nothing", nil, "", nil, "{}"},
		{"a file", nil, "settings.yaml", nil, "{quality: 80, resize: {width: 640}}"},
		{"an empty file", nil, "empty.yaml", nil, "{}"},
		{"pairs, of any order", []string{"b=2", "a=1"}, "", nil, "{a: 1, b: 2}"},
		{"a pair overrides the file", []string{"quality=90"}, "settings.yaml", nil, "{quality: 90, resize: {width: 640}}"},
		{"as a whole", []string{"resize={height: 1}"}, "settings.yaml", nil, "{quality: 80, resize: {height: 1}}"},
		{"the last pair counts", []string{"a=1", "a=2"}, "", nil, "{a: 2}"},
		{"a value is YAML", []string{"a=[1, x]", "b=true", "c='1'", "d=1.50", "e={y: null}"}, "", nil,
			`{a: [1, x], b: true, c: "1", d: 1.50, e: {"y": null}}`},
		{"no value is the empty text", []string{"a="}, "", nil, `{a: ""}`},
		{"a value may hold more of what parts it", []string{"a=b=c,d"}, "", nil, `{a: "b=c,d"}`},
		{"a key is no path", []string{"a.b=1"}, "", nil, "{a.b: 1}"},
		{"files that it depends on", nil, "", []string{"other.toml", "./lint.toml"},
			`{depends: {lint.toml: ` + ofNothing + `, other.toml: ` + ofX + `}}`},
		{"all together", []string{"a=1"}, "settings.yaml", []string{"lint.toml"},
			`{a: 1, depends: {lint.toml: ` + ofNothing + `}, quality: 80, resize: {width: 640}}`},
	}
	for _, test := range tests {
		s, err := ReadConfig(test.pairs, test.file, test.depends)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		c, err := s.Config.WithDependencies(here(t), "", s.Depends)
		if got := c.String(); err != nil || got != test.want {
			t.Errorf("%s:\n got %s, error %v\nwant %s", test.name, got, err, test.want)
		}
	}
}

func TestReadConfigRefuses(t *testing.T) {
	write(t, map[string]string{
		"list.yaml":    "- a\n",
		"text.yaml":    "a\n",
		"broken.yaml":  "a: [\n",
		"two.yaml":     "a: 1\n---\nb: 2\n",
		"twice.yaml":   "a: 1\na: 2\n",
		"depends.yaml": "depends: none\n",
		"lint.toml":    "",
	})
	tests := []struct {
		name    string
		pairs   []string
		file    string
		depends []string
		blames  string
	}{
		{"a list", nil, "list.yaml", nil, "list.yaml"},
		{"a text", nil, "text.yaml", nil, "text.yaml"},
		{"not YAML", nil, "broken.yaml", nil, "broken.yaml"},
		{"two documents", nil, "two.yaml", nil, "two.yaml"},
		{"a key twice", nil, "twice.yaml", nil, "twice.yaml"},
		{"a missing file", nil, "nowhere.yaml", nil, "nowhere.yaml"},
		{"a directory", nil, ".", nil, "."},
		{"no equals sign", []string{"quality"}, "", nil, "config quality"},
		{"no key", []string{"=90"}, "", nil, "config =90"},
		{"an empty pair", []string{""}, "", nil, "config"},
		{"a value that is not YAML", []string{"a=[1"}, "", nil, "config a=[1"},
		{"a key that is not UTF-8", []string{"\xff=1"}, "", nil, "config"},
		{"a missing dependency", nil, "", []string{"nowhere.toml"}, "nowhere.toml"},
		{"a dependency that is a directory", nil, "", []string{"."}, "."},
		{"a setting in the way of the dependencies", nil, "depends.yaml", []string{"lint.toml"}, "depends"},
	}
	for _, test := range tests {
		c, err := ReadConfig(test.pairs, test.file, test.depends)
		if err == nil || !strings.Contains(err.Error(), test.blames) {
			t.Errorf("%s: %s, error %v", test.name, c.Config, err)
		}
	}
}

// A file that decides the outcome is known by its content alone.
func TestDependsIsItsContent(t *testing.T) {
	write(t, map[string]string{"lint.toml": "a"})
	hash := func() string {
		s, err := ReadConfig(nil, "", []string{"lint.toml"})
		if err != nil {
			t.Fatal(err)
		}
		c, err := s.Config.WithDependencies(here(t), "", s.Depends)
		if err != nil {
			t.Fatal(err)
		}
		return c.Hash()
	}
	before := hash()
	if err := os.WriteFile("lint.toml", []byte("b"), 0o666); err != nil {
		t.Fatal(err)
	}
	if hash() == before {
		t.Error("other content, same config")
	}
	if err := os.WriteFile("lint.toml", []byte("a"), 0o666); err != nil {
		t.Fatal(err)
	}
	if hash() != before {
		t.Error("same content, other config")
	}
}

// One file is one dependency, however it is spelled.
func TestDependsSpellings(t *testing.T) {
	write(t, map[string]string{"lint.toml": "a"})
	if err := os.Mkdir("sub", 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(".", "linked"); err != nil {
		if runtime.GOOS == "windows" {
			t.Skip("links need a privilege: ", err)
		}
		t.Fatal(err)
	}
	want := here(t) + "/lint.toml"
	spellings := []string{"lint.toml", "./lint.toml", "sub/../lint.toml", "linked/lint.toml", "linked//linked/lint.toml", filepath.FromSlash(want)}
	for _, name := range spellings {
		s, err := ReadConfig(nil, "", []string{name})
		if err != nil || len(s.Depends) != 1 || s.Depends[0].Path != want {
			t.Errorf("%s: %v, error %v, want %s", name, s.Depends, err, want)
		}
	}
	if s, err := ReadConfig(nil, "", spellings); err != nil || len(s.Depends) != 1 {
		t.Errorf("together they are %d dependencies, error %v", len(s.Depends), err)
	}
}

// What is read is what was there at the mtime that is noted.
func TestConfigFileModifiedWhileRead(t *testing.T) {
	write(t, map[string]string{"lint.toml": "a"})
	old := time.Unix(1_700_000_000, 12300)
	if err := os.Chtimes("lint.toml", time.Time{}, old); err != nil {
		t.Fatal(err)
	}
	var s Settings
	err := s.read("lint.toml", func(r io.Reader) error {
		_, err := io.ReadAll(r)
		return err
	})
	if err != nil || len(s.Files) != 1 || s.Files[0].Name != "lint.toml" || s.Files[0].mtime != state.TimeOf(old) || asRead(s.Files) != nil {
		t.Errorf("read undisturbed: %v, error %v", s.Files, err)
	}
	if err := os.WriteFile("lint.toml", []byte("b"), 0o666); err != nil {
		t.Fatal(err)
	}
	if asRead(s.Files) == nil {
		t.Error("written since, and taken for what was read")
	}
	if err := errors.Join(os.WriteFile("other.toml", []byte("a"), 0o666), os.Chtimes("other.toml", time.Time{}, old), os.Rename("other.toml", "lint.toml")); err != nil {
		t.Fatal(err)
	}
	if asRead(s.Files) == nil {
		t.Error("replaced since, and taken for what was read")
	}
	s = Settings{}
	err = s.read("lint.toml", func(r io.Reader) error { return os.WriteFile("lint.toml", []byte("b"), 0o666) })
	if err == nil || !strings.Contains(err.Error(), "lint.toml: modified while it was read") || len(s.Files) > 0 {
		t.Errorf("written while it was read: %v, error %v", s.Files, err)
	}
}

// The mtime of a file is held against the moment of a tree only where one clock has
// set both.
func TestConfigFilesOnTheClockOfATree(t *testing.T) {
	write(t, map[string]string{"lint.toml": ""})
	const foreign = "/sys/kernel/notes"
	if _, err := os.Stat(foreign); err != nil {
		if os.Getenv("CI") != "" && runtime.GOOS == "linux" {
			t.Fatal(err)
		}
		t.Skip("no file on a file system with another clock: ", err)
	}
	tree, err := state.OpenTree(here(t), state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := filesOnClockOf(tree, []ConfigFile{{Name: foreign}, {Name: "lint.toml"}}); len(got) != 1 || got[0].Name != "lint.toml" {
		t.Errorf("got %v", got)
	}
}
