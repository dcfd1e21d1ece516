package filter

import (
	"testing"
	"time"

	"treefilter/store/state"
	"treefilter/walk"
)

// A stat shows the last of its tick only when it began after the tick was over:
// what was written between the two bears the same mtime.
func TestSettledOnlyByAStatAfterTheTick(t *testing.T) {
	root := t.TempDir()
	tree, err := state.OpenTree(root, state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	asked := time.Now()
	f := &file{path: root, destination: &destination{clock: clock{tree: tree}}, info: walk.Info{Sec: 1_700_000_000, Nsec: 5}}
	over := state.TickEnd(f.mtime())
	for _, test := range []struct {
		name    string
		now     *state.Time
		statted time.Duration // after the clock was asked
		want    bool
	}{
		{"the clock was not asked", nil, time.Second, false},
		{"tick over, then the stat", &over, time.Nanosecond, true},
		{"the stat, then tick over", &over, -time.Nanosecond, false},
		{"the tick goes on", &state.Time{Sec: over.Sec, Nsec: over.Nsec - 1}, time.Second, false},
	} {
		if f.destination.now.Store(nil); test.now != nil {
			f.destination.now.Store(&state.Clock{Now: *test.now, Asked: asked, Answered: asked})
		}
		if got := f.settled(asked.Add(test.statted)); got != test.want {
			t.Errorf("%s: settled: %v", test.name, got)
		}
	}
}
