package filter

import (
	"errors"
	"fmt"
	"io/fs"

	"treefilter/store/rule"
	"treefilter/store/state"
	"treefilter/walk"
)

// triage is what is to be done with the files of one batch of paths.
type triage struct {
	expect    int          // how many stamps there will be, at most
	ready     []treeStamps // to be written
	unsettled []file       // not settled yet
	unread    []file       // settled, but for their content
	late      []file       // left pending by --since
	unmade    []file       // left pending without their output
	settings  []error      // setting files for which files get no stamp
	warns     []error
	fatal     error // nothing can be recorded
}

// sorter finds out what is to be done with files. It may be used from several
// goroutines.
type sorter struct {
	destinations  *destinations
	detect        rule.Detect
	ignoreMissing bool
	readers       readers
}

// stat stats the paths of a batch. It runs on several goroutines.
func (s *sorter) stat(m *walk.Meter, batch walk.Batch) (t triage) {
	paths := batch.Paths
	if batch.Unterminated {
		// A writer that was killed leaves a cut path, which may be the name of
		// a file that was not processed.
		last := len(paths) - 1
		t.warns = append(t.warns, &pathError{paths[last], errors.New("not stamped: the last path lacks its delimiter")})
		paths = paths[:last]
	}
	st := s.destinations.newStatter()
	defer st.close()
	outputs := s.destinations.newOutputNamer()
	defer outputs.close()
	t.expect = len(paths)
	m.Start()
	for _, path := range paths {
		f, err := st.path(path)
		if err == nil && len(s.destinations.opt.Outputs) > 0 {
			err = outputs.done(outputs.sourceOf(&f), s.destinations.grove)
		}
		s.sort(&t, f, err)
		st.began = st.ended // one stat follows the other: a reading of the clock serves two
		m.Look()
	}
	m.Stop()
	s.read(&t)
	return t
}

// sort puts what came of the stat of one file where it belongs.
func (s *sorter) sort(t *triage, f file, err error) {
	if w, ok := errors.AsType[*watchError](err); ok {
		if t.fatal = s.destinations.giveUp(w.destination, w.error); t.fatal == nil {
			t.warns = append(t.warns, &pathError{f.path, w.error})
		}
		return
	}
	if missing, ok := err.(*outputError); ok {
		t.warns = append(t.warns, &pathError{f.path, fmt.Errorf("not stamped: %w", missing)})
		t.unmade = append(t.unmade, f)
		return
	}
	setting, barred := errors.AsType[*state.SettingError](err)
	switch {
	case barred:
		t.settings = append(t.settings, setting)
	case s.ignoreMissing && errors.Is(err, fs.ErrNotExist), err == errPassedOver:
	case err != nil:
		t.warns = append(t.warns, err)
	case s.destinations.since.start && !f.onClock():
		t.warns = append(t.warns, &pathError{f.path, fmt.Errorf("not stamped: %w", errNoClock)})
	case f.destination.tooLate(f.mtime()):
		t.late = append(t.late, f)
	case !f.settled(f.began):
		t.unsettled = append(t.unsettled, f)
	default:
		s.settled(t, f)
	}
}

// settled takes a file whose mtime is final.
func (s *sorter) settled(t *triage, f file) {
	if s.detect == rule.DetectContent && f.digest == nil {
		t.unread = append(t.unread, f)
	} else {
		t.add(f.destination, f.entry())
	}
}

// read adds the stamps of settled files whose content is to be recorded, too.
func (s *sorter) read(t *triage) {
	errs := make([]error, len(t.unread))
	s.readers.each(len(t.unread), func(m *walk.Meter, i int) { errs[i] = t.unread[i].read(m) })
	for i := range t.unread {
		if errs[i] != nil {
			t.warns = append(t.warns, errs[i])
			continue
		}
		t.add(t.unread[i].destination, t.unread[i].entry())
	}
	t.unread = nil
}

func (t *triage) add(to *destination, e state.Entry) {
	switch n := len(t.ready); {
	case n == 0: // mostly there is one tree, and this run takes all
		t.ready = []treeStamps{{to, make([]state.Entry, 0, t.expect)}}
	case t.ready[n-1].destination != to:
		t.ready = append(t.ready, treeStamps{destination: to})
	}
	last := &t.ready[len(t.ready)-1]
	last.entries = append(last.entries, e)
}
