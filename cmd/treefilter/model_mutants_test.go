//go:build linux

package main_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"treefilter/scripts/long"
)

// mutants are errors that the model must find: what each does, and a text that
// stands once in filter and store, with what it becomes. Most are the skips of
// once, by their numbers in skips.
var mutants = []struct{ name, old, new string }{
	{"1: a stamp of the future counts for older files",
		"Exact: f.future(),",
		"Exact: false,"},
	{"2, 4: the tree around a nested one is asked in its place",
		"d.Rel != \"\" && d.Part == 0 && p.grove.IsTree(dir, d.Marks)",
		"d.Rel == \"?\""},
	{"3, 7: stamps count whatever config they were made under",
		"return t.opt.AnyConfig || t.same(under)",
		"return t.opt.AnyConfig || under != nil"},
	{"3: a stamp of another config does not hide the one before it",
		"r.hit, r.unfit = nil, nil\n\tif it := r.word(name); it != nil {",
		"r.hit, r.unfit = nil, nil\n\tif it := r.word(name); it != nil && (it.Kind != memtable.WordSet || r.tree.counts(it.Under)) {"},
	{"5, 8: a WAL that cannot be read counts as missing alone",
		"case st.walErr != nil:\n\t\treturn true",
		"case st.walErr != nil:\n\t\treturn false"},
	{"6: a failure leaves the stamp that another run has made",
		"err := f.destination.fail(f.rel, failure)",
		"err := error(nil)"},
	{"8: a record that is missing is not missed",
		"vouched == have {\n\t\tw.early",
		"vouched.Sets >= 0 {\n\t\tw.early"},
	{"9: a drop is not synced before the command starts",
		"err = t.Sync()",
		"err = nil"},
	{"14: a stamp does not wait for its work",
		"done <- b.sync()",
		"done <- nil"},
	{"15: a drop takes away nothing",
		"w.said.Take(r.Path, memtable.WordOf(r.Kind))",
		"_ = memtable.WordOf(r.Kind)"},
	{"16: settings that were edited meanwhile pass",
		"since.given {\n\t\tif err := olderThan",
		"since.given && false {\n\t\tif err := olderThan"},
	{"17: an import stamps what was dropped",
		"case reason == rule.Unstamped && !at.closed",
		"case reason.NeedsWork() && !at.closed"},
	{"21: the target of a link is not looked at",
		"(d == DetectNewer || e.Target == e.Stamp.Target)",
		"d >= 0"},
	{"discard keeps what the WAL says",
		"d.st.wal.Said = d.st.wal.Said.As(",
		"d.st.wal.Said.As("},
	{"a dump by itself drops the stamps of other configs",
		"\tif opt.NewestOnly {",
		"\tif true {"},
}

// TestModelMutants lets the model find each mutant, in the histories that were skips
// once or in random ones.
func TestModelMutants(t *testing.T) {
	files := sources(t, "filter", "store")
	// Also in the short form, so that what changes the program changes its mutants.
	mutated := make([]map[string]string, len(mutants))
	for i, m := range mutants {
		mutated[i] = mutate(t, files, m.old, m.new)
	}
	long.Only(t, long.Check)
	sane := build(t, nil)
	for i, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			binary := build(t, mutated[i])
			how := find(sane, binary)
			if how == "" {
				t.Fatalf("not found:\n- %s\n+ %s", m.old, m.new)
			}
			t.Logf("- %s\n+ %s\nfound by %s", m.old, m.new, how)
		})
	}
}

// sources returns the files of the program below some of its directories.
func sources(t *testing.T, dirs ...string) (files []string) {
	t.Helper()
	for _, dir := range dirs {
		err := filepath.WalkDir(filepath.Join("..", "..", dir), func(path string, _ fs.DirEntry, err error) error {
			if strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
				files = append(files, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// mutate returns the one file that has a text, by its path, with another text in
// its place.
func mutate(t *testing.T, files []string, old, new string) map[string]string {
	t.Helper()
	mutated := map[string]string{}
	n := 0
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		path, err := filepath.Abs(file)
		if err != nil {
			t.Fatal(err)
		}
		if found := strings.Count(string(content), old); found > 0 {
			n += found
			mutated[path] = strings.Replace(string(content), old, new, 1)
		}
	}
	if n != 1 {
		t.Errorf("stands %d times, want once:\n%s", n, old)
	}
	return mutated
}

// find looks for a history that a mutant fails and the program as it is does not.
func find(sane, mutant string) (how string) {
	fails := func(ops []op) *failure {
		f := play(mutant, ops)
		if f != nil && play(sane, ops) != nil {
			return nil
		}
		return f
	}
	for _, s := range skips {
		if f := fails(parse(s.ops)); f != nil {
			return s.name + ": " + f.fault.Error()
		}
	}
	var found atomic.Pointer[failure]
	var next atomic.Int64
	var workers sync.WaitGroup
	for range 2 * runtime.NumCPU() {
		workers.Go(func() {
			for found.Load() == nil {
				n := int(next.Add(1)) - 1
				if n == 5000 {
					return
				}
				if f := fails(generate(n)); f != nil {
					found.CompareAndSwap(nil, f)
				}
			}
		})
	}
	workers.Wait()
	f := found.Load()
	if f == nil {
		return ""
	}
	f = shrink(f, fails)
	return fmt.Sprintf("history %d: %v\n%s", next.Load(), f.fault, text(f.ops))
}

// overlay is the file that makes go build read other contents for some files.
func overlay(t *testing.T, replaced map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	paths := map[string]string{}
	for path, content := range replaced {
		paths[path] = filepath.Join(dir, filepath.Base(path))
		if err := os.WriteFile(paths[path], []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	text, err := json.Marshal(map[string]any{"Replace": paths})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(file, text, 0o666); err != nil {
		t.Fatal(err)
	}
	return file
}
