package filter

import (
	"context"
	"errors"
	"io"
	"iter"
	"sync/atomic"

	"treefilter/store"
	"treefilter/walk"
)

// Selection is the files that a flow is about: those below the roots, or those that
// a stream names.
type Selection struct {
	Options
	// In, where not nil, is read for paths; the roots then only name trees.
	In io.Reader
	// InDelimiter is what ends each path in In.
	InDelimiter walk.Delimiter
	// Ignore passes over what it matches.
	Ignore *walk.Ignore
	// Follow follows symbolic links met in a walk.
	Follow bool
	// OneFileSystem keeps a walk on the file system of its root.
	OneFileSystem bool
	// Except is a file that is passed over: the one that the output goes to. The
	// zero FileID is none.
	Except walk.FileID
	// Examined, where not nil, counts the files judged so far.
	Examined *atomic.Int64
}

// Pending yields the path of each file that needs work, in the order of the walk or of
// the stream. An error is the last that it yields; what is wrong with one path goes to
// Warn. The stamps that count are those there were when it began.
func (s *Selection) Pending(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		if err := s.pending(ctx, yield); err != nil && err != errBreak {
			yield("", err)
		}
	}
}

func (s *Selection) pending(ctx context.Context, yield func(string, error) bool) (err error) {
	roots, lost, err := parseRoots(s.Roots)
	if err != nil {
		return err
	}
	g, err := s.openGrove(dirs(roots))
	if err != nil {
		return err
	}
	report := newReporter(&s.Options, allNews)
	for b, err := range newSelector(s, roots, g, report).batches(ctx) {
		if err != nil {
			return errors.Join(err, g.Close())
		}
		for i := range b.found {
			if f := &b.found[i]; f.NeedsWork() && !yield(f.path(), nil) {
				g.Close() // nothing was written
				return errBreak
			}
		}
	}
	return errors.Join(g.Close(), lost.err())
}

// selector judges the files of a Selection.
type selector struct {
	*Selection
	roots   []root
	grove   *store.Grove
	report  *reporter
	voids   bool       // find also the stamps that do not count
	every   bool       // yield also directories in which nothing was found
	keep    bool       // leave trees open in which something was found
	refresh *refresher // gives files that were only touched a new stamp; nil for none
	readers readers
	now     store.Time
}

func newSelector(s *Selection, roots []root, g *store.Grove, report *reporter) *selector {
	return &selector{Selection: s, roots: roots, grove: g, report: report, readers: newReaders(), now: present()}
}

// batch is what was found in one directory, or in the paths of one read, in order.
type batch struct {
	// Files that need work, and those that were read and turned out not to.
	found []finding

	// Of a walk:
	tree  *store.Tree
	files int  // how many were judged
	done  bool // no more of the tree is to come, which is nested in another
}

// errBreak ends a selection that was broken off.
var errBreak = errors.New("selection ended")

// batches yields what is found, a walk's findings in walk order, a stream's in that of
// the paths. An error is the last that it yields; what is wrong with one path is
// warned of.
func (s *selector) batches(ctx context.Context) iter.Seq2[batch, error] {
	if s.In != nil {
		return s.stream(ctx)
	}
	return s.walk(ctx)
}

func (s *selector) newStampReader() stampReader {
	return stampReader{voids: s.voids, met: s.report.meet}
}

func (s *selector) count(files int) {
	if s.Examined != nil {
		s.Examined.Add(int64(files))
	}
}

// read lets the content decide about the files that were only touched, as far as is
// known by then.
func (s *selector) read(ctx context.Context, found []finding) (warns []error) {
	var touched []*finding
	for i := range found {
		if found[i].Reason == Touched {
			touched = append(touched, &found[i])
		}
	}
	if len(touched) == 0 {
		return nil
	}
	errs := make([]error, len(touched))
	s.readers.each(len(touched), func(i int) {
		f := touched[i]
		if s.refresh != nil {
			f.before = s.refresh.stat(f.filePath)
		}
		f.Content, errs[i] = compare(ctx, f.path(), f.recorded)
		f.Reason = Judge(s.Detect, &f.Evidence)
	})
	for _, err := range errs {
		if err != nil && ctx.Err() == nil {
			warns = append(warns, err)
		}
	}
	return warns
}
