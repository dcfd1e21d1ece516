package main

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// A plan is a tree of a run. mktree makes those that have arguments of it; the others
// are copies.
type plan struct {
	name  string
	files int
	args  []string
}

// plans are all of them, small ones first.
var plans = []plan{
	{"flat-10k", 10_000, []string{"flat"}},
	{"deep-10k", 10_000, []string{"deep"}},
	{name: "go"},
	single,
	{"few", 5000, []string{"flat"}},
	{"slow", 20_000, []string{"deep"}},
	{name: "real"},
	{"many", 300_000, []string{"deep", "--per-dir", "4"}},
	{"flat", 1_000_000, []string{"flat"}},
	{"deep", 1_000_000, []string{"deep"}},
	{"huge", 4_000_000, []string{"deep", "--per-dir", "8"}},
}

// single is also as large as a directory of flat.
var single = plan{"single", 1000, []string{"single"}}

func treeNames() []string {
	var names []string
	for _, p := range plans {
		names = append(names, p.name)
	}
	return names
}

// yours is the name of the tree that --tree names.
const yours = "yours"

// tree is one tree to measure on.
type tree struct {
	name  string
	root  string
	work  string
	seed  uint64
	flags []string // where treefilter is to keep its state, when not in the tree
	extent
}

// extent is how large a tree is.
type extent struct {
	files, dirs, links int
	others             int // state files of others, which no treefilter passes on
	longest            int // path, in bytes below the root
}

func (t tree) marker() string   { return t.root + ".made" }
func (t tree) list() string     { return filepath.Join(t.work, "lists", t.name+".paths") }
func (t tree) shuffled() string { return filepath.Join(t.work, "lists", t.name+".shuffled") }
func (t tree) names() string    { return filepath.Join(t.work, "lists", t.name+".names") }
func (t tree) gitDir() string   { return filepath.Join(t.work, "git", t.name+".git") }

// quickScale is what --quick divides the large trees by.
const quickScale = 10

// makeTree makes a tree, or finds that of an earlier run, and writes its lists.
// The marker is written last and taken away while anything in the tree is changed,
// so that a run which was interrupted leaves no tree that looks good.
func (b *bench) makeTree(p plan) (tree, error) {
	if b.Quick && p.files > 10_000 {
		p.files /= quickScale
	}
	t := tree{name: p.name, root: filepath.Join(b.Work, "trees", p.name), work: b.Work, seed: b.Seed}
	made := fmt.Sprintf("%s: mktree %q %d --seed %d\n", p.name, p.args, p.files, b.Seed)
	if p.args == nil {
		made = fmt.Sprintf("%s: copy of %q\n", p.name, b.sources(p.name))
	}
	if said, err := os.ReadFile(t.marker()); err != nil || string(said) != made {
		progress("%s: making the tree", t.name)
		for _, old := range []string{t.root, t.gitDir()} {
			if err := os.RemoveAll(old); err != nil {
				return t, err
			}
		}
		if err := b.fillTree(t, p); err != nil {
			return t, err
		}
		if err := os.WriteFile(t.marker(), []byte(made), 0o644); err != nil {
			return t, err
		}
	}
	if err := forgetAll(t); err != nil {
		return t, err
	}
	return t, b.writeLists(&t)
}

func (b *bench) fillTree(t tree, p plan) error {
	if p.args == nil {
		return copyNames(b.sources(p.name), t.root)
	}
	args := []string{b.tools.mktree, p.args[0], strconv.Itoa(p.files), t.root, "--seed", strconv.FormatUint(b.Seed, 10)}
	return b.prepare(append(args, p.args[1:]...)...)
}

// writeLists writes all paths in the order in which treefilter prints them (by an
// implementation of its own, so that the check means something), once more in no order
// at all, and the names for the floor. It measures the tree.
func (b *bench) writeLists(t *tree) error {
	var paths []string
	t.extent = extent{}
	if err := t.collect(t.root, &paths); err != nil {
		return err
	}
	if err := writePaths(t.list(), paths); err != nil {
		return err
	}
	rnd := rand.New(rand.NewPCG(t.seed, 0))
	rnd.Shuffle(len(paths), func(i, j int) { paths[i], paths[j] = paths[j], paths[i] })
	if err := writePaths(t.shuffled(), paths); err != nil {
		return err
	}
	names, _, err := b.execute(command{args: []string{b.tools.floor, "--names", t.root}})
	if err != nil {
		return err
	}
	return os.WriteFile(t.names(), names, 0o644)
}

// stateName is what treefilter calls its files.
var stateName = regexp.MustCompile(`^\..+_treestamps(\.wal(\..+)?)?\.yaml(\.tmp|\.broken)?$`)

// collect appends a directory's files by name, then those of its
// subdirectories by name.
func (t *tree) collect(dir string, paths *[]string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var subdirs []fs.DirEntry
	t.dirs++
	for _, e := range entries {
		path := strings.TrimSuffix(dir, "/") + "/" + e.Name()
		t.longest = max(t.longest, len(path)-len(t.root)-1)
		switch {
		case e.IsDir():
			subdirs = append(subdirs, e)
		case e.Type()&fs.ModeSymlink != 0:
			t.links++
		case !e.Type().IsRegular():
		case stateName.MatchString(e.Name()):
			t.others++
		default:
			t.files++
			*paths = append(*paths, path)
		}
	}
	for _, sub := range subdirs {
		if err := t.collect(strings.TrimSuffix(dir, "/")+"/"+sub.Name(), paths); err != nil {
			return err
		}
	}
	return nil
}
