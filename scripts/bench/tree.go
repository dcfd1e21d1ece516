package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// tree is one tree to measure on.
type tree struct {
	shape string
	files int
	root  string
	work  string
	seed  uint64
}

func (t tree) name() string     { return t.shape + "-" + human(t.files) }
func (t tree) marker() string   { return t.root + ".made" }
func (t tree) list() string     { return filepath.Join(t.work, "lists", t.name()+".paths") }
func (t tree) shuffled() string { return filepath.Join(t.work, "lists", t.name()+".shuffled") }
func (t tree) gitDir() string   { return filepath.Join(t.work, "git", t.name()+".git") }

// made is what the marker of a complete tree says.
func (t tree) made() string {
	return fmt.Sprintf("mktree %s %d --seed %d\n", t.shape, t.files, t.seed)
}

// human writes a number of files as people say it.
func human(n int) string {
	for _, unit := range []struct {
		size int
		name string
	}{{1_000_000, "M"}, {1_000, "k"}} {
		if n >= unit.size && n%unit.size == 0 {
			return strconv.Itoa(n/unit.size) + unit.name
		}
	}
	return strconv.Itoa(n)
}

// makeTree makes a tree and its lists, or finds those of an earlier run.
// The marker is written last and taken away while mtimes are changed, so
// that a run which was interrupted leaves no tree that looks good.
func (b *bench) makeTree(shape string, n int) (tree, error) {
	t := tree{shape: shape, files: n, work: b.Work, seed: b.Seed}
	t.root = filepath.Join(b.Work, "trees", t.name())
	if said, err := os.ReadFile(t.marker()); err == nil && string(said) == t.made() {
		return t, nil
	}
	progress("%s: making the tree", t.name())
	for _, old := range []string{t.root, t.gitDir()} {
		if err := os.RemoveAll(old); err != nil {
			return t, err
		}
	}
	if err := b.prepare(b.tools.mktree, shape, strconv.Itoa(n), t.root, "--seed", strconv.FormatUint(b.Seed, 10)); err != nil {
		return t, err
	}
	if err := t.writeLists(); err != nil {
		return t, err
	}
	return t, t.mark()
}

func (t tree) mark() error { return os.WriteFile(t.marker(), []byte(t.made()), 0o644) }

// writeLists writes all paths in the order in which treefilter prints them
// (an implementation of its own, so that the check means something), and
// once more in no order at all.
func (t tree) writeLists() error {
	var paths []string
	if err := collect(t.root, &paths); err != nil {
		return err
	}
	if len(paths) != t.files {
		return fmt.Errorf("%s holds %d files, not %d", t.root, len(paths), t.files)
	}
	if err := writePaths(t.list(), paths); err != nil {
		return err
	}
	rnd := rand.New(rand.NewPCG(t.seed, 0))
	rnd.Shuffle(len(paths), func(i, j int) { paths[i], paths[j] = paths[j], paths[i] })
	return writePaths(t.shuffled(), paths)
}

// collect appends a directory's files by name, then those of its
// subdirectories by name.
func collect(dir string, paths *[]string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var subdirs []fs.DirEntry
	for _, e := range entries {
		if e.IsDir() {
			subdirs = append(subdirs, e)
		} else {
			*paths = append(*paths, dir+"/"+e.Name())
		}
	}
	for _, sub := range subdirs {
		if err := collect(dir+"/"+sub.Name(), paths); err != nil {
			return err
		}
	}
	return nil
}

// readPaths reads a NUL-delimited list.
func readPaths(file string) ([]string, error) {
	text, err := os.ReadFile(file)
	return splitPaths(text), err
}

func splitPaths(text []byte) []string {
	if len(text) == 0 {
		return nil
	}
	return strings.Split(string(bytes.TrimSuffix(text, []byte{0})), "\x00")
}

// writePaths writes a NUL-delimited list.
func writePaths(file string, paths []string) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	for _, path := range paths {
		// A bufio.Writer keeps its first error for Flush.
		_, _ = w.WriteString(path)
		_ = w.WriteByte(0)
	}
	if err := w.Flush(); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}
