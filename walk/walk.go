package walk

import (
	"context"
	"strings"
	"sync"
)

// Root is one tree to walk.
type Root struct {
	// Path is the directory as the user wrote it. It is followed if it is a
	// symlink, and is how errors name what is below it.
	Path string

	// Only, when not empty, makes the walk just this one file in Path: a root
	// that is a file. It is followed if it is a symlink, whatever the Choice.
	Only string

	// Skip holds paths relative to Path, separated by '/', of files and
	// directories that are passed over entirely: other roots nested in this one.
	Skip map[string]bool
}

// File is one regular file of the directory that is being visited.
type File struct {
	Name string // base name, raw bytes
	Sec  int64  // mtime; of a followed link, the later of its own and its target's
	Nsec int32

	// Mtime of what a followed link leads to. Where it is not that above, the
	// link is the younger one. Of anything else it is that above.
	TargetNsec int32
	TargetSec  int64
}

// Options say how to walk.
type Options struct {
	Workers       int     // how many visits may run at once; with 0 a Crew decides
	Follow        bool    // follow symlinks to files and directories
	OneFileSystem bool    // do not enter directories on another file system than their root's
	Choice        *Choice // which files to look at
	Except        FileID  // a file to pass over, under whatever name; zero is none

	// Pick asks the visitors, which must be Pickers, what files they want.
	Pick bool

	// Mark picks out names: entries of any type that it accepts are listed in
	// Dir.Marks, and files of such a name are never in Dir.Files. It is called
	// by several goroutines at once.
	Mark func(name string) bool
}

// Dir is what a visit gets: the regular files of one directory, by name. A
// directory of very many files is visited in parts, by several workers at once.
type Dir struct {
	Root   int      // index into the roots
	Rel    string   // path relative to the root, separated by '/'; "" for the root itself
	Part   int      // 0 for the first, or only, part
	Worker int      // 0 <= Worker < MaxWorkers: the visitor may keep state per worker without locks
	Files  []File   // valid during the visit only
	Marks  []string // names that Options.Mark accepted, complete in every part
	Errs   []error  // what could not be examined; the visit may append to it
	then   output
}

// A Visitor gets directories of a walk.
type Visitor interface {
	// Visit gets a directory, and returns the visitor of its later parts and of its
	// subdirectories; nil is this one. What the visit of a later part returns is
	// not looked at.
	Visit(d *Dir) (below Visitor)
}

// A Lister is a Visitor that may know the names in a directory, so that it need not be
// read. Its List is asked in place of the disk, before Visit; with Options.Follow it
// is not asked.
type Lister interface {
	Visitor
	// List returns the names that reading the directory would show, each kind in byte
	// order: those that are certain to be of subdirectories, and all others. opened is
	// the directory as it was just now. The slices are the walk's until List is called
	// again for the same worker. It returns false where it is not certain.
	List(d *Dir, opened *Info) (subs, others []string, ok bool)
}

// A Picker is a Visitor that does not want every file. It is asked with Options.Pick.
type Picker interface {
	Visitor
	// Pick returns which files of a directory are wanted, by name, once its names are
	// known and before any is statted: d has its Marks by then. The others are neither
	// statted nor visited where it is certain without a stat what they are.
	Pick(d *Dir) (wants func(name string) bool)
}

// VisitFunc is a Visitor of all directories.
type VisitFunc func(d *Dir)

// Visit implements Visitor.
func (f VisitFunc) Visit(d *Dir) Visitor {
	f(d)
	return nil
}

// Then has f called when it is the directory's turn in walk order, on the goroutine
// that called Walk. size is about how many bytes wait for that in f. The Dir is not
// f's to use: its worker is at another one by then.
func (d *Dir) Then(size int, f func() error) { d.then = output{size: size, then: f} }

// partSize is how many entries of a directory are looked at in one go, so that the
// largest do not leave the other workers with nothing to do.
const partSize = 4096

// shortPart is that where each look is a wait: a part takes about as long as some
// directories then. Tests set it.
var shortPart = 32

// walker is what all workers of one walk share.
type walker struct {
	opt   Options
	roots []Root
	queue *queue
	crew  *Crew
}

// Walk visits every directory below the roots, in any order and by several
// workers at once. In walk order, the roots in the order given, it then calls what
// the visits have set with Dir.Then, after report with each of the directory's
// errors.
//
// Both are called on the goroutine that called Walk, as soon as everything before
// was visited. While one of them blocks the visits go on until a few megabytes wait
// for it. A directory that cannot be opened is not visited, only reported.
//
// Walk returns their first error, else ctx.Err(). Either ends it early.
func Walk(ctx context.Context, roots []Root, opt Options, top Visitor, report func(error) error) error {
	w := &walker{opt: opt, roots: roots}
	var workers sync.WaitGroup
	w.crew = NewCrew(opt.Workers, func(m *Meter) { workers.Go((&worker{walker: w, meter: m}).run) })
	w.queue = newQueue(len(roots), top, w.crew)
	defer context.AfterFunc(ctx, w.queue.stop)()

	w.crew.Start()
	// Also when report panics, or ends its goroutine: no worker outlives Walk.
	defer func() {
		w.queue.stop()
		workers.Wait()
		w.queue.drop()
	}()
	if err := w.queue.drain(report); err != nil {
		return err
	}
	return ctx.Err()
}

// join puts a relative path below a root as the user wrote it.
func join(root, rel string) string {
	switch {
	case rel == "" || root == "":
		return root + rel
	case strings.HasSuffix(root, "/"):
		return root + rel
	}
	return root + "/" + rel
}
