package filter

import (
	"context"
	"runtime"

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
	workers := runtime.GOMAXPROCS(0)
	r.prepare(workers)
	if r.selection = r.roots; len(r.roots) == 0 {
		cwd, err := store.RealDir(".")
		if err != nil {
			return err
		}
		r.selection = []root{{real: cwd}}
	}
	in := walk.NewReader(r.In, r.InDelimiter)
	return ordered(ctx, workers, in.Next, r.judgeBatch, func(j judged) error {
		for _, err := range j.warns {
			r.report.warn(err)
		}
		_, err := r.out.Write(j.out)
		return err
	}, outputLag, r.out.Flush)
}

func (r *filterRun) judgeBatch(worker int, batch walk.Batch) (j judged) {
	look := &r.lookups[worker]
	for _, path := range batch.Paths {
		needsWork, err := r.judgePath(look, path)
		if err != nil {
			j.warns = append(j.warns, err)
		}
		if !needsWork {
			continue
		}
		if r.Check {
			r.found.Store(true)
			r.stop(errFound)
			return j
		}
		start := len(j.out)
		j.out = append(j.out, operand(path)...)
		if err := r.terminate(&j.out, start); err != nil {
			j.warns = append(j.warns, err)
		}
	}
	if r.Examined != nil {
		r.Examined.Add(int64(len(batch.Paths)))
	}
	return j
}

// judgePath judges one path as stdin gave it. Directories are passed over, so
// that find needs no flags in front of treefilter.
func (r *filterRun) judgePath(look *lookup, path string) (needsWork bool, err error) {
	info, err := walk.Stat(path)
	switch {
	case err != nil:
		return false, err
	case info.IsDir:
		return false, nil
	case !info.Regular:
		return false, &pathError{path, errNotRegular}
	}
	given, name := splitGiven(path)
	if given != look.given || look.dir == "" {
		dir, _, err := r.grove.Locate(path)
		if err != nil {
			return true, err
		}
		look.enter(r.grove.Chain(dir), dir)
		look.given, look.dir = given, dir
	}
	if store.IsStateName(name) || r.ignored(look.dir, name) {
		return false, nil
	}
	stamp, stamped := look.time(name)
	mtime := store.Time{Sec: info.Sec, Nsec: info.Nsec}
	return Judge(stamp, stamped, mtime, r.now).NeedsWork(), nil
}

// ignored tells whether a pattern matches the path, taken from the deepest
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
