package filter

import (
	"errors"
	"fmt"
	"os"
	"time"

	"treefilter/store"
)

// sinceStart is how long before the commit began "start" is: in a pipeline the
// tool's first read comes before, by up to 11 ms as measured.
const sinceStart = 2 * time.Second

// since is the moment from which on a modified file is left pending. For
// "start" it differs from tree to tree, each file system having its own clock.
type since struct {
	given bool
	start bool
	time  store.Time
	began time.Time
}

func parseSince(text string) (since, error) {
	s := since{given: text != "", start: text == "start", began: time.Now()}
	if !s.given || s.start {
		return s, nil
	}
	if info, err := os.Stat(text); err == nil {
		s.time = store.TimeOf(info.ModTime())
		return s, nil
	}
	if t, ok := store.ParseTime(text); ok {
		s.time = t
		return s, s.checkPast(text)
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			s.time = store.TimeOf(t)
			return s, s.checkPast(text)
		}
	}
	return s, fmt.Errorf("--since %s: neither start, nor a file, nor a time such as %s", text, "2026-01-31T12:00:00Z")
}

// checkPast refuses a moment to come: nothing would be left pending for it.
func (s since) checkPast(text string) error {
	if s.time.Compare(present()) > 0 {
		return fmt.Errorf("--since %s: lies in the future", text)
	}
	return nil
}

// errNoClock: a moment that is guessed too late would stamp files that changed.
var errNoClock = errors.New("--since start: the clock of its file system cannot be read, since the tree's state lies on another one (name a file on it that is written before the work begins)")

// in returns the moment on the clock of a tree's file system.
func (s since) in(t *store.Tree) (store.Time, error) {
	if !s.start {
		return s.time, nil
	}
	if !t.OwnClock(t.Root()) {
		return store.Time{}, &pathError{t.Root(), errNoClock}
	}
	now, err := t.Now()
	return now.Add(-int64(sinceStart + time.Since(s.began))), err
}
