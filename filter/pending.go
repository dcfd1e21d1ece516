package filter

import (
	"context"
	"iter"
	"sync/atomic"

	"treefilter/store/rule"
)

// pendingFiles are the files of an Exec. A recorder gets those that need no work but a
// new stamp.
type pendingFiles struct {
	selector *selector
	recorder *recorder
	givenUp  *atomic.Int64 // counts the files that are, where it is not nil
}

func newPendingFiles(selection *Selection, r *recorder) *pendingFiles {
	s := newSelector(selection, r.destinations.roots, r.destinations.grove, r.report)
	s.keep = true
	if s.Detect == rule.DetectContent {
		s.refresh = &refresher{recorder: r}
	}
	return &pendingFiles{selector: s, recorder: r}
}

// batches yields the files as they are found. An error is the last that it yields.
func (p *pendingFiles) batches(ctx context.Context, refreshed func(triage)) iter.Seq2[[]filePath, error] {
	return func(yield func([]filePath, error) bool) {
		refresh := p.selector.refresh
		for b, err := range p.selector.batches(ctx) {
			if refresh != nil {
				refreshed(refresh.triage(b.found))
			}
			pending := paths(b.found)
			if p.givenUp != nil {
				for i := range b.found {
					if b.found[i].Reason == rule.GivenUp {
						p.givenUp.Add(1)
					}
				}
			}
			if !yield(pending, err) {
				return
			}
		}
		if refresh != nil {
			refresh.warn(refresh.err)
		}
	}
}

// paths returns those of the files that need work: some 40 bytes each beside the
// name, and no more, since a whole walk of them is kept.
func paths(found []finding) []filePath {
	list := make([]filePath, 0, len(found))
	for i := range found {
		if found[i].NeedsWork() {
			list = append(list, found[i].filePath)
		}
	}
	return list
}

// list finds all files before it yields the first.
func (p *pendingFiles) list(ctx context.Context) (files iter.Seq2[[]filePath, error], total int64, err error) {
	var all [][]filePath
	record := func(t triage) {
		if refresh := p.selector.refresh; refresh.err == nil {
			refresh.err = p.recorder.record(t)
		}
	}
	for batch, err := range p.batches(ctx, record) {
		if err != nil {
			return nil, 0, err
		}
		if len(batch) > 0 {
			all = append(all, batch)
			total += int64(len(batch))
		}
	}
	return func(yield func([]filePath, error) bool) {
		for i, batch := range all {
			all[i] = nil // what was yielded need not be kept
			if !yield(batch, nil) {
				return
			}
		}
	}, total, nil
}
