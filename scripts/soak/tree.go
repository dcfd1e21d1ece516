//go:build linux

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
)

const (
	directories = 20
	files       = 25 // in each directory
	edits       = 25 // in each round
)

// tree is a tree that changes and does not grow.
type tree struct {
	root         string
	oldest, next int // the numbers of its directories
	rng          *rand.Rand
}

func newTree(root string) (*tree, error) {
	t := &tree{root: root, rng: rand.New(rand.NewPCG(1, 2))}
	return t, os.Mkdir(root, 0o777)
}

// round changes the tree, does all the work, and checks that all of it was seen.
func (t *tree) round(ctx context.Context, u user, m *measures) error {
	pending, err := t.change()
	if err != nil {
		return err
	}
	if err := t.filter(ctx, u, pending); err != nil {
		return err
	}
	if _, err := u.do(ctx, "commit", pending[:len(pending)/2]); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	if _, err := u.do(ctx, "exec", nil); err != nil {
		return fmt.Errorf("exec: %w", err)
	}
	if err := t.filter(ctx, u, nil); err != nil {
		return err
	}
	for _, step := range []string{"prune", "dump"} {
		if _, err := u.do(ctx, step, nil); err != nil {
			return fmt.Errorf("%s: %w", step, err)
		}
	}
	size, err := t.stateSize()
	m.add("state of the "+filepath.Base(t.root), kilobytes, float64(size))
	return err
}

// filter checks what needs work.
func (t *tree) filter(ctx context.Context, u user, want []string) error {
	got, err := u.do(ctx, "filter", nil)
	slices.Sort(got)
	if err == nil && !slices.Equal(got, want) {
		err = fmt.Errorf("%d paths, want %d", len(got), len(want))
	}
	if err != nil {
		return fmt.Errorf("filter: %w", err)
	}
	return nil
}

// change puts a new directory in the place of the oldest, edits some files, and
// returns what needs work now, sorted.
func (t *tree) change() (pending []string, err error) {
	for t.next-t.oldest >= directories {
		if err := os.RemoveAll(t.directory(t.oldest)); err != nil {
			return nil, err
		}
		t.oldest++
	}
	for t.next-t.oldest < directories {
		if err := os.Mkdir(t.directory(t.next), 0o777); err != nil {
			return nil, err
		}
		for f := range files {
			pending = append(pending, t.file(t.next, f))
		}
		t.next++
	}
	for range edits {
		pending = append(pending, t.file(t.oldest+t.rng.IntN(directories), t.rng.IntN(files)))
	}
	slices.Sort(pending)
	pending = slices.Compact(pending)
	for _, path := range pending {
		if err := os.WriteFile(path, []byte(path), 0o666); err != nil {
			return nil, err
		}
	}
	return pending, nil
}

func (t *tree) directory(d int) string { return fmt.Sprintf("%s/%09d", t.root, d) }

func (t *tree) file(d, f int) string { return fmt.Sprintf("%s/%02d", t.directory(d), f) }

// stateSize is the size of the files beside the directories: the state files, and
// what a command may have left there by mistake.
func (t *tree) stateSize() (size int64, err error) {
	entries, err := os.ReadDir(t.root)
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		info, err := e.Info()
		if err != nil {
			return 0, err
		}
		size += info.Size()
	}
	return size, err
}
