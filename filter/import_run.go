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
	*recorder
	root  root
	at    walk.Root
	base  *store.Treestamps // whose config counts
	files []*store.Treestamps
	past  *past

	stampReaders []stampReader // one a worker
	covered      chan []coveredFile
	sent         atomic.Int64 // files given to the commit
	pending      atomic.Int64 // files not covered
	before       atomic.Int64 // files with a stamp of ours
}

// storied is what the walk knows of a directory.
type storied struct {
	*importRun
	ctx   context.Context
	tree  *store.Tree
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
	err := recordAll(ctx, r.recorder, next, r.stat)
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
	r.stampReaders = make([]stampReader, walk.NumWorkers(opt))
	for i := range r.stampReaders {
		r.stampReaders[i].met, r.stampReaders[i].voids = r.report.problems, true
	}
	tree, err := r.targets.grove.TreeOf(r.root.real, nil)
	if err != nil {
		return err
	}
	top := &storied{importRun: r, ctx: ctx, tree: tree, until: r.past.at("")}
	return walk.Walk(ctx, []walk.Root{r.at}, opt, top, func(err error) error {
		r.report.warn(err)
		return nil
	})
}

// Visit implements walk.Visitor.
func (s *storied) Visit(d *walk.Dir) walk.Visitor {
	at := s
	if d.Part == 0 && d.Rel != "" {
		at = s.enter(d, strings.TrimSuffix(s.root.real, "/")+"/"+d.Rel)
	}
	if files := at.visit(d); len(files) > 0 {
		select {
		case s.covered <- files:
		case <-s.ctx.Done():
		}
	}
	return at
}

// visit judges the files of one directory.
func (at *storied) visit(d *walk.Dir) (covered []coveredFile) {
	r := at.importRun
	real := strings.TrimSuffix(r.root.real, "/")
	prefix := ""
	if d.Rel != "" {
		prefix = d.Rel + "/"
	}
	stamps := &r.stampReaders[d.Worker]
	stamps.enter(at.tree, strings.TrimSuffix(real+"/"+d.Rel, "/"))
	for i := range d.Files {
		file := &d.Files[i]
		mtime := store.Time{Sec: file.Sec, Nsec: file.Nsec}
		until := r.past.at(prefix + file.Name)
		if at.until.Compare(until) > 0 {
			until = at.until
		}
		standing, stamp := stamps.standing(file.Name)
		ours := Evidence{Standing: standing, Stamp: stamp, Mtime: mtime, Now: r.past.now}
		theirs := Evidence{Standing: store.Stamped, Stamp: store.Stamp{Time: until}, Mtime: mtime, Now: r.past.now}
		switch {
		case !Judge(DetectNewer, &ours).NeedsWork():
			r.before.Add(1)
		case standing != store.Unknown, at.other, until == store.Time{}, Judge(DetectNewer, &theirs).NeedsWork():
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
func (s *storied) enter(d *walk.Dir, real string) *storied {
	at := *s
	if t := s.past.at(d.Rel); t.Compare(at.until) > 0 {
		at.until = t
	}
	if grove := s.targets.grove; grove.IsTree(real, d.Marks) {
		at.tree, _ = grove.Nested(real)
		err := otherConfig(at.tree)
		if at.other = err != nil; at.other {
			d.Errs = append(d.Errs, err)
		}
	}
	if at == *s {
		return s
	}
	return &at
}

// stat stats each file again: what changed since it was judged stays pending.
func (r *importRun) stat(_ int, files []coveredFile) (t triage) {
	st := r.targets.newStatter()
	defer st.close()
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
	text := fmt.Sprintf("%s taken over, ", counted(r.stamped, "stamp"))
	if n := r.before.Load(); n > 0 {
		text += fmt.Sprintf("%d known before, ", n)
	}
	pending := r.pending.Load() + r.sent.Load() - int64(r.stamped)
	text += fmt.Sprintf("%d pending, %d gone, %d unreadable", pending, gone, unread)
	r.report.notice(&pathError{r.root.real, errors.New(text)})
	if flags := r.walkFlags(); flags != "" {
		r.report.notice(&pathError{r.root.real, errors.New("what treestamps looked at is told by flags here: " + flags)})
	}
}

// walkFlags words the walk that treestamps made as flags of the filter.
func (r *importRun) walkFlags() string {
	var flags []string
	for _, f := range r.files {
		for _, glob := range f.Ignore {
			flags = append(flags, "--ignore "+shellWord(glob))
		}
		if f.Follow {
			flags = append(flags, "--follow")
		}
	}
	slices.Sort(flags)
	return strings.Join(slices.Compact(flags), " ")
}
