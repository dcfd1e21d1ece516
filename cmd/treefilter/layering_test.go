package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// layers is who may import what, besides the standard library: a package only
// what stands below it, and each library from one package. Tests and the
// programs under scripts are free. Who adds a line here has a reason.
var layers = map[string][]string{
	"cmd/treefilter": {
		"treefilter/filter",
		"treefilter/walk",       // delimiters and patterns, as flags; an error about the former
		"treefilter/store/rule", // the values of --detect, and the reasons that explain words
		"github.com/alecthomas/kong",
		"github.com/schollz/progressbar/v3",
		"golang.org/x/term",
		"golang.org/x/sys/unix",    // streams_unix.go, stop_linux.go: what package syscall lacks
		"golang.org/x/sys/windows", // pipe_windows.go: the errors of a closed pipe
	},
	"filter": {
		"treefilter/walk",
		"treefilter/store/rule",
		"treefilter/store/state",
		"treefilter/store/treestamps",
		"golang.org/x/sys/unix",    // command_unix.go: the names of signals
		"golang.org/x/sys/windows", // command_windows.go: process groups
	},
	"walk": {
		"github.com/bmatcuk/doublestar/v4",
		"github.com/karrick/godirwalk",
		"golang.org/x/sys/unix",
		"golang.org/x/sys/windows",
	},
	"store/treestamps": {
		"treefilter/store/state",
		"treefilter/store/internal/disk",
		"treefilter/store/internal/format",
		"gopkg.in/yaml.v3",
	},
	"store": {
		"treefilter/store/rule",
		"treefilter/store/state",
	},
	"store/rule": {
		"treefilter/store/internal/format",
	},
	"store/state": {
		"treefilter/store/internal/disk",
		"treefilter/store/internal/format",
		"treefilter/store/internal/memtable",
		"treefilter/store/internal/segment",
		"treefilter/store/internal/snapshot",
		"treefilter/store/internal/wal",
		"treefilter/store/internal/words",
	},
	"store/internal/segment": {
		"treefilter/store/internal/disk",
		"treefilter/store/internal/format",
		"treefilter/store/internal/memtable",
		"treefilter/store/internal/wal",
		"treefilter/store/internal/words",
	},
	"store/internal/wal": {
		"treefilter/store/internal/disk",
		"treefilter/store/internal/format",
		"treefilter/store/internal/memtable",
		"treefilter/store/internal/snapshot", // what a dump has folded into it
		"treefilter/store/internal/words",
		"gopkg.in/yaml.v3",
	},
	"store/internal/words": {
		"treefilter/store/internal/disk",
		"treefilter/store/internal/format",
		"treefilter/store/internal/memtable",
		"treefilter/store/internal/snapshot",
	},
	"store/internal/snapshot": {
		"treefilter/store/internal/disk",
		"treefilter/store/internal/format",
		"treefilter/store/internal/memtable",
		"gopkg.in/yaml.v3",
	},
	"store/internal/memtable": {
		"treefilter/store/internal/format",
	},
	"store/internal/disk": {
		"treefilter/store/internal/format",
		"golang.org/x/sys/unix",
		"golang.org/x/sys/windows",
	},
	"store/internal/format": {
		"gopkg.in/yaml.v3",
	},
	"store/internal/format/formattest": {
		"treefilter/store/internal/format",
	},
}

// TestLayering reads the files of every platform, whichever this one is.
func TestLayering(t *testing.T) {
	source := os.DirFS(module(t))
	met := map[string]bool{}
	err := fs.WalkDir(source, ".", func(file string, d fs.DirEntry, err error) error {
		dir := path.Dir(file)
		switch {
		case err != nil:
			return err
		case d.IsDir() && (file == "scripts" || len(file) > 1 && file[0] == '.'):
			return fs.SkipDir
		case d.IsDir(), !strings.HasSuffix(file, ".go"), strings.HasSuffix(file, "_test.go"):
			return nil
		}
		allowed, known := layers[dir]
		if !known {
			t.Errorf("%s: this package has no layer", file)
		}
		for _, imported := range imports(t, source, file) {
			if !slices.Contains(allowed, imported) {
				t.Errorf("%s may not import %s", file, imported)
			}
		}
		met[dir] = true
		return nil
	})
	if err != nil || len(met) != len(layers) {
		t.Errorf("%d packages of %d (%v)", len(met), len(layers), err)
	}
}

// imports returns what a file imports from outside the standard library.
func imports(t *testing.T, source fs.FS, file string) (paths []string) {
	t.Helper()
	text, err := fs.ReadFile(source, file)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), file, text, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	for _, spec := range parsed.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		if first, _, _ := strings.Cut(imported, "/"); first == "treefilter" || strings.Contains(first, ".") {
			paths = append(paths, imported)
		}
	}
	return paths
}
