package filter

import (
	"context"

	"treefilter/store"
	"treefilter/walk"
)

// judged is what became of one batch of paths.
type judged struct {
	out   []byte
	warns []error
}

// judgeStream judges the paths that In brings, and writes those that need work
// in their order.
func (r *filterRun) judgeStream(ctx context.Context) error {
	workers := lookers()
	r.prepare(workers)
	if r.selection = r.roots; len(r.roots) == 0 {
		cwd, err := store.RealDir(".")
		if err != nil {
			return err
		}
		r.selection = []root{{real: cwd}}
	}
	in := walk.NewReader(r.In, r.InDelimiter)
	judge := func(worker int, batch walk.Batch) judged { return r.judgeBatch(ctx, worker, batch) }
	return ordered(ctx, workers, in.Next, judge, func(j judged) error {
		for _, err := range j.warns {
			r.report.warn(err)
		}
		_, err := r.out.Write(j.out)
		return err
	}, outputLag, r.out.Flush)
}

func (r *filterRun) judgeBatch(ctx context.Context, worker int, batch walk.Batch) (j judged) {
	look := &r.lookups[worker]
	defer look.looker.Close()
	look.found = look.found[:0]
	for _, path := range batch.Paths {
		f, err := r.judgePath(look, path)
		if err != nil {
			j.warns = append(j.warns, err)
		}
		if f.NeedsWork() {
			look.found = append(look.found, f)
		}
	}
	j.warns = append(j.warns, r.read(ctx, look.found)...)
	j.warns = append(j.warns, r.emit(&j.out, look.found)...)
	if r.Examined != nil {
		r.Examined.Add(int64(len(batch.Paths)))
	}
	return j
}

// judgePath judges one path as stdin gave it. Directories are passed over, so
// that find needs no flags in front of treefilter.
func (r *filterRun) judgePath(look *lookup, path string) (f finding, err error) {
	f.name = operand(path)
	info, err := look.looker.Stat(path)
	f.Mtime = store.Time{Sec: info.Sec, Nsec: info.Nsec}
	switch {
	case err != nil:
		f.Reason = NoFile
		return f, err
	case info.IsDir:
		f.Reason = IsDirectory
		return f, nil
	case !info.Regular:
		f.Reason = NoFile
		return f, &pathError{path, errNotRegular}
	case r.Except == info.FileID && r.Except != walk.FileID{}:
		f.Reason = Ignored
		return f, nil
	}
	given, name := splitGiven(path)
	if given != look.given || look.dir == "" {
		dir, _, err := r.grove.Locate(path)
		if err != nil {
			return f, err // and no stamp
		}
		// A file in no tree has no stamp.
		tree, _ := r.grove.TreeOf(dir, look.looker.Beside)
		look.enter(tree, dir)
		look.given, look.dir = given, dir
	}
	switch {
	case store.IsStateName(name):
		f.Reason = IsState
		return f, nil
	case walk.SillyRenamed(name):
		f.Reason = IsRemoved
		return f, nil
	case r.ignored(look.dir, name):
		f.Reason = Ignored
		return f, nil
	}
	r.judge(look, &f, name, f.Mtime, targetTime(f.Mtime, info.TargetSec, info.TargetNsec))
	return f, nil
}

// ignored reports whether a pattern matches the path, taken from the deepest
// root on that it lies in.
func (r *filterRun) ignored(dir, name string) bool {
	if r.Ignore == nil {
		return false
	}
	deepest, rel := -1, name
	for _, at := range r.selection {
		below, ok := relative(root{real: dir, only: name}, at)
		if ok && len(at.real) > deepest {
			deepest, rel = len(at.real), below
		}
	}
	return r.Ignore.MatchPath(rel)
}
