package filter

import (
	"fmt"

	"treefilter/store/rule"
	"treefilter/store/state"
	"treefilter/walk"
)

// refresher gives files whose content is the recorded one a stamp of their present
// mtime, so that they are not read the next time. That it fails is worth a warning:
// nothing is skipped for it.
type refresher struct {
	*recorder
	err error // why it has stopped
}

// stat stats a file that is about to be read, nil where it will not be recorded. What
// is read then is the content of its mtime only when its tick was over before. It runs
// on several goroutines.
func (r *refresher) stat(p filePath) *statBefore {
	st := r.destinations.newStatter()
	defer st.close()
	f, err := st.file(p)
	if st.err != nil {
		r.report.once(fmt.Errorf("not refreshed: %w", st.err), r.opt.Warn)
	}
	if err != nil {
		return nil
	}
	if f.unasked() {
		err = f.destination.ask()
	}
	return &statBefore{f, err == nil && f.settled(f.began)}
}

// record records those of the files that were read and found the same.
func (r *refresher) record(found []finding) {
	t := r.triage(found)
	if r.err == nil {
		r.err = r.recorder.record(t)
	}
}

// triage returns what is to be recorded of the files that were read and found the
// same.
func (r *refresher) triage(found []finding) (t triage) {
	for i := range found {
		f := &found[i]
		if f.Reason != rule.ContentSame || f.before == nil || r.err != nil {
			continue
		}
		seen := f.before.file
		if info, err := walk.Stat(seen.path); err != nil || info != seen.info {
			continue // modified meanwhile: judged anew the next time
		}
		var current bool
		if current, r.err = f.isCurrent(&seen); !current {
			continue
		}
		seen.want = f.recorded
		if f.before.settled {
			seen.digest = f.recorded
			r.settled(&t, seen)
		} else {
			t.unsettled = append(t.unsettled, seen)
		}
	}
	return t
}

// isCurrent reports whether the stamp that a file was judged by is still its own.
// Else it was processed in between, perhaps with another content.
func (f *finding) isCurrent(seen *file) (bool, error) {
	standing, stamp, since, err := seen.destination.Standing(seen.rel)
	seen.since = since
	same := standing == state.Stamped && stamp.Time == f.Stamp.Time && stamp.Digest != nil && *stamp.Digest == *f.recorded
	return err == nil && same, err
}

// warn says why it has stopped, or that what it has recorded is not safe.
func (r *refresher) warn(err error) {
	if err != nil {
		r.report.warn(fmt.Errorf("not refreshed: %w", err))
	}
}
