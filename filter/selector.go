package filter

import (
	"context"
	"errors"

	"treefilter/store/rule"
	"treefilter/store/state"
	"treefilter/walk"
)

// selector judges the files of a Selection.
type selector struct {
	*Selection
	roots   []root
	grove   *state.Grove
	report  *reporter
	voids   bool       // find also the stamps that do not count
	every   bool       // yield also directories in which nothing was found, and paths that need no work
	keep    bool       // leave trees open in which something was found
	refresh *refresher // gives files that were only touched a new stamp; nil for none
	readers readers
	now     state.Time
}

func newSelector(s *Selection, roots []root, g *state.Grove, report *reporter) *selector {
	return &selector{Selection: s, roots: roots, grove: g, report: report, readers: newReaders(s.Threads), now: present()}
}

// batch is what was found in one directory, or in the paths of one read, in order.
type batch struct {
	// Files that need work, those that were read and turned out not to, and those that
	// are given up.
	found []finding

	// Of a walk:
	tree  *state.Tree
	files int  // how many were judged
	done  bool // no more of the tree is to come, which is nested in another
}

// errBreak ends a selection that was broken off.
var errBreak = errors.New("selection ended")

func (s *selector) newStampReader() stampReader {
	return stampReader{voids: s.voids || s.GiveUp > 0, met: s.report.meet}
}

func (s *selector) newOutputNamer() *outputNamer {
	return newOutputNamer(&s.Options, s.roots, s.report)
}

// count counts files that were judged, given those that were found.
func (s *selector) count(files int, found []finding) {
	if s.Examined != nil {
		s.Examined.Add(int64(files))
	}
	if s.UpToDate == nil {
		return
	}
	for i := range found {
		if found[i].NeedsWork() || found[i].Reason == rule.GivenUp {
			files--
		}
	}
	s.UpToDate.Add(int64(files))
}

// read lets the content decide about the files that were only touched, as far as is
// known by then.
func (s *selector) read(ctx context.Context, found []finding) (warns []error) {
	var touched []*finding
	for i := range found {
		if found[i].Reason == rule.Touched {
			touched = append(touched, &found[i])
		}
	}
	if len(touched) == 0 {
		return nil
	}
	errs := make([]error, len(touched))
	s.readers.each(len(touched), func(m *walk.Meter, i int) {
		f := touched[i]
		if s.refresh != nil {
			f.before = s.refresh.stat(f.filePath)
		}
		f.Content, errs[i] = compare(ctx, m, f.path(), f.recorded)
		f.Reason = rule.Judge(s.Detect, &f.Evidence)
	})
	for _, err := range errs {
		if err != nil && ctx.Err() == nil {
			warns = append(warns, err)
		}
	}
	return warns
}
