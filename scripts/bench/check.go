package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// check makes sure that what will be compared does the same work, and keeps
// the states that the rows start from. It leaves the tree with its snapshot.
func (b *bench) check(t tree) error {
	progress("%s: checking that all print the same", t.name())
	if err := b.checkStates(t); err != nil {
		return err
	}
	if err := b.checkNothingNew(t); err != nil {
		return err
	}
	return b.checkSomeNew(t)
}

// checkStates: with nothing remembered every file is printed, in order; with
// every file committed none is, whether its stamp lies in the WAL or in the
// snapshot.
func (b *bench) checkStates(t tree) error {
	if err := forget(t); err != nil {
		return err
	}
	all, err := os.ReadFile(t.list())
	if err != nil {
		return err
	}
	if _, err := b.mustPrint(b.filter(t.root), string(all)); err != nil {
		return err
	}
	for _, made := range []struct {
		state state
		list  string
	}{{shuffledWAL, t.shuffled()}, {inWAL, t.list()}} {
		if err := forget(t); err != nil {
			return err
		}
		if _, err := b.mustPrint(b.commit(t.root, made.list), ""); err != nil {
			return err
		}
		if _, err := b.mustPrint(b.filter(t.root), ""); err != nil {
			return err
		}
		if err := made.state.keep(t); err != nil {
			return err
		}
	}
	if _, err := b.mustPrint(b.dump(t.root), ""); err != nil {
		return err
	}
	if _, err := os.Stat(t.root + "/" + walName); err == nil {
		return fmt.Errorf("dump left %s", walName)
	}
	return inSnapshot.keep(t)
}

// checkNothingNew: no program prints anything, and the floor sees every file and
// the snapshot.
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
	files, err := t.touch(min(100, t.files))
	if err != nil {
		return err
	}
	want := slices.Sorted(slices.Values(files.paths))
	for _, c := range b.seekers(t, ref) {
		out, _, err := b.execute(c)
		if err != nil {
			return err
		}
		if got := sortedPaths(t, out); !slices.Equal(got, want) {
			return fmt.Errorf("%s: printed %d paths that are not the %d touched ones", b.shell(c), len(got), len(want))
		}
	}
	if err := b.checkCommitted(t, files); err != nil {
		return err
	}
	if err := files.restore(); err != nil {
		return err
	}
	if err := inSnapshot.restore(t); err != nil {
		return err
	}
	return b.refreshIndexes(t)
}

// checkCommitted: once they are committed, nothing is left to print.
func (b *bench) checkCommitted(t tree, files touched) error {
	// A file is stamped at once only when the tick of its mtime has passed.
	time.Sleep(20 * time.Millisecond)
	list := t.list() + ".touched"
	if err := writePaths(list, files.paths); err != nil {
		return err
	}
	if _, err := b.mustPrint(b.commit(t.root, list), ""); err != nil {
		return err
	}
	_, err := b.mustPrint(b.filter(t.root), "")
	return err
}

// sortedPaths reads NUL-delimited output; git names paths from the root.
func sortedPaths(t tree, out []byte) []string {
	paths := splitPaths(out)
	for i, path := range paths {
		if !strings.HasPrefix(path, "/") {
			paths[i] = t.root + "/" + path
		}
	}
	slices.Sort(paths)
	return paths
}

// count is what the floor prints.
func count(files int) string { return strconv.Itoa(files) + "\n" }
