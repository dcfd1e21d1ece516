package filter

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"strings"
	"sync"

	"treefilter/store"
	"treefilter/store/treestamps"
	"treefilter/walk"
)

// importRun is the import into the tree of one root: a walk finds the files
// that an old stamp covers, and a commit records them. The visits of the walk run
// side by side, the commit takes what they find one after the other.
type importRun struct {
	*commitRun
	root   root
	at     walk.Root
	follow bool
	files  []*treestamps.File
	newest *treestamps.File // whose config counts
	past   *past

	lookups []lookup // one a worker

	recording sync.Mutex // for the commit and for what follows
	failed    error      // why no more can be recorded
	covered   int        // files given to the commit
	before    int        // files with a stamp of ours
	pending   int
}

func (r *importRun) tree() *store.Tree { return r.grove.Roots()[0] }

func (r *importRun) run(ctx context.Context) error {
	r.reportFiles()
	opt := walk.Options{Follow: r.follow, Mark: store.IsStateName}
	r.lookups = make([]lookup, walk.NumWorkers(opt))
	for i := range r.lookups {
		r.lookups[i].met, r.lookups[i].full = r.report.problems, true
	}
	err := walk.Walk(ctx, []walk.Root{r.at}, opt, r.visit, func(d *walk.Dir) error {
		for _, err := range d.Errs {
			r.report.warn(err)
		}
		r.recording.Lock()
		defer r.recording.Unlock()
		return r.failed
	})
	if err = errors.Join(err, r.finish(err)); err != nil {
		return err
	}
	r.summarize()
	return nil
}

// visit records what is covered of one directory.
func (r *importRun) visit(d *walk.Dir) {
	dir := r.root.real
	if d.Rel != "" {
		dir = strings.TrimSuffix(dir, "/") + "/" + d.Rel
	}
	at := r.enter(d, dir)
	look := &r.lookups[d.Worker]
	look.enter(at.tree, dir)
	covered, before, pending := r.judge(look, at, d)
	l := r.lookAgain(covered)

	r.recording.Lock()
	defer r.recording.Unlock()
	r.covered += len(covered)
	r.before += before
	r.pending += pending
	if r.failed == nil {
		r.failed = r.record(l)
	}
}

// importDir is what the walk knows of a directory.
type importDir struct {
	tree   *store.Tree
	until  store.Time // the latest stamp on the way up to the root
	closed bool       // nothing can be imported into the tree
}

// enter returns what holds from a directory on down.
func (r *importRun) enter(d *walk.Dir, dir string) *importDir {
	outer, below := d.Context.(*importDir)
	switch {
	case d.Part > 0:
		return outer
	case !below:
		outer = &importDir{tree: r.tree()}
	}
	at := *outer
	at.until = r.past.latest(d.Rel, outer.until)
	if below && r.grove.IsTree(dir, d.Marks) {
		at.tree, _ = r.grove.Nested(dir)
		err := r.refuse(at.tree)
		if at.closed = err != nil; at.closed {
			d.Errs = append(d.Errs, err)
		}
	}
	if below && at == *outer {
		return outer
	}
	d.Context = &at
	return &at
}

// coveredFile is a file whose mtime is not newer than the stamp that covers it.
type coveredFile struct {
	path  string
	mtime store.Time
}

// judge returns the files of a directory that an old stamp covers. What we know
// of a file is younger than what treestamps knew, and it may have failed since: so
// only one that we know nothing of is among them.
func (r *importRun) judge(look *lookup, at *importDir, d *walk.Dir) (covered []coveredFile, before, pending int) {
	for i := range d.Files {
		file := &d.Files[i]
		e := Evidence{Mtime: store.Time{Sec: file.Sec, Nsec: file.Nsec}, Now: r.past.now}
		e.Standing, e.Stamp = look.standing(file.Name)
		rel := path.Join(d.Rel, file.Name)
		until := r.past.latest(rel, at.until)
		switch reason := Judge(DetectNewer, &e); {
		case !reason.NeedsWork():
			before++
		case reason == Unstamped && !at.closed && r.past.covers(until, e.Mtime):
			covered = append(covered, coveredFile{r.root.prefix + rel, e.Mtime})
		default:
			pending++
		}
	}
	return covered, before, pending
}

// lookAgain looks at files as a commit does: what changed since it was judged
// stays pending.
func (r *importRun) lookAgain(files []coveredFile) (l looked) {
	var at spot
	defer at.look.Close()
	l.expect = len(files)
	for _, f := range files {
		s, err := r.sight(&at, f.path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err == nil && s.mtime() != f.mtime:
		default:
			r.sort(&l, s, err)
		}
	}
	return l
}
