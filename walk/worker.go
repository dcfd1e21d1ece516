package walk

import (
	"errors"
	"io/fs"
	"slices"
	"syscall"
)

// errLoop is reported of a directory that a followed link leads back up to.
var errLoop = errors.New("file system loop detected")

// errNotRegular is reported of a Root's Only file.
var errNotRegular = errors.New("not a regular file")

// worker reads directories and visits them. Its buffers are used again for each.
type worker struct {
	*walker
	meter   *Meter
	sys     syscalls
	scratch []byte // godirwalk's
	entries []entry
	looked  int // at how many of them
	subs    []string
	missing bool // a name was not there any more when it was statted
	listed  bool // the names were remembered
	opened  Info // the directory, as it was when it was opened
	dir     Dir
}

func (w *worker) run() {
	for p, ok := w.queue.take(); ok; {
		p, ok = w.queue.next(p, w.do(p))
	}
}

// do visits a directory, or one part of it.
func (w *worker) do(p piece) result {
	d := p.dir
	w.dir = Dir{
		Root: d.root.index, Rel: d.rel, Part: p.part, Worker: w.meter.Worker,
		Files: w.dir.Files[:0],
	}
	w.subs, w.missing = w.subs[:0], false
	if p.part > 0 {
		return w.laterPart(p)
	}
	w.meter.Start()
	f, ok := w.open(d)
	if !ok {
		w.meter.Stop()
		return w.result()
	}
	if only := w.roots[d.root.index].Only; only != "" {
		w.only(d, f, only)
		return w.result()
	}
	return w.firstPart(d, f)
}

// open opens a directory that is to be visited; false means that it is not.
func (w *worker) open(d *directory) (folder, bool) {
	f, err := w.openFolder(d)
	if err != nil {
		w.fail("open", d.rel, err)
		return f, false
	}
	if d.parent == nil {
		d.root.folder, d.root.open = f, true // closed when the root is done
	}
	w.opened, err = w.sys.inspect(f)
	w.meter.Look()
	d.id = w.opened.FileID
	switch {
	case err != nil:
	case w.opt.OneFileSystem && d.parent != nil && d.id.Dev != d.parent.id.Dev:
		w.close(d, f)
		return f, false
	case w.opt.Follow && d.insideItself():
		err = errLoop
	default:
		return f, true
	}
	w.fail("open", d.rel, err)
	w.close(d, f)
	return f, false
}

func (w *worker) openFolder(d *directory) (folder, error) {
	if d.parent == nil {
		return w.sys.openDir(w.roots[d.root.index].Path)
	}
	return w.sys.openBelow(d.root.folder, d.rel, w.opt.Follow)
}

// close closes a directory; the root stays open for what is below it.
func (w *worker) close(d *directory, f folder) {
	if d.parent != nil {
		f.close()
	}
}

// only makes the visit that of one file, which the root is.
func (w *worker) only(d *directory, f folder, name string) {
	var info Info
	err := w.sys.statLink(f, name, true, &info)
	if err == nil && !info.Regular {
		err = errNotRegular
	}
	switch {
	case err != nil:
		w.fail("stat", name, err)
	case w.marked(name):
		w.dir.Marks = []string{name}
	default:
		w.add(name, &info)
	}
	d.visitor.Visit(&w.dir)
}

// firstPart reads a directory and visits it, or as much of it as one part is.
func (w *worker) firstPart(d *directory, f folder) result {
	d.included = d.parent != nil && (d.parent.included || w.opt.Choice.includesBelow(d.rel))
	f, ok := w.list(d, f)
	w.meter.Stop()
	if !ok {
		return w.result()
	}
	if w.queue.stopped.Load() { // not all was looked at
		w.close(d, f)
		return w.result()
	}
	if below := d.visitor.Visit(&w.dir); below != nil {
		d.visitor = below
	}

	r := w.result()
	if w.looked == len(w.entries) {
		w.close(d, f)
		return r
	}
	for _, e := range w.entries[w.looked:] {
		r.rest = append(r.rest, e.name)
	}
	r.large = &large{folder: f, marks: w.dir.Marks}
	if w.listed {
		r.large.listed = w.opened
	}
	w.entries = nil // as much memory as the largest directory needs is not kept
	return r
}

// laterPart visits some more entries of a large directory.
func (w *worker) laterPart(p piece) result {
	l := p.dir.large
	w.meter.Start()
	for _, name := range p.names {
		w.stat(p.dir, l.folder, name)
		w.meter.Look()
	}
	w.meter.Stop()
	switch {
	case !w.missing:
	case l.wrong(w.sys):
		w.fail("read", p.dir.rel, errWrongList)
	case !w.leadsTo(w.path(p.dir), p.dir) && !l.moved.Swap(true):
		w.failMoved(p.dir)
	}
	w.dir.Marks = l.marks
	if !w.queue.stopped.Load() {
		p.dir.visitor.Visit(&w.dir)
	}
	return w.result()
}

// errWrongList is reported of a directory of which a remembered name is missing, when
// it is too late to read it again.
var errWrongList = errors.New("the names that were remembered of it are wrong")

// wrong reports whether the names in a directory were remembered, and nothing in it was
// removed since it was opened, so that one that is missing was never there.
func (l *large) wrong(sys syscalls) bool {
	if l.listed == (Info{}) {
		return false
	}
	now, err := sys.inspect(l.folder)
	return err == nil && now == l.listed
}

// result is what the visit made; the buffers are the worker's again.
func (w *worker) result() result {
	slices.Sort(w.subs)
	out := w.dir.then
	out.errs = w.dir.Errs
	return result{out: out, subs: slices.Clone(w.subs)}
}

// stat finds out what a name is, and takes it as a file or a subdirectory.
func (w *worker) stat(d *directory, f folder, name string) {
	if w.queue.stopped.Load() {
		return
	}
	var info Info
	err := w.sys.statLink(f, name, w.opt.Follow, &info)
	switch {
	case err != nil && gone(err):
		w.missing = true
	case err != nil:
		w.fail("stat", join(d.rel, name), err)
	case !info.Regular && !info.IsDir, w.passedOver(d, name, info.IsDir):
	case info.IsDir:
		w.subs = append(w.subs, name)
	case w.marked(name):
	default:
		w.add(name, &info)
	}
}

// add takes a regular file, unless it is none that anybody means.
func (w *worker) add(name string, info *Info) {
	if info.FileID == w.opt.Except && info.FileID != (FileID{}) || SillyRenamed(name) {
		return
	}
	w.dir.Files = append(w.dir.Files, File{name, info.Sec, info.Nsec, info.TargetNsec, info.TargetSec})
}

func (w *worker) marked(name string) bool { return w.opt.Mark != nil && w.opt.Mark(name) }

// gone recognises a file that was removed since its name was read, and a link
// that leads nowhere.
func gone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ELOOP) || errors.Is(err, syscall.ENOTDIR)
}

// passedOver reports whether an entry is not to be walked.
func (w *worker) passedOver(d *directory, name string, dir bool) bool {
	if skip := w.roots[d.root.index].Skip; len(skip) > 0 && skip[join(d.rel, name)] {
		return true
	}
	return w.opt.Choice.passesOver(d.rel, name, dir, d.included)
}

// fail notes an error about a path. The path that the error itself names, if
// any, is not one the user knows.
func (w *worker) fail(op, rel string, err error) {
	if inner, ok := errors.AsType[*fs.PathError](err); ok {
		err = inner.Err
	}
	path := join(w.roots[w.dir.Root].Path, rel)
	w.dir.Errs = append(w.dir.Errs, &fs.PathError{Op: op, Path: path, Err: err})
}
