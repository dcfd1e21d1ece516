package filter

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync/atomic"

	"treefilter/store"
	"treefilter/walk"
)

// importRun is the import into the tree of one root: a walk finds the files
// that an old stamp covers, and a commit records them.
type importRun struct {
	*Import
	*commitRun
	root  root
	at    walk.Root
	base  *store.Treestamps // whose config counts
	files []*store.Treestamps
	past  *past

	top     *storied
	lookups []lookup // one a worker
	covered chan []coveredFile
	sent    atomic.Int64 // files given to the commit
	pending atomic.Int64 // files not covered
	before  atomic.Int64 // files with a stamp of ours
}

// storied is what the walk knows of a directory.
type storied struct {
	place
	until store.Time // the greatest stamp on the way up to the root
	other bool       // begins, or lies in, a tree of ours under another config
}

// coveredFile is a file whose mtime is not newer than the stamp that covers it.
type coveredFile struct {
	path  string
	mtime store.Time
}

func (r *importRun) run(ctx context.Context) error {
	r.sayVoid(r.base)
	for _, f := range r.files {
		for _, err := range f.Bad {
			r.report.warn(err)
		}
		if more := f.Unread - len(f.Bad); more > 0 {
			r.report.warn(&pathError{f.File, fmt.Errorf("%d more such entries", more)})
		}
	}
	walking, stop := context.WithCancel(ctx)
	defer stop()
	r.covered = make(chan []coveredFile)
	ended := make(chan error, 1)
	go func() {
		ended <- r.walk(walking)
		close(r.covered)
	}()
	next := func() ([]coveredFile, error) {
		if files, more := <-r.covered; more {
			return files, nil
		}
		return nil, io.EOF
	}
	err := ordered(ctx, lookers(), next, r.look, r.record, tickPeriod, r.tick)
	stop()
	for range r.covered { // a visit may be waiting
	}
	if walkErr := <-ended; err == nil {
		err = walkErr
	}
	if err = errors.Join(err, r.finish(err)); err != nil {
		return err
	}
	r.summarize()
	return nil
}

// walk finds what is covered.
func (r *importRun) walk(ctx context.Context) error {
	opt := walk.Options{Follow: r.Follow, Mark: store.IsStateName}
	r.lookups = make([]lookup, walk.NumWorkers(opt))
	for i := range r.lookups {
		r.lookups[i].met, r.lookups[i].full = r.report.problems, true
	}
	tree, err := r.grove.TreeOf(r.root.real, nil)
	if err != nil {
		return err
	}
	r.top = &storied{place: place{tree: tree}, until: r.past.at("")}
	return walk.Walk(ctx, []walk.Root{r.at}, opt, func(d *walk.Dir) {
		if files := r.visit(d); len(files) > 0 {
			select {
			case r.covered <- files:
			case <-ctx.Done():
			}
		}
	}, func(d *walk.Dir) error {
		for _, err := range d.Errs {
			r.report.warn(err)
		}
		return nil
	})
}

// visit judges the files of one directory.
func (r *importRun) visit(d *walk.Dir) (covered []coveredFile) {
	real := strings.TrimSuffix(r.root.real, "/")
	prefix := ""
	if d.Rel != "" {
		prefix = d.Rel + "/"
	}
	at, inner := d.Context.(*storied)
	if !inner {
		at = r.top
	}
	if d.Part == 0 {
		at = r.enter(d, at, real+"/"+d.Rel)
	}
	look := &r.lookups[d.Worker]
	look.enter(at.tree, strings.TrimSuffix(real+"/"+d.Rel, "/"))
	for i := range d.Files {
		file := &d.Files[i]
		mtime := store.Time{Sec: file.Sec, Nsec: file.Nsec}
		until := r.past.at(prefix + file.Name)
		if at.until.Compare(until) > 0 {
			until = at.until
		}
		standing, stamp := look.standing(file.Name)
		switch {
		case standing == store.Stamped && stamp.Covers(mtime, r.past.now):
			r.before.Add(1)
		case standing != store.Unknown, at.other, until == store.Time{}, !(store.Stamp{Time: until}).Covers(mtime, r.past.now):
			// What we know of a file is younger than what treestamps knew: it may
			// have failed since.
			r.pending.Add(1)
		default:
			covered = append(covered, coveredFile{r.root.prefix + prefix + file.Name, mtime})
		}
	}
	r.sent.Add(int64(len(covered)))
	return covered
}

// enter returns what holds from a directory on down.
func (r *importRun) enter(d *walk.Dir, outer *storied, real string) *storied {
	at := *outer
	if d.Rel == "" {
		d.Context = outer
		return outer
	}
	if t := r.past.at(d.Rel); t.Compare(at.until) > 0 {
		at.until = t
	}
	if r.grove.IsTree(real, d.Marks) {
		at.tree, _ = r.grove.Nested(real)
		err := otherConfig(at.tree)
		if at.other = err != nil; at.other {
			d.Errs = append(d.Errs, err)
		}
	}
	if at == *outer {
		return outer
	}
	d.Context = &at
	return &at
}

// look looks at each file again: what changed since it was judged stays
// pending.
func (r *importRun) look(_ int, files []coveredFile) (l looked) {
	var at spot
	defer at.look.Close()
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

// summarize says what became of the files, and how to go on.
func (r *importRun) summarize() {
	unread := 0
	for _, f := range r.files {
		unread += f.Unread
	}
	gone := 0
	if r.root.only == "" {
		gone = r.past.gone(r.root)
	}
	text := fmt.Sprintf("%s taken over, ", Counted(r.stamped, "stamp"))
	if n := r.before.Load(); n > 0 {
		text += fmt.Sprintf("%d known before, ", n)
	}
	pending := r.pending.Load() + r.sent.Load() - int64(r.stamped)
	text += fmt.Sprintf("%d pending, %d gone, %d unreadable", pending, gone, unread)
	r.report.notice(&pathError{r.root.real, errors.New(text)})
	walked := &WalkNotice{Root: r.root.real}
	for _, f := range r.files {
		walked.Ignore = append(walked.Ignore, f.Ignore...)
		walked.Follow = walked.Follow || f.Follow
	}
	slices.Sort(walked.Ignore)
	walked.Ignore = slices.Compact(walked.Ignore)
	if walked.Follow || len(walked.Ignore) > 0 {
		r.report.notice(walked)
	}
}
