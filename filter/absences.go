package filter

import (
	"context"
	"io"
	"iter"

	"treefilter/walk"
)

// absences finds out which files of a directory are gone, several at once.
type absences struct {
	dir     string
	certain bool // what is missing is gone: see absence
	threads int
	workers []*absence // nil where one has not begun
}

// absent is what became of some paths.
type absent struct {
	looked int
	gone   []string // in their order
	warns  []error
	err    error // why nothing is known
}

// absentShare is how many paths a worker stats in one go.
const absentShare = 128

// of yields, in order, which of the paths are gone, relative to the directory.
func (as *absences) of(ctx context.Context, paths iter.Seq[string]) iter.Seq2[absent, error] {
	return func(yield func(absent, error) bool) {
		as.workers = make([]*absence, walk.MaxWorkers(as.threads))
		next, stop := iter.Pull(paths)
		o := ordered[[]string, absent]{
			next:    func() ([]string, error) { return take(next, absentShare) },
			end:     func() { stop(); as.close() },
			work:    as.look,
			threads: as.threads,
		}
		for found, err := range o.results(ctx) {
			if err == nil {
				err = found.err
			}
			if !yield(found, err) || err != nil {
				return
			}
		}
	}
}

// take takes up to n of what next returns; io.EOF is the end.
func take(next func() (string, bool), n int) (taken []string, err error) {
	for len(taken) < n {
		s, ok := next()
		if !ok && len(taken) == 0 {
			return nil, io.EOF
		}
		if !ok {
			break
		}
		taken = append(taken, s)
	}
	return taken, nil
}

// look looks for some files.
func (as *absences) look(m *walk.Meter, paths []string) (found absent) {
	a := as.workers[m.Worker]
	if a == nil {
		if a, found.err = newAbsence(as.dir); found.err != nil {
			return found
		}
		a.certain = as.certain
		as.workers[m.Worker] = a
	}
	found.looked = len(paths)
	m.Start()
	for _, path := range paths {
		is, err := a.gone(path)
		m.Look()
		if is {
			found.gone = append(found.gone, path)
		}
		if n := len(found.warns); err != nil && (n == 0 || found.warns[n-1] != err) {
			found.warns = append(found.warns, err)
		}
	}
	m.Stop()
	return found
}

func (as *absences) close() {
	for _, a := range as.workers {
		if a != nil {
			a.at.Close()
		}
	}
}
