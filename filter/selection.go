package filter

import (
	"context"
	"io"
	"iter"
	"sync/atomic"

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
	// Choice is which of these files are looked at.
	Choice *walk.Choice
	// Shard is this run's share of them.
	Shard Shard
	// Follow follows symbolic links met in a walk.
	Follow bool
	// OneFileSystem keeps a walk on the file system of its root.
	OneFileSystem bool
	// NoListings has every directory read, whatever is remembered of it.
	NoListings bool
	// Force lets every file need work, whatever its stamp.
	Force bool
	// Except is a file that is passed over: the one that the output goes to. The
	// zero FileID is none.
	Except walk.FileID
	// Examined, where not nil, counts the files judged so far, UpToDate those of them
	// that need no work.
	Examined, UpToDate *atomic.Int64
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

func (s *Selection) pending(ctx context.Context, yield func(string, error) bool) error {
	selected, lost, err := s.open()
	if err != nil {
		return err
	}
	defer selected.grove.Close() // nothing was written
	for b, err := range selected.batches(ctx) {
		if err != nil {
			return err
		}
		for i := range b.found {
			if f := &b.found[i]; f.NeedsWork() && !yield(f.path(), nil) {
				return errBreak
			}
		}
	}
	return lost.err()
}

// open opens the trees of the roots that can be read.
func (s *Selection) open() (*selector, lostRoots, error) {
	roots, lost, err := parseRoots(s.Roots)
	if err != nil {
		return nil, nil, err
	}
	g, err := s.openGrove(dirs(roots))
	if err != nil {
		return nil, nil, err
	}
	return newSelector(s, roots, g, newReporter(&s.Options, allNews)), lost, nil
}

// batches yields what is found, a walk's findings in walk order, a stream's in that of
// the paths. An error is the last that it yields; what is wrong with one path, or one
// tree, is warned of.
func (s *selector) batches(ctx context.Context) iter.Seq2[batch, error] {
	found := s.walk(ctx)
	if s.In != nil {
		found = s.stream(ctx)
	}
	return func(yield func(batch, error) bool) {
		if err := s.Shard.Check(); err != nil {
			yield(batch{}, err)
			return
		}
		for _, t := range s.grove.Roots() {
			s.report.meet(t)
		}
		found(yield)
		for _, t := range s.grove.Trees() {
			s.report.leave(t)
		}
	}
}
