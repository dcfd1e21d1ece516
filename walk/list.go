package walk

import (
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
	"syscall"

	"github.com/karrick/godirwalk"
)

// errMoved is reported of a directory that is another now than was read.
var errMoved = errors.New("moved or replaced while it was read")

// maxTries bounds how often a directory is read that is replaced each time.
const maxTries = 8

// list reads a directory, and stats as many of its entries as one part is.
//
// Another program may put another directory in its place meanwhile, and empty the old one:
// it would seem to hold no work, though at no time there was none. So it counts
// only if its path still leads to it after the last stat; else what is there now
// is opened and read, and returned. False means that it cannot be opened.
func (w *worker) list(d *directory, f folder) (folder, bool) {
	path := w.path(d)
	for try := 1; ; try++ {
		w.listed = try == 1 && w.recall(d)
		if !w.listed {
			w.read(d, f, path)
			sortNames(w.entries)
		}
		w.pick(d)
		w.statFirst(d, f)
		switch {
		case w.queue.stopped.Load(), d.root.moved.Load():
			return f, true
		case w.listed && w.missing: // it has changed since it was opened, or the list is wrong
		case w.listed && len(w.subs) == 0, w.leadsTo(path, d):
			return f, true
		case try == maxTries:
			w.failMoved(d)
			return f, true
		}
		w.forget()
		if f.close(); d.parent == nil {
			d.root.open = false
		}
		var ok bool
		if f, ok = w.open(d); !ok {
			return f, false
		}
	}
}

// statFirst stats the entries of the first part.
func (w *worker) statFirst(d *directory, f folder) {
	for w.looked = 0; w.looked < min(w.queue.partSize(), len(w.entries)); w.looked++ {
		w.stat(d, f, w.entries[w.looked].name)
		w.meter.Look()
	}
}

// recall takes the names from the visitor in place of the disk, if it knows them.
//
// They are those of the moment at which the directory was opened. So where all files
// are still there it does not matter that another directory may have taken its place
// since: it is as if the walk had come by a little earlier. Its subdirectories are yet
// to be opened, by their path.
func (w *worker) recall(d *directory) bool {
	lister, ok := d.visitor.(Lister)
	if !ok || w.opt.Follow {
		return false
	}
	subs, others, ok := lister.List(&w.dir, &w.opened)
	if !ok {
		return false
	}
	w.entries = w.entries[:0]
	for _, name := range others {
		w.take(d, name, 0) // no directory; what else shows in its stat
	}
	for _, name := range subs {
		w.take(d, name, fs.ModeDir)
	}
	return true
}

// pick leaves out the files that the visitor does not want, as far as they are known.
func (w *worker) pick(d *directory) {
	if !w.opt.Pick {
		return
	}
	wants := d.visitor.(Picker).Pick(&w.dir)
	w.entries = slices.DeleteFunc(w.entries, func(e entry) bool { return e.file && !wants(e.name) })
}

// forget gives up what was read.
func (w *worker) forget() {
	w.subs, w.missing = w.subs[:0], false
	w.dir.Files, w.dir.Marks, w.dir.Errs = w.dir.Files[:0], nil, nil
}

// leadsTo reports whether a directory's path still leads to it.
func (w *worker) leadsTo(path string, d *directory) bool {
	id, err := w.sys.identifyPath(path)
	if errors.Is(err, syscall.ENAMETOOLONG) {
		var f folder
		if f, err = w.openFolder(d); err == nil {
			var info Info
			info, err = w.sys.inspect(f)
			id = info.FileID
			f.close()
		}
	}
	return err == nil && id == d.id
}

// failMoved notes that another directory than was read is there now. Where the root
// is another one so is all that is below it: that is said once.
func (w *worker) failMoved(d *directory) {
	top := d
	for top.parent != nil {
		top = top.parent
	}
	if w.leadsTo(w.path(top), top) {
		w.fail("read", d.rel, errMoved)
	} else if !d.root.moved.Swap(true) {
		w.fail("read", "", errMoved)
	}
}

// path is a directory's path, with a slash after it.
func (w *worker) path(d *directory) string {
	root := strings.TrimSuffix(w.roots[d.root.index].Path, "/")
	if d.rel == "" {
		return root + "/"
	}
	return root + "/" + d.rel + "/"
}

// read collects a directory's names. What was read before an error counts.
//
// godirwalk opens a directory once more, by its path. That may lead to another
// one by now, also through a symlink, or be too long, and then the names are those
// that the open folder has. The slash after it is for what is no directory any
// more: a FIFO would not return from being opened, and a device may act on it.
func (w *worker) read(d *directory, f folder, path string) {
	w.entries = w.entries[:0]
	if w.scratch == nil {
		w.scratch = make([]byte, 64<<10)
	}
	s, err := godirwalk.NewScannerWithScratchBuffer(path, w.scratch)
	if err != nil {
		w.readFolder(d, f)
		return
	}
	if !w.sys.scans(s, d.id) {
		_ = s.Close() // nothing was read
		w.readFolder(d, f)
		return
	}
	for s.Scan() && !w.queue.stopped.Load() {
		w.take(d, s.Name(), w.listedAs(d, s))
	}
	// On Windows the scanner takes the end of the directory for an error.
	if err := s.Err(); err != nil && err != io.EOF {
		w.fail("read", d.rel, err)
	}
}

// readFolder collects the names of the folder that is open.
func (w *worker) readFolder(d *directory, f folder) {
	names, err := f.names()
	for _, name := range names {
		w.take(d, name, unknownType)
	}
	if err != nil {
		w.fail("open", d.rel, err)
	}
}

// unknownType is that of a name which only a stat knows.
const unknownType = fs.ModeIrregular

// take sorts out one name.
func (w *worker) take(d *directory, name string, listed fs.FileMode) {
	if w.marked(name) {
		w.dir.Marks = append(w.dir.Marks, name)
	}
	switch {
	case listed.IsRegular() && w.passedOver(d, name, false):
	case !listed.IsDir():
		w.entries = append(w.entries, entry{name: name, file: listed.IsRegular()})
	case !w.passedOver(d, name, true):
		w.subs = append(w.subs, name)
	}
}

// listedAs returns the type of most subdirectories, and of most files that are passed
// over, which spares a stat of each. The scanner knows that of every name, but passing
// it on costs an allocation: names with a dot in them are mostly files, and are asked
// about only where a file would be passed over, or may not be wanted.
func (w *worker) listedAs(d *directory, s *godirwalk.Scanner) fs.FileMode {
	if name := s.Name(); strings.IndexByte(name, '.') >= 0 && !w.opt.Pick && !w.passedOver(d, name, false) {
		return unknownType
	}
	e, err := s.Dirent()
	if err != nil {
		return unknownType
	}
	return e.ModeType()
}
