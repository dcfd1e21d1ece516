package main

import (
	"errors"
	"os"
	"path/filepath"
	"time"
)

// tick is longer than what the clock lags from which files get their times.
const tick = 20 * time.Millisecond

// touched are files of a tree whose mtimes were changed.
type touched struct {
	tree   tree
	mark   []byte
	paths  []string
	mtimes []time.Time // what they were
}

// touch gives n files of the tree, spread evenly over all of it, the present time.
func (t tree) touch(n int) (touched, error) {
	done := touched{tree: t}
	all, err := readPaths(t.list())
	if err != nil {
		return done, err
	}
	if done.mark, err = t.unmark(); err != nil {
		return done, err
	}
	now := time.Now()
	for i := range n {
		path := all[i*len(all)/n]
		info, err := os.Lstat(path)
		if err != nil {
			return done, err
		}
		if err := os.Chtimes(path, now, now); err != nil {
			return done, err
		}
		done.paths = append(done.paths, path)
		done.mtimes = append(done.mtimes, info.ModTime())
	}
	// A file is stamped at once only when the tick of its mtime has passed.
	time.Sleep(tick)
	return done, nil
}

// restore sets the mtimes back.
func (d touched) restore() error {
	for i, path := range d.paths {
		if err := os.Chtimes(path, d.mtimes[i], d.mtimes[i]); err != nil {
			return err
		}
	}
	return os.WriteFile(d.tree.marker(), d.mark, 0o644)
}

// unmark takes away the marker of a tree that is about to be changed.
func (t tree) unmark() ([]byte, error) {
	mark, err := os.ReadFile(t.marker())
	if err != nil {
		return nil, err
	}
	return mark, os.Remove(t.marker())
}

// A renaming is a change of names in one directory: from is renamed to to, or made, or
// removed, when the other is empty.
type renaming struct {
	from, to string
	mtime    time.Time // of from
}

// changes are changes of names in one directory of a hundred: a third of them gets a
// file, a third loses one, and in a third one has another name.
func (t tree) changes() ([]renaming, error) {
	all, err := readPaths(t.list())
	if err != nil {
		return nil, err
	}
	var out []renaming
	for i, path := range firstOfEach(all) {
		if i%100 != 50 {
			continue
		}
		info, err := os.Lstat(path)
		if err != nil {
			return nil, err
		}
		change := renaming{path, path + ".renamed", info.ModTime()}
		switch len(out) % 3 {
		case 1:
			change.from, change.to = "", path+".added"
		case 2:
			change.to = ""
		}
		out = append(out, change)
	}
	return out, nil
}

// firstOfEach returns the first file of each directory of a list in order.
func firstOfEach(paths []string) []string {
	var out []string
	last := ""
	for _, path := range paths {
		if dir := filepath.Dir(path); dir != last {
			out = append(out, path)
			last = dir
		}
	}
	return out
}

func apply(changes []renaming) error {
	for _, c := range changes {
		var err error
		switch {
		case c.from == "":
			err = os.WriteFile(c.to, nil, 0o644)
		case c.to == "":
			err = os.Remove(c.from)
		default:
			err = os.Rename(c.from, c.to)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// undo undoes them.
func undo(changes []renaming) error {
	for _, c := range changes {
		var err error
		switch {
		case c.from == "":
			err = remove(c.to)
		case c.to == "":
			err = errors.Join(os.WriteFile(c.from, nil, 0o644), os.Chtimes(c.from, c.mtime, c.mtime))
		default:
			err = os.Rename(c.to, c.from)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// reference is the time that find, bfs and fd compare with.
type reference struct {
	file string
	time time.Time
}

// newReference makes a reference later than everything that exists, and
// returns when it has passed. It is a whole second because fd wants one in
// words.
func (b *bench) newReference() (reference, error) {
	ref := reference{filepath.Join(b.Work, "reference"), time.Now().Truncate(time.Second).Add(time.Second)}
	if err := os.WriteFile(ref.file, nil, 0o644); err != nil {
		return ref, err
	}
	if err := os.Chtimes(ref.file, ref.time, ref.time); err != nil {
		return ref, err
	}
	time.Sleep(time.Until(ref.time) + tick)
	return ref, nil
}
