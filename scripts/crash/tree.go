//go:build linux

package main

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// fileState is what we know of a file's stamp.
type fileState byte

const (
	pending fileState = iota // must be emitted: it was not committed since it changed
	maybe                    // was given to a commit that did not say how it ended
	acked                    // must not be emitted
)

// tree is a directory of files and what must be true of each.
type tree struct {
	bench *bench
	root  string
	paths []string

	mu    sync.Mutex
	state map[string]fileState
	mtime map[string]int64 // in nanoseconds
	had   map[stamp]bool   // every mtime that a file ever had
	fresh map[string]bool  // was written, so that its mtime is of today
	clock int64            // of all other mtimes, in seconds
	acks  int              // stamps acknowledged so far
}

// stamp is an mtime of a file.
type stamp struct {
	path string
	at   int64
}

// names that a careless program would trip over.
var names = []string{"img", "b c", "new\nline", "quote\"", "- dash", "bad\xff", "ünï", "esc\x1b[31m", "a: b", "#", "} # 00000000", "~", "!!binary ", "0x", "..."}

func (b *bench) makeTree(root string, n int) (*tree, error) {
	t := &tree{bench: b, root: root, clock: 1_000_000_000, state: map[string]fileState{},
		mtime: map[string]int64{}, had: map[stamp]bool{}, fresh: map[string]bool{}}
	for i := range n {
		dir := root
		for d := i % 61; d > 0; d /= 4 {
			dir = filepath.Join(dir, fmt.Sprintf("%s-%d", names[d%len(names)], d%4))
		}
		path := filepath.Join(dir, fmt.Sprintf("%s%d", names[i%len(names)], i))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return nil, err
		}
		if err := os.WriteFile(path, nil, 0o666); err != nil {
			return nil, err
		}
		t.paths = append(t.paths, path)
	}
	return t, t.touch(t.paths)
}

// touch gives files newer mtimes: whatever their stamps say, they need work
// now.
func (t *tree) touch(paths []string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, path := range paths {
		if t.fresh[path] {
			if err := t.write(path); err != nil {
				return err
			}
			continue
		}
		t.clock++
		at := time.Unix(t.clock, t.clock*7919%1e9)
		if err := os.Chtimes(path, at, at); err != nil {
			return err
		}
		t.changed(path, at)
	}
	return nil
}

// write changes a file as an editor does.
func (t *tree) write(path string) error {
	for {
		if err := os.WriteFile(path, []byte(fmt.Sprint(t.clock)), 0o666); err != nil {
			return err
		}
		info, err := os.Lstat(path)
		if err != nil {
			return err
		}
		if at := info.ModTime(); at.UnixNano() != t.mtime[path] {
			t.fresh[path] = true
			t.changed(path, at)
			return nil
		}
	}
}

func (t *tree) changed(path string, at time.Time) {
	t.mtime[path] = at.UnixNano()
	t.had[stamp{path, at.UnixNano()}] = true
	t.state[path] = pending
}

// change touches some files, and now and then writes one.
func (t *tree) change(rng *rand.Rand) error {
	if rng.IntN(10) == 0 {
		t.mu.Lock()
		err := t.write(t.paths[rng.IntN(len(t.paths))])
		t.mu.Unlock()
		if err != nil {
			return err
		}
	}
	return t.touch(t.some(rng, 200))
}

// forget takes the state files away.
func (t *tree) forget() error {
	files, err := t.stateFiles()
	if err != nil {
		return err
	}
	for name := range files {
		if err := os.Remove(filepath.Join(t.root, name)); err != nil {
			return err
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, path := range t.paths {
		t.state[path] = pending
	}
	return nil
}

// dumpModes are the ways in which a commit keeps its stamps.
var dumpModes = []string{"--dump=auto", "--dump=always", "--dump=never", "--no-wal"}

// upTo draws a time of at most d.
func upTo(rng *rand.Rand, d time.Duration) time.Duration {
	return 1 + time.Duration(rng.Int64N(int64(d)))
}

// some picks files by chance.
func (t *tree) some(rng *rand.Rand, max int) []string {
	picked := map[string]bool{}
	for range 1 + rng.IntN(max) {
		picked[t.paths[rng.IntN(len(t.paths))]] = true
	}
	return slices.Sorted(maps.Keys(picked))
}

// feed notes that a commit gets files.
func (t *tree) feed(paths []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, path := range paths {
		if t.state[path] == pending {
			t.state[path] = maybe
		}
	}
}

// ack notes that files were acknowledged.
func (t *tree) ack(paths []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, path := range paths {
		if t.state[path] == maybe {
			t.state[path] = acked
			t.acks++
		}
	}
}

func (t *tree) states() map[string]fileState {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.state)
}

// wrong is a broken promise.
type wrong struct {
	lost, invented int
	first          string
}

func (w *wrong) Error() string {
	return fmt.Sprintf("%d lost, %d invented: %s", w.lost, w.invented, w.first)
}

func (w *wrong) add(lost, invented int, path, what string) {
	w.lost += lost
	w.invented += invented
	if w.first == "" {
		w.first = fmt.Sprintf("%q %s", path, what)
	}
}

// verdict counts what an error has to say about stamps.
func verdict(err error) string {
	w := &wrong{}
	errors.As(err, &w)
	return fmt.Sprintf("%d lost, %d invented", w.lost, w.invented)
}

// check filters, and compares what is emitted with what was known before the
// filter began and is so still.
func (t *tree) check() error {
	before := t.states()
	out, err := t.run(nil, "-0", t.root)
	if err != nil {
		return fmt.Errorf("filter: %w", err)
	}
	after := t.states()
	emitted := map[string]bool{}
	w := &wrong{}
	for path := range strings.SplitSeq(strings.TrimSuffix(out, "\x00"), "\x00") {
		if _, known := before[path]; emitted[path] || !known && path != "" {
			w.add(0, 1, path, "is emitted twice, or is no file of the tree")
		}
		emitted[path] = true
	}
	for _, path := range t.paths {
		switch s := before[path]; {
		case s == acked && after[path] == acked && emitted[path]:
			w.add(1, 0, path, "was acknowledged and is emitted")
		case s == pending && after[path] == pending && !emitted[path]:
			w.add(0, 1, path, "was not committed and is not emitted")
		}
	}
	if w.first != "" {
		return w
	}
	return nil
}

// works checks that from any state the tree is in, work goes on: commit all,
// and nothing is left to do; dump, and it stays so.
func (t *tree) works() error {
	t.feed(t.paths)
	if _, err := t.run(t.paths, "commit", "-0", t.root); err != nil {
		return err
	}
	t.ack(t.paths)
	if err := t.check(); err != nil {
		return fmt.Errorf("after a commit of all: %w", err)
	}
	if _, err := t.run(nil, "dump", t.root); err != nil {
		return err
	}
	if err := t.check(); err != nil {
		return fmt.Errorf("after a dump: %w", err)
	}
	return nil
}

// stateFiles returns what is in the state files, and in temporary ones.
func (t *tree) stateFiles() (map[string]string, error) {
	found, err := filepath.Glob(filepath.Join(t.root, ".treefilter_*"))
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	for _, path := range found {
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		files[filepath.Base(path)] = string(content)
	}
	return files, nil
}
