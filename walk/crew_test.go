package walk

import (
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestWaits(t *testing.T) {
	const us = time.Microsecond
	for _, test := range []struct {
		what  string
		looks int
		took  time.Duration
		want  bool
	}{
		{"a cached file", 1, 2 * us, false},
		{"a directory of cached files, on a slow machine", 12, 70 * us, false},
		{"a large one, with the processor lost twice", 4096, 20_000 * us, false},
		{"one read from a fast disk, and what it brought", 12, 150 * us, true},
		{"one look at a server in the same house", 1, 250 * us, true},
		{"a disk that turns", 1, 8000 * us, true},
	} {
		if got := waits(test.looks, test.took); got != test.want {
			t.Errorf("%s: %d looks in %v: waits %v", test.what, test.looks, test.took, got)
		}
	}
}

// How many workers join for what their looks show.
func TestGauge(t *testing.T) {
	for _, test := range []struct {
		what     string
		of, wait int // of so many looks, so many wait, one after the other
		min, max int // of 10,000 looks
	}{
		{"no look waits", 10, 0, 0, 0},
		{"other programs use the processors", 100, 1, 0, 0},
		{"they do all the time", 50, 3, 0, 0},
		{"a disk reads ahead", 8, 2, 1000, 2500},
		{"each look waits", 1, 1, 9990, 10000},
	} {
		var g gauge
		joined := 0
		for i := range 10_000 {
			if g.count(i%test.of < test.wait) {
				joined++
			}
		}
		if joined < test.min || joined > test.max {
			t.Errorf("%s: %d would join", test.what, joined)
		}
	}
}

// In a synctest bubble a look takes no time unless it sleeps, whatever else the
// machine does.

// visitors walks a tree in which each name takes so long, and returns how many workers
// visited something, and how many files they got.
func visitors(t *testing.T, root string, threads int, look time.Duration) (workers int, files int64) {
	synctest.Test(t, func(t *testing.T) {
		var count atomic.Int64
		seen := make([]atomic.Bool, MaxWorkers(threads))
		opt := Options{Workers: threads, Mark: func(string) bool {
			time.Sleep(look)
			return false
		}}
		err := Walk(t.Context(), []Root{{Path: root}}, opt, VisitFunc(func(d *Dir) {
			seen[d.Worker].Store(true)
			count.Add(int64(len(d.Files)))
		}), nil)
		must(t, err)
		for i := range seen {
			if seen[i].Load() {
				workers++
			}
		}
		files = count.Load()
	})
	return workers, files
}

func TestWorkersJoinWhereLooksWait(t *testing.T) {
	var flat, deep []string
	for i := range 2500 {
		flat = append(flat, fmt.Sprintf("d/%04d", i))
		deep = append(deep, fmt.Sprintf("%d/%d/%d/%d", i%20, i/20%20, i/400, i))
	}
	for name, names := range map[string][]string{"flat": flat, "deep": deep} {
		root := makeTree(t, names...)
		for _, test := range []struct {
			threads  int
			look     time.Duration
			min, max int
		}{
			{0, 0, 1, processors()},
			{0, time.Millisecond, MostWorkers - 4, MostWorkers},
			{5, time.Millisecond, 4, 5},
			{1, 0, 1, 1},
		} {
			workers, files := visitors(t, root, test.threads, test.look)
			if files != 2500 || workers < test.min || workers > test.max {
				t.Errorf("%s tree, %v a name, --threads %d: %d files by %d workers", name, test.look, test.threads, files, workers)
			}
		}
	}
}
