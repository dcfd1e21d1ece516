package filter

import (
	"testing"
	"time"

	"treefilter/store"
	"treefilter/walk"
)

// A look is known to be the last of its tick only when it began after the tick was over:
// what was written between the two bears the same mtime.
func TestSettledOnlyByALookAfterTheTick(t *testing.T) {
	root := t.TempDir()
	tree, err := store.OpenTree(root, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	asked := time.Now()
	s := &sighting{path: root, target: &target{Tree: tree}, info: walk.Info{Sec: 1_700_000_000, Nsec: 5}}
	over := store.TickEnd(s.mtime())
	for _, test := range []struct {
		name   string
		now    *store.Time
		looked time.Duration // after the clock was asked
		want   bool
	}{
		{"the clock was not asked", nil, time.Second, false},
		{"tick over, then the look", &over, time.Nanosecond, true},
		{"the look, then tick over", &over, -time.Nanosecond, false},
		{"the tick goes on", &store.Time{Sec: over.Sec, Nsec: over.Nsec - 1}, time.Second, false},
	} {
		if s.target.now.Store(nil); test.now != nil {
			s.target.now.Store(&clockReading{*test.now, asked, asked})
		}
		if got := s.target.settled(s, asked.Add(test.looked)); got != test.want {
			t.Errorf("%s: settled: %v", test.name, got)
		}
	}
}
