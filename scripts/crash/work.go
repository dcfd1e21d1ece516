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

// work cuts the power under the work itself: a stamp must not outlive the result
// that it vouches for. What a cut leaves is a clone of the image of a mounted
// file system: all that it had written to its disk, and nothing that it still
// held in memory.
func (b *bench) work() (figures string, err error) {
	if os.Geteuid() != 0 {
		return "", fmt.Errorf("%w: only root can mount images", errImpossible)
	}
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	pool, release, err := b.clonePool()
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, release()) }()
	var disks []*disk
	for i, fs := range []fileSystem{ext4, xfs, btrfs} {
		disks = append(disks, &disk{bench: b, fs: fs, self: self, rng: rand.New(rand.NewPCG(b.Seed, uint64(i))),
			base: filepath.Join(pool, fs.name+".base"), image: filepath.Join(pool, fs.name),
			root: filepath.Join(b.dir, fs.name), skips: map[string]int{}})
	}
	// All at once: a run mostly waits.
	errs := make([]error, len(disks))
	var running sync.WaitGroup
	for i, d := range disks {
		running.Go(func() { errs[i] = d.runAll() })
	}
	running.Wait()
	var each []string
	possible := false
	for i, d := range disks {
		if errors.Is(errs[i], errImpossible) {
			each = append(each, fmt.Sprintf("%s: %v", d.fs.name, errs[i]))
			continue
		}
		possible = true
		each = append(each, d.figures())
		if errs[i] != nil {
			err = errors.Join(err, fmt.Errorf("%s: %w", d.fs.name, errs[i]))
		}
	}
	if !possible {
		return "", errors.Join(errs...)
	}
	return strings.Join(each, "; "), err
}

// disk is a file system that loses its power again and again.
type disk struct {
	bench *bench
	fs    fileSystem
	rng   *rand.Rand
	self  string // the program that is also the tool
	base  string // image of what every run begins with
	image string // of the run
	root  string // where one image at a time is mounted
	files []string

	cuts, acks, lost int
	skips            map[string]int // by the way of the work and by what recorded it
	first            error          // the first broken promise
}

func (d *disk) figures() string {
	skipped, each := 0, []string{}
	for _, by := range slices.Sorted(maps.Keys(d.skips)) {
		skipped += d.skips[by]
		each = append(each, fmt.Sprintf("%s %d", by, d.skips[by]))
	}
	text := fmt.Sprintf("%s: %d cuts, %d acknowledged stamps, %d lost, %d skipped", d.fs.name, d.cuts, d.acks, d.lost, skipped)
	if skipped > 0 {
		text += " (" + strings.Join(each, ", ") + ")"
	}
	return text
}

// runAll goes on after a broken promise, so that the figures show all of them.
func (d *disk) runAll() error {
	if err := d.makeBase(); err != nil {
		return err
	}
	for i := range d.bench.Runs {
		j := d.plan(i)
		if err := d.run(j); err != nil {
			return fmt.Errorf("%v: %w", j, err)
		}
		if err := d.bench.ctx.Err(); err != nil {
			return err
		}
	}
	return d.first
}

// The trees of an image: one without stamps, and one whose files were stamped and
// modified since.
const (
	freshTree   = "fresh"
	stampedTree = "stamped"
)

var (
	stampedAt  = time.Unix(1_000_000_000, 0)
	modifiedAt = time.Unix(1_100_000_000, 0)
)

// makeBase makes the image that every run begins with.
func (d *disk) makeBase() error {
	for i := range 40 {
		d.files = append(d.files, filepath.Join(fmt.Sprintf("d%d", i%3), fmt.Sprintf("%s%d", names[i%len(names)], i)))
	}
	if err := d.fs.makeImage(d.base, d.fs.size); err != nil {
		return err
	}
	if err := os.Mkdir(d.root, 0o777); err != nil {
		return err
	}
	return d.with(d.base, "defaults", func() error {
		return errors.Join(d.makeTree(freshTree), d.makeTree(stampedTree))
	})
}

func (d *disk) makeTree(name string) error {
	root, paths := filepath.Join(d.root, name), []string{}
	for _, rel := range d.files {
		path := filepath.Join(root, rel)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(path, content(rel, "old"), 0o666); err != nil {
			return err
		}
		if err := os.Chtimes(path, stampedAt, stampedAt); err != nil {
			return err
		}
		paths = append(paths, path)
	}
	if name == freshTree {
		return nil
	}
	if _, err := d.treefilter(paths, "commit", "-0", "--dump=always", root); err != nil {
		return err
	}
	for _, path := range paths {
		if err := os.Chtimes(path, modifiedAt, modifiedAt); err != nil {
			return err
		}
	}
	return nil
}

func (d *disk) treefilter(stdin []string, args ...string) (string, error) {
	return (&tree{bench: d.bench}).run(stdin, args...)
}

// with does something while an image is mounted.
func (d *disk) with(image, options string, do func() error) error {
	if err := d.fs.mount(image, d.root, options); err != nil {
		return err
	}
	return errors.Join(do(), unmount(d.root))
}

// run does the work and cuts the power, at some moments and at the end. Clones
// are mounted when the original is not: btrfs knows a file system by its UUID.
func (d *disk) run(j *workRun) (err error) {
	defer func() { err = errors.Join(err, j.state.forget()) }()
	if err := clone(d.base, d.image); err != nil {
		return err
	}
	var cuts []cut
	defer func() {
		for _, c := range cuts {
			os.Remove(c.image)
		}
	}()
	err = d.with(d.image, j.options, func() error {
		return j.bound(func() (err error) {
			cuts, err = d.cutWork(j)
			return err
		})
	})
	if err != nil {
		return err
	}
	for _, c := range cuts {
		err := d.with(c.image, j.options, func() error {
			return j.bound(func() error { return d.judge(j, c) })
		})
		if err != nil {
			return err
		}
		d.cuts++
	}
	return nil
}
