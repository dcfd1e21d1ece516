package filter

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync/atomic"

	"treefilter/store"
	"treefilter/walk"
)

// Filter prints the files that need work.
type Filter struct {
	Options
	// In, where not nil, is read for paths; the roots then only name trees.
	In io.Reader
	// InDelimiter is how paths in In are told apart.
	InDelimiter walk.Delimiter
	// Out gets the paths.
	Out io.Writer
	// OutDelimiter is walk.NUL or walk.Newline.
	OutDelimiter walk.Delimiter
	// Ignore passes over what it matches.
	Ignore *walk.Ignore
	// Follow follows symbolic links met in a walk.
	Follow bool
	// OneFileSystem keeps a walk on the file system of its root.
	OneFileSystem bool
	// Check prints nothing and stops at the first file that needs work.
	Check bool
	// JSON writes an object a line in place of a path; see Line.
	JSON bool
	// Refresh gives files that were only touched a stamp of their present
	// mtime. It goes with DetectContent, and writes to the trees: to each as long
	// as nobody else does.
	Refresh bool
	// Except is a file that is passed over: the one that the output goes to. The
	// zero FileID is none.
	Except walk.FileID
	// Examined, where not nil, counts the files judged so far.
	Examined *atomic.Int64

	dump DumpMode // of a refresh
}

// Run walks the roots, or reads In, and writes each path that needs work to
// Out. It reports whether there was any. A root that cannot be read is an error, once
// the others are done.
//
// Stored state never stops it: what cannot be read counts as missing, with a
// warning.
func (f *Filter) Run(ctx context.Context) (needsWork bool, err error) {
	roots, lost, err := parseRoots(f.Roots)
	if err != nil {
		return false, err
	}
	needsWork, err = f.run(ctx, roots, newReporter(&f.Options))
	return needsWork, errors.Join(err, lost.err())
}

func (f *Filter) run(ctx context.Context, roots []root, report *reporter) (needsWork bool, err error) {
	g, err := f.openGrove(dirs(roots))
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, g.Close()) }()
	r := f.newRun(roots, g, report)
	r.out, r.full = newOutput(f.Out), f.JSON
	r.judged = func(d *walk.Dir, _ *place, found []finding) { d.Errs = append(d.Errs, r.emit(&d.Out, found)...) }
	r.met = r.meet
	r.left = r.report.problems
	for _, t := range g.Roots() {
		r.met(t)
	}
	if f.Refresh && f.Detect == DetectContent {
		writable, err := f.openGrove(dirs(roots))
		if err != nil {
			return false, err
		}
		r.refresh = f.newRefresher(writable, r.report)
		defer r.refresh.close()
	}
	ctx, r.stop = context.WithCancelCause(ctx)
	defer r.stop(nil)
	if f.In != nil {
		err = r.judgeStream(ctx)
	} else {
		err = r.walk(ctx)
	}
	for _, t := range g.Trees() {
		r.report.problems(t)
	}
	if context.Cause(ctx) == errFound && errors.Is(err, context.Canceled) {
		err = nil
	}
	// Also after an error: what came before it counts.
	if flushed := r.out.Flush(); err == nil {
		err = flushed
	}
	return r.found.Load(), err
}

// errFound ends a --check at the first file that needs work.
var errFound = errors.New("a file needs work")

// filterRun is one run of a Filter.
type filterRun struct {
	*Filter
	roots  []root
	grove  *store.Grove
	report *reporter
	out    *output
	// What patterns are relative to: the roots, or the current directory.
	selection []root
	readers   readers
	refresh   *refresher                                    // nil unless asked for
	full      bool                                          // look also for what does not count
	judged    func(d *walk.Dir, at *place, found []finding) // what to do with those of a directory
	met       func(*store.Tree)                             // called when a tree is first used
	left      func(*store.Tree)                             // called when the walk is done with a nested tree
	stop      context.CancelCauseFunc
	found     atomic.Bool
	places    []*place // of the roots
	lookups   []lookup // one a worker
	now       store.Time
}

func (f *Filter) newRun(roots []root, g *store.Grove, report *reporter) *filterRun {
	return &filterRun{Filter: f, roots: roots, grove: g, report: report, readers: newReaders()}
}

// meet says what there is to say of a tree when it is first used.
func (r *filterRun) meet(t *store.Tree) {
	r.report.problems(t)
	r.report.configChanged(t)
}

// place is what a walk knows of a directory: which tree its files belong to.
type place struct {
	tree   *store.Tree
	nested bool // it begins in this directory, and in no root
}

func (r *filterRun) walk(ctx context.Context) error {
	opt := walk.Options{
		Follow:        r.Follow,
		OneFileSystem: r.OneFileSystem,
		Ignore:        r.Ignore,
		Except:        r.Except,
		Mark:          store.IsStateName,
		Leave:         r.leave,
	}
	r.prepare(walk.NumWorkers(opt))
	for _, root := range r.roots {
		tree, err := r.grove.TreeOf(root.real, nil)
		if err != nil {
			return err
		}
		r.places = append(r.places, &place{tree: tree})
	}
	visit := func(d *walk.Dir) { r.visit(ctx, d) }
	return walk.Walk(ctx, walkRoots(r.roots), opt, visit, func(d *walk.Dir) error {
		for _, err := range d.Errs {
			r.report.warn(err)
		}
		if len(d.Out) == 0 {
			return nil
		}
		_, err := r.out.Write(d.Out)
		return err
	})
}

func (r *filterRun) prepare(workers int) {
	r.now = present()
	r.lookups = make([]lookup, workers)
	for i := range r.lookups {
		r.lookups[i].met = r.met
		r.lookups[i].full = r.full
	}
}

// visit judges the files of one directory.
func (r *filterRun) visit(ctx context.Context, d *walk.Dir) {
	root := &r.roots[d.Root]
	real := root.real
	if d.Rel != "" {
		real = strings.TrimSuffix(real, "/") + "/" + d.Rel
	}
	at, below := d.Context.(*place)
	if !below {
		at = r.places[d.Root]
		d.Context = at
	}
	if d.Rel != "" && d.Part == 0 && r.grove.IsTree(real, d.Marks) {
		at = r.nest(real)
		d.Context = at
	}
	look := &r.lookups[d.Worker]
	look.enter(at.tree, real)
	look.found = look.found[:0]
	f := finding{prefix: root.prefix, rel: d.Rel}
	for i := range d.Files {
		file := &d.Files[i]
		mtime := store.Time{Sec: file.Sec, Nsec: file.Nsec}
		r.judge(look, &f, file.Name, mtime, targetTime(mtime, file.TargetSec, file.TargetNsec))
		if f.NeedsWork() {
			f.name = file.Name
			look.found = append(look.found, f)
		}
	}
	d.Errs = append(d.Errs, r.read(ctx, look.found)...)
	r.judged(d, at, look.found)
	if r.Examined != nil {
		r.Examined.Add(int64(len(d.Files)))
	}
}

// emit writes what needs work.
func (r *filterRun) emit(out *[]byte, found []finding) (warns []error) {
	for i := range found {
		f := &found[i]
		if !f.NeedsWork() {
			continue
		}
		if r.Check {
			r.found.Store(true)
			r.stop(errFound)
			return warns
		}
		line, err := r.line(*out, f)
		if err != nil {
			warns = append(warns, err)
			continue
		}
		r.found.Store(true)
		*out = line
	}
	return warns
}

// line appends what is printed of a file.
func (r *filterRun) line(b []byte, f *finding) ([]byte, error) {
	if r.JSON {
		return appendLine(b, f), nil
	}
	start := len(b)
	b = f.appendPath(b)
	err := terminate(&b, start, r.OutDelimiter)
	return b, err
}

func (r *filterRun) nest(dir string) *place {
	tree, fresh := r.grove.Nested(dir)
	return &place{tree, fresh}
}

// leave gives up a nested tree once the walk is done with it, so that any
// number of them can be met.
func (r *filterRun) leave(context any) {
	at := context.(*place)
	if !at.nested {
		return
	}
	r.left(at.tree)
	if err := r.grove.Release(at.tree); err != nil {
		r.report.warn(err)
	}
}

// pathError is what is wrong with one path.
type pathError struct {
	path string
	err  error
}

func (e *pathError) Error() string { return e.path + ": " + e.err.Error() }
func (e *pathError) Unwrap() error { return e.err }
