package main

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

// touched are files of a tree whose mtimes were changed.
type touched struct {
	tree   tree
	paths  []string
	mtimes []time.Time // what they were
}

// touch gives n files of the tree, spread over all of it, the present time.
func (t tree) touch(n int) (touched, error) {
	all, err := readPaths(t.list())
	if err != nil {
		return touched{}, err
	}
	if err := os.Remove(t.marker()); err != nil {
		return touched{}, err
	}
	done := touched{tree: t}
	rnd := rand.New(rand.NewPCG(t.seed, uint64(n)))
	now := time.Now()
	for _, i := range rnd.Perm(len(all))[:n] {
		info, err := os.Lstat(all[i])
		if err != nil {
			return done, err
		}
		if err := os.Chtimes(all[i], now, now); err != nil {
			return done, err
		}
		done.paths = append(done.paths, all[i])
		done.mtimes = append(done.mtimes, info.ModTime())
	}
	return done, nil
}

// restore sets the mtimes back.
func (d touched) restore() error {
	for i, path := range d.paths {
		if err := os.Chtimes(path, d.mtimes[i], d.mtimes[i]); err != nil {
			return err
		}
	}
	return d.tree.mark()
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
	// The clock that files get their mtime from lags a few milliseconds.
	time.Sleep(time.Until(ref.time) + 20*time.Millisecond)
	return ref, nil
}
