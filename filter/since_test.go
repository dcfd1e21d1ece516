package filter

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"treefilter/store/state"
)

func TestParseSince(t *testing.T) {
	file := filepath.Join(t.TempDir(), "todo")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(file, time.Time{}, time.Unix(1_700_000_000, 123_456_700)); err != nil {
		t.Fatal(err)
	}
	local := func(day, hour, minute, second int) state.Time {
		return state.Time{Sec: time.Date(2024, 5, day, hour, minute, second, 0, time.Local).Unix()}
	}
	tests := []struct {
		text string
		want state.Time
	}{
		{file, state.Time{Sec: 1_700_000_000, Nsec: 123_456_700}},
		{"1700000000", state.Time{Sec: 1_700_000_000}},
		{"1700000000.5", state.Time{Sec: 1_700_000_000, Nsec: 500_000_000}},
		{"-0.000000001", state.Time{Sec: -1, Nsec: 999_999_999}},
		{"2023-11-14T22:13:20Z", state.Time{Sec: 1_700_000_000}},
		{"2023-11-14T22:13:20.000000001Z", state.Time{Sec: 1_700_000_000, Nsec: 1}},
		{"2023-11-14T23:13:20+01:00", state.Time{Sec: 1_700_000_000}},
		{"2024-05-06 07:08:09", local(6, 7, 8, 9)},
		{"2024-05-06T07:08:09", local(6, 7, 8, 9)},
		{"2024-05-06 07:08", local(6, 7, 8, 0)},
		{"2024-05-06", local(6, 0, 0, 0)},
	}
	for _, test := range tests {
		s, err := parseSince(test.text)
		if err != nil || !s.given || s.start || s.time != test.want {
			t.Errorf("%q: %v, error %v, want %v", test.text, s.time, err, test.want)
		}
	}
}

// A time that a local clock shows twice, or never, is the earlier one that it may be.
func TestSinceLocalTimeThatIsNotUnique(t *testing.T) {
	for _, c := range []struct{ zone, shown, want string }{
		// The end of summer time.
		{"Europe/Berlin", "2024-10-27 01:59:59", "2024-10-26T23:59:59Z"},
		{"Europe/Berlin", "2024-10-27 02:00", "2024-10-27T00:00:00Z"},
		{"Europe/Berlin", "2024-10-27 02:59:59", "2024-10-27T00:59:59Z"},
		{"Europe/Berlin", "2024-10-27 03:00", "2024-10-27T02:00:00Z"},
		{"America/New_York", "2024-11-03 00:59:59", "2024-11-03T04:59:59Z"},
		{"America/New_York", "2024-11-03 01:30", "2024-11-03T05:30:00Z"},
		{"America/New_York", "2024-11-03 02:00", "2024-11-03T07:00:00Z"},
		{"Australia/Lord_Howe", "2024-04-07 01:45", "2024-04-06T14:45:00Z"},
		{"America/Havana", "2024-11-03", "2024-11-03T04:00:00Z"},
		// Its beginning.
		{"Europe/Berlin", "2024-03-31 01:59:59", "2024-03-31T00:59:59Z"},
		{"Europe/Berlin", "2024-03-31 02:30", "2024-03-31T00:30:00Z"},
		{"Europe/Berlin", "2024-03-31 03:00", "2024-03-31T01:00:00Z"},
		{"America/New_York", "2024-03-10 02:30", "2024-03-10T06:30:00Z"},
		{"America/New_York", "2024-03-10 03:00", "2024-03-10T07:00:00Z"},
		// A day left out, and the largest offsets.
		{"Pacific/Apia", "2011-12-29 23:59:59", "2011-12-30T09:59:59Z"},
		{"Pacific/Apia", "2011-12-30 12:00", "2011-12-29T22:00:00Z"},
		{"Pacific/Apia", "2011-12-31 00:00", "2011-12-30T10:00:00Z"},
		{"Pacific/Kiritimati", "2024-05-06", "2024-05-05T10:00:00Z"},
		{"Etc/GMT+12", "2024-05-06", "2024-05-06T12:00:00Z"},
		{"UTC", "2024-05-06T07:08:09", "2024-05-06T07:08:09Z"},
	} {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Skip(err)
		}
		was := time.Local
		time.Local = zone
		s, err := parseSince(c.shown)
		time.Local = was
		if got := time.Unix(s.time.Sec, int64(s.time.Nsec)).UTC().Format(time.RFC3339Nano); err != nil || got != c.want {
			t.Errorf("%s in %s: %s, error %v, want %s", c.shown, c.zone, got, err, c.want)
		}
	}
}

// A moment to come is refused, that of a file by the clock that has set its mtime.
func TestSinceToCome(t *testing.T) {
	dir := t.TempDir()
	tree, err := state.OpenTree(dir, state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	file := filepath.Join(dir, "todo")
	for _, c := range []struct {
		ahead   time.Duration
		refused bool
	}{{-time.Minute, false}, {0, false}, {time.Second, true}, {time.Hour, true}} {
		if err := os.WriteFile(file, nil, 0o666); err != nil {
			t.Fatal(err)
		}
		if c.ahead != 0 {
			if err := os.Chtimes(file, time.Time{}, time.Now().Add(c.ahead)); err != nil {
				t.Fatal(err)
			}
		}
		s, err := parseSince(file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.in(tree); (err != nil) != c.refused || err != nil && !strings.Contains(err.Error(), "future") {
			t.Errorf("a file that is %v ahead: error %v", c.ahead, err)
		}
		// How far ahead a clock is cannot be known if it cannot be asked.
		if err := s.checkFile(); (err != nil) != (c.ahead > time.Minute) {
			t.Errorf("a file that is %v ahead of us: error %v", c.ahead, err)
		}
	}
	if _, err := parseSince(time.Now().Add(time.Minute).UTC().Format(time.RFC3339)); err == nil {
		t.Error("a time to come is accepted")
	}
}

func TestParseSinceRefuses(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, text := range []string{"todo", "yesterday", "now", "1e9", ".inf", "2024-13-01", "2024-05-06T07:08:09 ", " ", "0x10", "24-05-06"} {
		if _, err := parseSince(text); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%q: error %v", text, err)
		}
	}
}

func TestNoSince(t *testing.T) {
	s, err := parseSince("")
	if err != nil || s.given {
		t.Errorf("%+v, error %v", s, err)
	}
}

// "start" is a moment on the clock of the tree's file system.
func TestSinceStart(t *testing.T) {
	before := time.Now()
	s, err := parseSince("start")
	if err != nil || !s.given || !s.start {
		t.Fatalf("%+v, error %v", s, err)
	}
	tree, err := state.OpenTree(t.TempDir(), state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.in(tree)
	if err != nil {
		t.Fatal(err)
	}
	if err := tree.Close(); err != nil {
		t.Fatal(err)
	}
	// The clock of files is coarse: allow it a tick on both sides.
	const tick = 20 * time.Millisecond
	moment := time.Unix(got.Sec, int64(got.Nsec))
	if early, late := before.Add(-startMargin-tick), s.began.Add(-startMargin+tick); moment.Before(early) || moment.After(late) {
		t.Errorf("start is %v before the commit began, want %v", s.began.Sub(moment), startMargin)
	}
}
