package filter

import (
	"context"
	"iter"
	"slices"
	"unsafe"

	"treefilter/store/rule"
	"treefilter/store/state"
	"treefilter/walk"
)

// walkSelector is one walk of a selector. Workers visit directories and judge their
// files; what they find is yielded in walk order, on one goroutine.
type walkSelector struct {
	*selector
	ctx     context.Context
	yield   func(batch, error) bool
	workers []walkWorker
	nested  []*place // trees that what is yielded lies in, the innermost last
}

type walkWorker struct {
	stamps  stampReader
	outputs *outputNamer
	found   []finding // in the directory at hand
}

// place visits the directories that belong to one tree.
type place struct {
	*walkSelector
	root  *root
	tree  *state.Tree
	outer *place // nil at a root

	// For the goroutine that yields:
	passed bool // something of it was yielded
	found  bool // something was found in it
	begins bool // it begins here and in no root, and is closed when the walk has left it
}

// nestedSize is what a tree counts for that waits to be yielded, in bytes of output. A
// walk holds few megabytes of that back, so no more than some 20 trees are open: a
// shell may allow as few as 64 open files.
const nestedSize = 512 << 10

func (s *selector) walk(ctx context.Context) iter.Seq2[batch, error] {
	return func(yield func(batch, error) bool) {
		w := &walkSelector{selector: s, ctx: ctx, yield: yield}
		if err := w.run(); err != nil && err != errBreak {
			yield(batch{}, err)
		}
	}
}

func (w *walkSelector) run() error {
	opt := walk.Options{
		Workers:       w.Threads,
		Follow:        w.Follow,
		OneFileSystem: w.OneFileSystem,
		Choice:        w.Choice,
		Except:        w.Except,
		Mark:          state.IsStateName,
		Pick:          w.Shard.divides(),
	}
	w.workers = make([]walkWorker, walk.MaxWorkers(w.Threads))
	for i := range w.workers {
		w.workers[i].stamps, w.workers[i].outputs = w.newStampReader(), w.newOutputNamer()
	}
	var tops topPlaces
	for i := range w.roots {
		tree, err := w.grove.TreeOf(w.roots[i].real, nil)
		if err != nil {
			return err
		}
		tops = append(tops, &place{walkSelector: w, root: &w.roots[i], tree: tree})
	}
	err := walk.Walk(w.ctx, walkRoots(w.roots), opt, tops, func(err error) error {
		w.report.warn(err)
		return nil
	})
	if err != nil {
		return err
	}
	return w.leaveFor(nil)
}

// topPlaces are those of the roots.
type topPlaces []*place

// Visit implements walk.Visitor.
func (tops topPlaces) Visit(d *walk.Dir) walk.Visitor {
	at := tops[d.Root]
	if below := at.Visit(d); below != nil {
		return below
	}
	return at
}

// List implements walk.Lister.
func (tops topPlaces) List(d *walk.Dir, opened *walk.Info) (subs, others []string, ok bool) {
	return tops[d.Root].List(d, opened)
}

// List implements walk.Lister.
func (p *place) List(d *walk.Dir, opened *walk.Info) (subs, others []string, ok bool) {
	if p.NoListings {
		return nil, nil, false
	}
	stamps := &p.workers[d.Worker].stamps
	stamps.turnTo(p.tree)
	return stamps.reader.List(p.tree.Below(p.root.join(d.Rel)), opened.Dev, state.DirStat{
		Ino:   opened.Ino,
		Ctime: state.Time{Sec: opened.ChangeSec, Nsec: opened.ChangeNsec},
		Mtime: state.Time{Sec: opened.Sec, Nsec: opened.Nsec},
	})
}

// Pick implements walk.Picker.
func (tops topPlaces) Pick(d *walk.Dir) func(name string) bool { return tops[d.Root].Pick(d) }

// Pick implements walk.Picker.
func (p *place) Pick(d *walk.Dir) func(name string) bool {
	dir := p.root.join(d.Rel)
	below := p.tree.Below(dir)
	if p.begin(d, dir) {
		below = ""
	}
	return func(name string) bool { return p.Shard.holdsBelow(below, name) }
}

// Visit implements walk.Visitor.
func (p *place) Visit(d *walk.Dir) walk.Visitor {
	dir := p.root.join(d.Rel)
	at := p.enter(d, dir)
	if p.Shard.divides() { // what only a stat knew for a file is still there
		below := at.tree.Below(dir)
		d.Files = slices.DeleteFunc(d.Files, func(f walk.File) bool { return !p.Shard.holdsBelow(below, f.Name) })
	}
	b := batch{tree: at.tree, files: len(d.Files), found: at.judge(d, dir)}
	size := len(b.found) * int(unsafe.Sizeof(finding{}))
	begins := at != p && at.begins
	if begins {
		size += nestedSize
	}
	if len(b.found) > 0 || begins || p.every {
		d.Then(size, func() error { return at.pass(b) })
	}
	p.count(len(d.Files), b.found)
	if at == p {
		return nil
	}
	return at
}

// enter returns the place of a directory: this one, unless a tree begins there.
func (p *place) enter(d *walk.Dir, dir string) *place {
	if p.begin(d, dir) {
		tree, first := p.grove.Nested(dir)
		return &place{walkSelector: p.walkSelector, root: p.root, tree: tree, outer: p, begins: first}
	}
	return p
}

// begin reports whether a tree begins in a directory.
func (p *place) begin(d *walk.Dir, dir string) bool {
	return d.Rel != "" && d.Part == 0 && p.grove.IsTree(dir, d.Marks)
}

// judge judges the files of a directory.
func (p *place) judge(d *walk.Dir, dir string) []finding {
	worker := &p.workers[d.Worker]
	worker.stamps.enter(p.tree, dir)
	found := worker.found[:0]
	var f finding
	f.Now, f.Forced, f.GiveUp = p.now, p.Force, p.GiveUp
	for i := range d.Files {
		file := &d.Files[i]
		mtime := state.Time{Sec: file.Sec, Nsec: file.Nsec}
		f.judge(p.Detect, &worker.stamps, file.Name, mtime, targetTime(mtime, file.TargetSec, file.TargetNsec))
		if f.location == nil && (f.NeedsWork() || f.Reason == rule.GivenUp || len(p.Outputs) > 0) {
			f.location = &location{root: p.root, rel: d.Rel, tree: p.tree}
		}
		f.name = file.Name
		worker.outputs.judge(p.Detect, &f)
		if f.NeedsWork() || f.Reason == rule.GivenUp {
			found = append(found, f)
		}
	}
	worker.outputs.close()
	worker.found = found
	d.Errs = append(d.Errs, p.read(p.ctx, found)...)
	return slices.Clone(found)
}

// pass yields what was found in a directory, in its turn.
func (p *place) pass(b batch) error {
	if err := p.leaveFor(p); err != nil {
		return err
	}
	if p.begins && !p.passed {
		p.nested = append(p.nested, p)
	}
	p.passed, p.found = true, p.found || len(b.found) > 0
	if !p.yield(b, nil) {
		return errBreak
	}
	return nil
}

// leaveFor leaves the nested trees that do not lie around a place, so that any
// number of them can be met.
func (w *walkSelector) leaveFor(at *place) error {
	for n := len(w.nested); n > 0 && !at.within(w.nested[n-1]); n-- {
		last := w.nested[n-1]
		w.nested = w.nested[:n-1]
		if w.every && !w.yield(batch{tree: last.tree, done: true}, nil) {
			return errBreak
		}
		w.report.leave(last.tree)
		if w.keep && last.found {
			continue
		}
		if err := w.grove.Release(last.tree); err != nil {
			w.report.warn(err)
		}
	}
	return nil
}

func (p *place) within(outer *place) bool {
	for ; p != nil; p = p.outer {
		if p == outer {
			return true
		}
	}
	return false
}
