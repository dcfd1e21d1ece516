package main

import (
	"fmt"
	"os"
	"slices"
)

// check makes sure that what will be compared does the same work, and makes the
// states that the rows start from.
func (b *bench) check(t tree) error {
	if t.name == "huge" {
		return nil // its rows check what they print; twice would take minutes
	}
	progress("%s: %d files in %d directories, %d links; checking that all print the same", t.name, t.files, t.dirs, t.links)
	if err := b.checkAll(t); err != nil {
		return err
	}
	if err := b.makeRepository(t); err != nil {
		return err
	}
	if err := b.checkStates(t); err != nil {
		return err
	}
	if err := b.checkNothingNew(t); err != nil || t.name == yours {
		return err
	}
	return b.checkSomeNew(t)
}

// checkAll: with nothing remembered every file is printed, by treefilter in order.
func (b *bench) checkAll(t tree) error {
	all, err := os.ReadFile(t.list())
	if err != nil {
		return err
	}
	if _, err := b.mustPrint(b.filter(t), string(all)); err != nil {
		return err
	}
	for _, c := range b.listers(t) {
		out, _, err := b.execute(c)
		if err != nil {
			return err
		}
		got := slices.DeleteFunc(sortedPaths(out), isState)
		if want := sortedPaths(all); !slices.Equal(got, want) {
			return fmt.Errorf("%s: printed %d paths that are not the %d files", b.shell(c), len(got), len(want))
		}
	}
	return nil
}

// checkStates: with every file committed none is printed, whether its stamp lies in
// the WAL or in the snapshot, whatever is known of the directories, and wherever the
// state lies.
func (b *bench) checkStates(t tree) error {
	for _, s := range b.states(t) {
		for _, c := range []command{s.commit(t.list()), s.filter(), s.dump(), s.filter()} {
			if _, err := b.mustPrint(c, ""); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkNothingNew: no program prints anything, and the floor sees every file.
func (b *bench) checkNothingNew(t tree) error {
	ref, err := b.newReference()
	if err != nil {
		return err
	}
	for _, c := range b.noChange(t, ref) {
		if _, err := b.mustPrint(c.command, c.want); err != nil {
			return err
		}
	}
	return nil
}

// checkSomeNew: of 100 touched files everyone prints exactly those. git
// status is not asked: it reads the content, and that has not changed.
func (b *bench) checkSomeNew(t tree) error {
	ref, err := b.newReference()
	if err != nil {
		return err
	}
	files, err := t.touch(100)
	if err != nil {
		return err
	}
	want := slices.Sorted(slices.Values(files.paths))
	for _, c := range b.seekers(t, ref) {
		out, _, err := b.execute(c)
		if err != nil {
			return err
		}
		if got := sortedPaths(out); !slices.Equal(got, want) {
			return fmt.Errorf("%s: printed %d paths that are not the %d touched ones", b.shell(c), len(got), len(want))
		}
	}
	if err := files.restore(); err != nil {
		return err
	}
	return b.refreshIndexes(t)
}
