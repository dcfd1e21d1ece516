package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// rows are what is measured on each tree.
var rows = []struct {
	name    string
	measure func(*bench, tree) error
}{
	{"no-change", (*bench).measureNoChange},
	{"one-path", (*bench).measureOnePath},
	{"narrow", (*bench).measureNarrow},
	{"commit", (*bench).measureCommit},
	{"filter-wal", (*bench).measureFilterWAL},
	{"dump-new", (*bench).measureDumpNew},
	{"dump-all", (*bench).measureDumpAll},
	{"sync", (*bench).measureSync},
	{"sync-busy", (*bench).measureSyncBusy},
}

func rowNames() []string {
	var names []string
	for _, row := range rows {
		names = append(names, row.name)
	}
	return names
}

// The commands under test.

func (b *bench) filter(root string) command {
	return command{name: "treefilter", args: []string{b.tools.treefilter, root}}
}

func (b *bench) commit(root, list string) command {
	return command{name: "treefilter commit", args: []string{b.tools.treefilter, "commit", "--dump", "never", root}, stdin: list}
}

func (b *bench) dump(root string) command {
	return command{name: "treefilter dump", args: []string{b.tools.treefilter, "dump", root}}
}

func (b *bench) floor(root string) command {
	return command{name: "floor", args: []string{b.tools.floor, root}}
}

// seekers are all that can name changed files, NUL-delimited.
func (b *bench) seekers(t tree, ref reference) []command {
	cs := []command{b.filter(t.root)}
	if b.tools.git != "" {
		cs = append(cs, b.gitCommand(t, "diff-files", "--name-only", "-z"))
	}
	for _, peer := range []struct{ name, path string }{{"bfs", b.tools.bfs}, {"find", b.tools.find}} {
		if peer.path != "" {
			args := []string{peer.path, t.root, "-type", "f", "-newer", ref.file, "-print0"}
			cs = append(cs, command{name: peer.name + " -newer", args: args})
		}
	}
	if b.tools.fd != "" {
		args := []string{b.tools.fd, "-u", "-0", "-t", "f", "--changed-after", ref.time.UTC().Format(time.RFC3339), ".", t.root}
		cs = append(cs, command{name: "fd --changed-after", args: args})
	}
	return cs
}

// noChange are the contenders of the run in which nothing has changed.
func (b *bench) noChange(t tree, ref reference) []contender {
	cs := []contender{{command: b.floor(t.root), want: count(t.files + 1)}} // and the snapshot
	for _, c := range b.seekers(t, ref) {
		cs = append(cs, contender{command: c})
	}
	if b.tools.git != "" {
		status := b.gitCommand(t, "status", "--porcelain")
		cs = append(cs, contender{command: status}, contender{command: withCache(t, status)})
	}
	return cs
}

func (b *bench) measureNoChange(t tree) error {
	ref, err := b.newReference()
	if err != nil {
		return err
	}
	return b.measure("no-change", t, b.noChange(t, ref))
}

// measureOnePath asks for one file of a large tree.
func (b *bench) measureOnePath(t tree) error {
	paths, err := readPaths(t.list())
	if err != nil {
		return err
	}
	list := t.list() + ".one"
	if err := writePaths(list, paths[len(paths)/2:][:1]); err != nil {
		return err
	}
	return b.measure("one-path", t, []contender{
		{command: command{name: "with ROOT", args: []string{b.tools.treefilter, "--stdin", t.root}, stdin: list}},
		{command: command{name: "without ROOT", args: []string{b.tools.treefilter}, stdin: list}},
	})
}

// measureNarrow runs on one directory of 1,000 files inside the tree, and on
// a tree of its own that is as large as the directory.
func (b *bench) measureNarrow(t tree) error {
	if t.shape != "flat" {
		return nil
	}
	alone, err := b.makeTree("single", 1000)
	if err != nil {
		return err
	}
	if err := forget(alone); err != nil {
		return err
	}
	for _, c := range []command{b.commit(alone.root, alone.list()), b.dump(alone.root)} {
		if _, err := b.mustPrint(c, ""); err != nil {
			return err
		}
	}
	dir := filepath.Join(t.root, fmt.Sprintf("d%04d", t.files/1000/2))
	floor, inside, own := b.floor(dir), b.filter(dir), b.filter(alone.root)
	inside.name, own.name = "directory of the tree", "tree of its own"
	return b.measure("narrow", t, []contender{{command: floor, want: count(1000)}, {command: inside}, {command: own}})
}

// measureCommit stamps every path, from nothing, beside a plain lstat.
func (b *bench) measureCommit(t tree) error {
	lstat := command{name: "sequential lstat", args: []string{b.tools.floor, "--lstat"}, stdin: t.list()}
	fresh := func() error {
		if err := forget(t); err != nil {
			return err
		}
		return syncAll()
	}
	err := b.measure("commit", t, []contender{
		{command: lstat, want: count(t.files), before: fresh},
		{command: b.commit(t.root, t.list()), before: fresh},
	})
	if err != nil {
		return err
	}
	return inSnapshot.restore(t)
}

// measureFilterWAL filters with all stamps in the snapshot, then with all of
// them in the WAL.
func (b *bench) measureFilterWAL(t tree) error {
	snapshot, wal := b.filter(t.root), b.filter(t.root)
	snapshot.name, wal.name = "stamps in the snapshot", "stamps in the WAL"
	err := b.measure("filter-wal", t, []contender{
		{command: b.floor(t.root), want: count(t.files + 1)},
		{command: snapshot, before: func() error { return inSnapshot.restore(t) }},
		{command: wal, before: func() error { return inWAL.restore(t) }},
	})
	if err != nil {
		return err
	}
	return inSnapshot.restore(t)
}

// measureDumpNew folds 1,000 new stamps into a snapshot of the whole tree.
func (b *bench) measureDumpNew(t tree) error {
	files, err := t.touch(min(1000, t.files))
	if err != nil {
		return err
	}
	list := t.list() + ".new"
	if err := writePaths(list, files.paths); err != nil {
		return err
	}
	err = b.measure("dump-new", t, []contender{{command: b.dump(t.root), before: func() error {
		if err := inSnapshot.restore(t); err != nil {
			return err
		}
		if _, err := b.mustPrint(b.commit(t.root, list), ""); err != nil {
			return err
		}
		return syncAll()
	}}})
	if err != nil {
		return err
	}
	if err := files.restore(); err != nil {
		return err
	}
	return inSnapshot.restore(t)
}

// measureDumpAll makes the snapshot from nothing but a WAL.
func (b *bench) measureDumpAll(t tree) error {
	walked, shuffled := b.dump(t.root), b.dump(t.root)
	walked.name, shuffled.name = "WAL in walk order", "WAL in no order"
	err := b.measure("dump-all", t, []contender{
		{command: walked, before: func() error { return inWAL.restore(t) }},
		{command: shuffled, before: func() error { return shuffledWAL.restore(t) }},
	})
	if err != nil {
		return err
	}
	return sameSnapshot(t)
}

// sameSnapshot: whatever the order of the WAL, the snapshot is the same.
func sameSnapshot(t tree) error {
	kept, live := inSnapshot.file(t)
	one, err := os.ReadFile(kept)
	if err != nil {
		return err
	}
	two, err := os.ReadFile(live)
	if err != nil {
		return err
	}
	if string(one) != string(two) {
		return fmt.Errorf("a shuffled WAL made another snapshot")
	}
	return nil
}
