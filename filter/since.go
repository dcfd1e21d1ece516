package filter

import (
	"errors"
	"fmt"
	"time"

	"treefilter/store/state"
	"treefilter/walk"
)

// sinceStart is the Since of a run's own beginning.
const sinceStart = "start"

// startMargin is how long before the commit began "start" is: in a pipeline the
// tool's first read comes before, by up to 11 ms as measured.
const startMargin = 2 * time.Second

// clockSkew is how far the clock of another machine may be ahead of ours.
const clockSkew = 2 * time.Second

// since is the moment from which on a modified file is left pending. For
// "start" it differs from tree to tree, each file system having its own clock.
type since struct {
	given bool
	text  string // as given
	start bool
	file  bool // text is the path of a file
	time  state.Time
	began time.Time
}

func parseSince(text string) (since, error) {
	s := since{given: text != "", text: text, start: text == sinceStart, began: time.Now()}
	if !s.given || s.start {
		return s, nil
	}
	if info, err := walk.Stat(text); err == nil {
		s.file, s.time = true, state.Time{Sec: info.TargetSec, Nsec: info.TargetNsec}
		return s, nil
	}
	if t, ok := parseMoment(text); ok {
		s.time = t
		return s, s.checkPast(present())
	}
	return s, fmt.Errorf("since %s: neither start, nor a file, nor a time such as %s", text, "2026-01-31T12:00:00Z")
}

// parseMoment reads a time: seconds since 1970, RFC 3339, or what a local clock
// shows.
func parseMoment(text string) (state.Time, bool) {
	if t, ok := state.ParseTime(text); ok {
		return t, true
	}
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return state.TimeOf(t), true
	}
	for _, layout := range []string{"2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04", time.DateOnly} {
		if shown, err := time.Parse(layout, text); err == nil {
			return state.TimeOf(earliest(shown, time.Local)), true
		}
	}
	return state.Time{}, false
}

// earliest returns the moment at which the clocks of a zone show what shown does in
// UTC: the first of two at the end of summer time, where the later one would stamp
// files that were modified in the hour between. So it is, too, where they leave
// that time out and it may be meant in the offset of before or of after.
func earliest(shown time.Time, zone *time.Location) time.Time {
	const beyond = 26 * time.Hour // any offset, so that what holds between is one of these
	_, a := shown.Add(-beyond).In(zone).Zone()
	_, b := shown.Add(beyond).In(zone).Zone()
	early := shown.Add(-time.Duration(max(a, b)) * time.Second)
	late := shown.Add(-time.Duration(min(a, b)) * time.Second)
	shows := func(t time.Time) bool {
		_, offset := t.In(zone).Zone()
		return t.Add(time.Duration(offset) * time.Second).Equal(shown)
	}
	if !shows(early) && shows(late) {
		return late
	}
	return early
}

// checkPast refuses a moment to come: nothing would be left pending for it.
func (s since) checkPast(now state.Time) error {
	if s.time.Compare(now) > 0 {
		return fmt.Errorf("since %s: lies in the future", s.text)
	}
	return nil
}

// errNoClock: a moment that is guessed too late would stamp files that changed.
var errNoClock = errors.New("since start: the clock of its file system cannot be read, since the tree's state lies on another one (name a file on it that is written before the work begins)")

// in returns the moment on the clock of a tree's file system.
func (s since) in(t *state.Tree) (state.Time, error) {
	switch {
	case s.start && !t.OwnClock(t.Root()):
		return state.Time{}, &pathError{t.Root(), errNoClock}
	case s.start:
		now, err := t.Now()
		return now.Add(-int64(startMargin + time.Since(s.began))), err
	case !s.file:
		return s.time, nil
	case !t.OwnClock(s.text):
		return s.time, s.checkFile()
	}
	// The clock that has set its mtime may be ahead of ours by minutes; it alone
	// knows what is to come.
	now, err := t.Now()
	if err == nil {
		err = s.checkPast(now)
	}
	return s.time, err
}

// checkFile refuses a file's moment to come where the clock that has set its mtime
// cannot be asked. That may be the one of a server, which is a little ahead of ours
// when the file was just made; a file is not given an mtime that is but seconds off
// on purpose.
func (s since) checkFile() error { return s.checkPast(present().Add(int64(clockSkew))) }

// here is the moment on this machine's clock.
func (s since) here() state.Time {
	if s.start {
		return state.TimeOf(s.began.Add(-startMargin))
	}
	return s.time
}
