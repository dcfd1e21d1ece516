//go:build linux

package main_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// mutants are errors that the model must find: what each does, and a text that
// stands once in a file of the program, with what it becomes. Most are the skips of
// once, by their numbers in skips.
var mutants = []struct{ name, file, old, new string }{
	{"1: a stamp of the future counts for older files", "filter/sight.go",
		"Exact: s.target.future(s),",
		"Exact: false,"},
	{"2, 4: the tree around a nested one is asked in its place", "filter/filter.go",
		"if d.Rel != \"\" && d.Part == 0 && r.grove.IsTree(real, d.Marks) {",
		"if d.Rel == \"?\" {"},
	{"3, 7: stamps count whatever config they were made under", "store/reader.go",
		"return t.opt.AnyConfig || hash == t.hash",
		"return t.opt.AnyConfig || hash != \"\""},
	{"3: a stamp of another config does not hide the one before it", "store/reader.go",
		"r.hit = nil\n\tif it := r.word(name); it != nil {",
		"r.hit = nil\n\tif it := r.word(name); it != nil && (it.kind != wordSet || r.tree.counts(it.under.hash)) {"},
	{"5, 8: a WAL that cannot be read counts as missing alone", "store/load.go",
		"case st.walErr != nil:\n\t\treturn true",
		"case st.walErr != nil:\n\t\treturn false"},
	{"6: a failure leaves the stamp that somebody else has made", "filter/turn.go",
		"if err == nil && (standing == store.Stamped || standing == store.OtherConfig) {",
		"if err == nil && standing == store.Unknown {"},
	{"8: a record that is missing is not missed", "store/wal.go",
		"told == have {\n\t\tw.early",
		"told.sets >= 0 {\n\t\tw.early"},
	{"9: a drop is not synced before the command starts", "filter/turn.go",
		"err = t.Sync()",
		"err = nil"},
	{"14: a stamp does not wait for its work", "filter/backing.go",
		"done <- b.sync()",
		"done <- nil"},
	{"15: a drop takes away nothing", "store/wal.go",
		"w.said.take(r.path, wordOf(r.kind))",
		"_ = wordOf(r.kind)"},
	{"16: settings that were edited meanwhile pass", "filter/commit.go",
		"if r.since.given {\n\t\tif err := olderThan",
		"if false {\n\t\tif err := olderThan"},
	{"17: an import stamps what was dropped", "filter/import_run.go",
		"case standing != store.Unknown, at.other",
		"case standing == store.Stamped, at.other"},
	{"21: the target of a link is not looked at", "filter/judge.go",
		"(d == DetectNewer || e.Target == e.Stamp.Target)",
		"d >= 0"},
	{"discard keeps what the WAL says", "store/dump.go",
		"for _, r := range d.st.wal.said.dirs {",
		"for _, r := range newOverlay().dirs {"},
	{"a dump by itself drops the stamps of other configs", "store/dump.go",
		"\tif opt.NewestOnly {",
		"\tif true {"},
}

// TestModelMutants lets the model find each mutant, in the histories that were skips
// once or in random ones:
//
//	MODEL_MUTANTS=1 go test -timeout 1h -run TestModelMutants ./cmd/treefilter
func TestModelMutants(t *testing.T) {
	if os.Getenv("MODEL_MUTANTS") == "" {
		t.Skip("MODEL_MUTANTS is not set")
	}
	sane := build(t, nil)
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			path, err := filepath.Abs(filepath.Join("..", "..", m.file))
			if err != nil {
				t.Fatal(err)
			}
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(string(content), m.old); n != 1 {
				t.Fatalf("stands %d times in %s, want once:\n%s", n, m.file, m.old)
			}
			binary := build(t, map[string]string{path: strings.Replace(string(content), m.old, m.new, 1)})
			how := find(sane, binary)
			if how == "" {
				t.Fatalf("not found:\n- %s\n+ %s", m.old, m.new)
			}
			t.Logf("- %s\n+ %s\nfound by %s", m.old, m.new, how)
		})
	}
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
