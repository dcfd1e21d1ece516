package filter

import (
	"context"
	"errors"
	"io"
	"os"
	slash "path"
	"path/filepath"
	"strings"

	"treefilter/store/state"
	"treefilter/walk"
)

// Forget drops the stamps of files, made under any config: they need work again.
type Forget struct {
	Options
	// Paths are files, and directories that stand for all below them. They need not be
	// there any more.
	Paths []string
	// In, where not nil, is read for the paths of more files. find may stand in front,
	// so a directory among them stands for nothing.
	In io.Reader
	// InDelimiter is what ends each path in In.
	InDelimiter walk.Delimiter
}

// Run drops the stamps, durably when it returns nil. A path in no tree is warned of.
func (f *Forget) Run(ctx context.Context) error {
	every := f.Options
	every.NoCheckConfig = true
	g, err := every.openGrove(nil)
	if err != nil {
		return err
	}
	r := &forgetRun{Forget: f, grove: g, report: newReporter(&f.Options, damageOnly), of: map[*state.Tree]forgotten{}}
	err = errors.Join(r.read(ctx), r.run(ctx), g.Close())
	if err == nil {
		said := Counted(r.dropped, "stamp") + " dropped"
		if r.failures > 0 {
			said += ", " + Counted(r.failures, "failure") + " forgotten"
		}
		r.report.notice(errors.New(said))
	}
	return err
}

// forgetRun is one run of a Forget.
type forgetRun struct {
	*Forget
	grove    *state.Grove
	report   *reporter
	dropped  int
	failures int

	trees []*state.Tree // those in of, in the order in which they were met
	of    map[*state.Tree]forgotten
}

// forgotten is paths relative to a tree, "" for its root, and whether each stands for
// all below it, too.
type forgotten map[string]bool

func (paths forgotten) hold(path string) bool {
	if _, named := paths[path]; named || paths[""] {
		return true
	}
	for i := range path {
		if path[i] == '/' && paths[path[:i]] {
			return true
		}
	}
	return false
}

// read reads the paths of In.
func (r *forgetRun) read(ctx context.Context) error {
	if r.In == nil {
		return nil
	}
	paths := ordered[walk.Batch, walk.Batch]{
		next:    walk.NewReader(r.In, r.InDelimiter).Next,
		work:    func(_ *walk.Meter, b walk.Batch) walk.Batch { return b },
		threads: 1,
	}
	for b, err := range paths.results(ctx) {
		if err != nil {
			return err
		}
		for _, path := range b.Paths {
			if !r.name(path, false) && !isDir(path) {
				r.report.warn(&pathError{path, state.ErrNoTree})
			}
		}
	}
	return nil
}

// name notes a path in its tree, and reports whether it lies in one. It is noted as
// its links lead, and as it is spelled: a walk that followed the links recorded that.
func (r *forgetRun) name(path string, below bool) (inTree bool) {
	for _, at := range []string{realPath(path), spelledPath(path)} {
		if path == "" || at == "" {
			continue
		}
		dir := at
		if !below {
			dir = slash.Dir(at)
		}
		t, err := r.grove.TreeOf(dir, nil)
		if err != nil || t.Origin() != state.HoldsState {
			continue
		}
		if r.of[t] == nil {
			r.of[t] = forgotten{}
			r.trees = append(r.trees, t)
		}
		inTree = true
		r.of[t][t.Below(at)] = r.of[t][t.Below(at)] || below
	}
	return inTree
}

// run drops the stamps of all paths, and those in the trees below them.
func (r *forgetRun) run(ctx context.Context) error {
	var errs []error
	for _, path := range r.Paths {
		in := r.name(path, true)
		if isDir(path) {
			nested, err := r.nested(ctx, path)
			errs = append(errs, err)
			in = in || nested
		}
		if !in {
			r.report.warn(&pathError{path, state.ErrNoTree})
		}
	}
	for _, t := range r.trees {
		errs = append(errs, r.drop(ctx, t, r.of[t]))
	}
	return errors.Join(errs...)
}

// nested drops all stamps of the trees below a directory, and reports whether there
// are any. Each is closed again: there may be thousands.
func (r *forgetRun) nested(ctx context.Context, path string) (found bool, err error) {
	at := root{real: realPath(path)}
	var errs []error
	err = walk.Walk(ctx, []walk.Root{{Path: path}}, walk.Options{Mark: state.IsStateName}, walk.VisitFunc(func(d *walk.Dir) {
		dir := at.join(d.Rel)
		if d.Rel == "" || d.Part != 0 || !r.grove.IsTree(dir, d.Marks) {
			return
		}
		d.Then(nestedSize, func() error {
			t, first := r.grove.Nested(dir)
			found, errs = true, append(errs, r.drop(ctx, t, forgotten{"": true}))
			if first {
				errs = append(errs, r.grove.Release(t))
			}
			return nil
		})
	}), func(err error) error {
		r.report.warn(err)
		return nil
	})
	return found, errors.Join(append(errs, err)...)
}

// forgetBatch is how many stamps are dropped under one lock.
const forgetBatch = 1 << 14

// drop drops the stamps of paths of one tree, whatever config they were made under.
func (r *forgetRun) drop(ctx context.Context, t *state.Tree, paths forgotten) error {
	err := t.Writable() // where it is not, there may be stamps that cannot be seen
	var batch []string
	flush := func() {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil || len(batch) == 0 {
			return
		}
		var n int
		n, err = t.Drop(batch, func(string) bool { return true })
		r.dropped += n
		batch = batch[:0]
	}
	for e := range t.Stamps() {
		if err != nil {
			break
		}
		if !paths.hold(e.Path) {
			continue
		}
		if batch = append(batch, e.Path); len(batch) == forgetBatch {
			flush()
		}
	}
	flush()
	stamps := r.dropped
	for _, path := range t.Failed() {
		if paths.hold(path) {
			batch = append(batch, path)
		}
	}
	flush()
	r.failures += r.dropped - stamps
	r.dropped = stamps
	r.report.problems(t)
	return errors.Join(err, t.Sync())
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// spelledPath returns a path, made absolute, as it is spelled; "" where only the
// links in it say where ".." leads.
func spelledPath(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil || strings.Contains("/"+filepath.ToSlash(path)+"/", "/../") {
		return ""
	}
	return filepath.ToSlash(abs)
}
