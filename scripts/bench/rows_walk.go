package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// noChange are the contenders of the run in which nothing has changed.
func (b *bench) noChange(t tree, ref reference) []contender {
	cs := []contender{{command: b.floor(t.root), want: count(t.files + stateCount(t))}, b.knownBy(t, 2)}
	for _, s := range b.states(t) {
		cs = append(cs, contender{command: s.filter()})
	}
	unlisted := b.own(t, "")
	unlisted.name = noListings
	cs = append(cs, contender{command: unlisted.filter("--no-listings")})
	for _, c := range b.seekers(t, ref)[1:] {
		cs = append(cs, contender{command: c})
	}
	if b.gitTakesPart(t) {
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
	row := "no-change"
	if t.name != yours && t.files < startFiles {
		row = "start"
	}
	return b.measure(row, t, b.noChange(t, ref))
}

// startFiles is the number of files below which a run is mostly its start.
const startFiles = 20_000

const (
	noneChanged = "no directory changed"
	someChanged = "1 % of the directories changed"
)

// measureChanged filters after names in one directory of a hundred have changed since
// the dump, beside the same after none has.
func (b *bench) measureChanged(t tree) (err error) {
	changes, err := t.changes()
	if err != nil {
		return err
	}
	mark, err := t.unmark()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.WriteFile(t.marker(), mark, 0o644)) }()
	s := b.own(t, "")
	changed := false
	without := func() error {
		if changed {
			if err := undo(changes); err != nil {
				return err
			}
			changed = false
		}
		time.Sleep(tick) // else a dump does not believe what it reads
		_, err := b.mustPrint(s.dump(), "")
		return errors.Join(err, syncAll())
	}
	with := func() error {
		changed = true
		return errors.Join(apply(changes), syncAll())
	}
	none, some := s.filter(), s.filter()
	none.name, some.name = noneChanged, someChanged
	want, err := b.wantChanged(s, changes, with)
	if err != nil {
		return err
	}
	err = b.measure("changed", t, []contender{
		{command: none, before: without},
		{command: some, before: with, want: want},
	})
	return errors.Join(err, without())
}

// wantChanged is what must be printed once names have changed, learned with
// --no-listings. It leaves them changed.
func (b *bench) wantChanged(s stateOf, changes []renaming, with func() error) (string, error) {
	if err := with(); err != nil {
		return "", err
	}
	out, _, err := b.execute(s.filter("--no-listings"))
	if err != nil {
		return "", err
	}
	var want []string
	for _, c := range changes {
		if c.to != "" {
			want = append(want, c.to)
		}
	}
	if got := sortedPaths(out); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
		return "", fmt.Errorf("%d paths are printed that are not the %d new names", len(got), len(want))
	}
	return string(out), nil
}

const dropCaches = "/proc/sys/vm/drop_caches"

// measureCold filters when the kernel remembers nothing of the disk.
func (b *bench) measureCold(t tree) error {
	if f, err := os.OpenFile(dropCaches, os.O_WRONLY, 0); err != nil {
		b.note("%s: the cold cache is left out: %v", t.name, err)
		return nil
	} else if err := f.Close(); err != nil {
		return err
	}
	cs := []contender{b.knownBy(t, 16), {command: b.filter(t)}}
	if b.tools.fd != "" {
		ref, err := b.newReference()
		if err != nil {
			return err
		}
		seekers := b.seekers(t, ref)
		fd := seekers[len(seekers)-1]
		fd.name, fd.args = "fd -j16", append(append([]string{}, fd.args...), "-j16")
		cs = append(cs, contender{command: fd})
	}
	for i, c := range cs {
		cs[i].before = func() error { return chill(c.command) }
	}
	return b.measure("cold", t, cs)
}

// chill empties the kernel's caches. The program and the names that it is given are
// read again: they are not what is measured.
func chill(c command) error {
	if err := syncAll(); err != nil {
		return err
	}
	if err := os.WriteFile(dropCaches, []byte("3"), 0o200); err != nil {
		return err
	}
	// Whatever comes of it: it loads the program and its libraries.
	_ = exec.Command(c.args[0], "--version").Run()
	if c.stdin == "" {
		return nil
	}
	_, err := os.ReadFile(c.stdin)
	return err
}

// measureStdin reads the paths that find prints, in its order, beside a walk.
func (b *bench) measureStdin(t tree) error {
	list := t.list()
	if b.tools.find != "" {
		out, _, err := b.execute(command{args: []string{b.tools.find, t.root, "-type", "f", "!", "-name", ".*_treestamps*", "-print0"}})
		if err != nil {
			return err
		}
		list = filepath.Join(b.Work, "lists", t.name+".found")
		defer os.Remove(list)
		if err := os.WriteFile(list, out, 0o644); err != nil {
			return err
		}
	}
	walk, with := b.filter(t), b.own(t, "").filter("--stdin")
	without := b.own(t, "").command("")
	walk.name, with.name, without.name = "walk", "with ROOT", "without ROOT"
	with.stdin, without.stdin = list, list
	return b.measure("stdin", t, []contender{{command: walk}, {command: with}, {command: without}})
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
	with, without := b.own(t, "").filter("--stdin"), b.own(t, "").command("")
	with.name, without.name = "with ROOT", "without ROOT"
	with.stdin, without.stdin = list, list
	return b.measure("one-path", t, []contender{{command: with}, {command: without}})
}

// measureNarrow runs on one directory of 1,000 files inside the tree, and on
// a tree of its own that is as large as the directory.
func (b *bench) measureNarrow(t tree) error {
	alone, err := b.makeTree(single)
	if err != nil {
		return err
	}
	own := b.own(alone, "")
	for _, c := range []command{own.commit(alone.list()), own.dump()} {
		if _, err := b.mustPrint(c, ""); err != nil {
			return err
		}
	}
	inside := b.own(t, "")
	inside.tree.root = filepath.Join(t.root, fmt.Sprintf("d%04d", t.files/1000/2))
	one, two := inside.filter(), own.filter()
	one.name, two.name = "directory of the tree", "tree of its own"
	return b.measure("narrow", t, []contender{
		{command: b.floor(inside.tree.root), want: count(alone.files)}, {command: one}, {command: two},
	})
}
