package filter

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"unsafe"

	"treefilter/store/rule"
	"treefilter/store/state"
	"treefilter/store/treestamps"
	"treefilter/walk"
)

// importRun is the import into the tree of one root: a walk finds the files
// that an old stamp covers, and a recorder takes them in walk order.
type importRun struct {
	*recorder
	root   root
	at     walk.Root
	walk   walk.Options
	files  []*treestamps.File
	newest *treestamps.File // whose config counts
	past   *past

	stamps []stampReader // one a worker

	covered int // files given to the recorder
	before  int // files with a stamp of ours
	pending int
}

func (r *importRun) tree() *state.Tree { return r.destinations.grove.Roots()[0] }

func (r *importRun) run(ctx context.Context) error {
	r.reportFiles()
	r.stamps = make([]stampReader, walk.MaxWorkers(r.walk.Workers))
	for i := range r.stamps {
		r.stamps[i].met, r.stamps[i].voids = r.report.problems, true
	}
	top := &importDir{importRun: r, tree: r.tree()}
	err := walk.Walk(ctx, []walk.Root{r.at}, r.walk, top, func(err error) error {
		r.report.warn(err)
		return nil
	})
	if err = errors.Join(err, r.finish(err)); err != nil {
		return err
	}
	r.summarize()
	return nil
}

// importDir visits the directories for which one stamp of a directory, and one tree,
// is the nearest.
type importDir struct {
	*importRun
	tree   *state.Tree
	until  state.Time // the latest stamp on the way up to the root
	closed bool       // nothing can be imported into the tree
}

// Visit records what is covered of one directory.
func (outer *importDir) Visit(d *walk.Dir) walk.Visitor {
	dir := outer.root.join(d.Rel)
	at := outer.enter(d, dir)
	stamps := &at.stamps[d.Worker]
	stamps.enter(at.tree, dir)
	covered, before, pending := at.judge(stamps, d)
	t := at.stat(covered)
	d.Then(len(covered)*int(unsafe.Sizeof(file{})), func() error {
		at.covered += len(covered)
		at.before += before
		at.pending += pending
		return at.record(t)
	})
	return at
}

// enter returns what holds from a directory on down.
func (outer *importDir) enter(d *walk.Dir, dir string) *importDir {
	if d.Part > 0 {
		return outer
	}
	at := *outer
	at.until = at.past.latest(d.Rel, outer.until)
	if grove := at.destinations.grove; d.Rel != "" && grove.IsTree(dir, d.Marks) {
		at.tree, _ = grove.Nested(dir)
		err := at.refuse(at.tree)
		if at.closed = err != nil; at.closed {
			d.Errs = append(d.Errs, err)
		}
	}
	if at == *outer {
		return outer
	}
	return &at
}

// coveredFile is a file whose mtime is not newer than the stamp that covers it.
type coveredFile struct {
	path  string
	mtime state.Time
}

// judge returns the files of a directory that an old stamp covers. What we know
// of a file is younger than what treestamps knew, and it may have failed since: so
// only one that we know nothing of is among them.
func (at *importDir) judge(stamps *stampReader, d *walk.Dir) (covered []coveredFile, before, pending int) {
	for i := range d.Files {
		file := &d.Files[i]
		e := rule.Evidence{Mtime: state.Time{Sec: file.Sec, Nsec: file.Nsec}, Now: at.past.now}
		e.Standing, e.Stamp = stamps.standing(file.Name)
		rel := path.Join(d.Rel, file.Name)
		until := at.past.latest(rel, at.until)
		switch reason := rule.Judge(rule.DetectNewer, &e); {
		case !reason.NeedsWork():
			before++
		case reason == rule.Unstamped && !at.closed && at.past.covers(until, e.Mtime):
			covered = append(covered, coveredFile{at.root.prefix + rel, e.Mtime})
		default:
			pending++
		}
	}
	return covered, before, pending
}

// stat stats files as a commit does: what changed since it was judged stays pending.
func (r *importRun) stat(files []coveredFile) (t triage) {
	st := r.destinations.newStatter()
	defer st.close()
	t.expect = len(files)
	for _, c := range files {
		f, err := st.path(c.path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err == nil && f.mtime() != c.mtime:
		default:
			r.sort(&t, f, err)
		}
	}
	return t
}
