package filter

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"treefilter/store"
)

func TestParseSince(t *testing.T) {
	file := filepath.Join(t.TempDir(), "todo")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(file, time.Time{}, time.Unix(1_700_000_000, 123_456_789)); err != nil {
		t.Fatal(err)
	}
	local := func(day, hour, minute, second int) store.Time {
		return store.Time{Sec: time.Date(2024, 5, day, hour, minute, second, 0, time.Local).Unix()}
	}
	tests := []struct {
		text string
		want store.Time
	}{
		{file, store.Time{Sec: 1_700_000_000, Nsec: 123_456_789}},
		{"1700000000", store.Time{Sec: 1_700_000_000}},
		{"1700000000.5", store.Time{Sec: 1_700_000_000, Nsec: 500_000_000}},
		{"-0.000000001", store.Time{Sec: -1, Nsec: 999_999_999}},
		{"2023-11-14T22:13:20Z", store.Time{Sec: 1_700_000_000}},
		{"2023-11-14T22:13:20.000000001Z", store.Time{Sec: 1_700_000_000, Nsec: 1}},
		{"2023-11-14T23:13:20+01:00", store.Time{Sec: 1_700_000_000}},
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
	tree, err := store.OpenTree(t.TempDir(), store.Options{})
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
	if early, late := before.Add(-sinceStart-tick), s.began.Add(-sinceStart+tick); moment.Before(early) || moment.After(late) {
		t.Errorf("start is %v before the commit began, want %v", s.began.Sub(moment), sinceStart)
	}
}
