package state

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"treefilter/store/internal/format"
	"treefilter/store/internal/format/formattest"
)

func hardPaths(rng *rand.Rand, n int) []string {
	seen := map[string]bool{}
	var paths []string
	for len(paths) < n {
		var parts []string
		for range rng.IntN(4) {
			parts = append(parts, formattest.HardNames[rng.IntN(len(formattest.HardNames))])
		}
		if rng.IntN(30) == 0 {
			for range 8 {
				parts = append(parts, strings.Repeat("\x02", 240))
			}
		}
		parts = append(parts, fmt.Sprintf("%s%d", formattest.HardNames[rng.IntN(len(formattest.HardNames))], rng.IntN(n)))
		p := strings.Join(parts, "/")
		if format.CheckPath(p) == nil && !seen[p] {
			seen[p] = true
			paths = append(paths, p)
		}
	}
	return paths
}

func randomTime(rng *rand.Rand) format.Time {
	if rng.IntN(10) == 0 {
		return format.Time{Sec: rng.Int64N(1<<36) - 1<<35, Nsec: int32(rng.IntN(1e9))}
	}
	return format.Time{Sec: 1_700_000_000 + rng.Int64N(1e8), Nsec: int32(rng.IntN(1e9))}
}

// Whatever is put into a tree is found again, from the WAL, and after a dump
// from the snapshot, asked in order and out of order.
func TestStampsSurviveWALAndDumps(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	dir := t.TempDir()
	want := map[string]format.Stamp{}
	paths := hardPaths(rng, 3000)
	for round := range 4 {
		tree, err := OpenTree(dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		var batch []format.Entry
		for range 1000 {
			p := paths[rng.IntN(len(paths))]
			s := format.Stamp{Time: randomTime(rng)}
			if rng.IntN(4) == 0 {
				s.Digest = &format.Digest{Size: rng.Int64N(1 << 40)}
				s.Digest.SHA256[rng.IntN(32)] = byte(rng.Int())
			}
			want[p] = s
			batch = append(batch, format.Entry{Path: p, Stamp: s})
			if len(batch) == 100 {
				if err := appendTo(tree, batch); err != nil {
					t.Fatal(err)
				}
				batch = nil
			}
		}
		if err := tree.Close(); err != nil {
			t.Fatal(err)
		}
		checkStamps(t, dir, paths, want)
		if round%2 == 0 {
			continue
		}
		tree, _ = OpenTree(dir, Options{})
		n, err := dumpTree(tree)
		if err != nil {
			t.Fatal(err)
		}
		if n != int64(len(want)) {
			t.Errorf("dump counted %d stamps, want %d", n, len(want))
		}
		if _, err := os.Stat(filepath.Join(dir, ".treefilter_treestamps.wal.yaml")); !os.IsNotExist(err) {
			t.Errorf("WAL after a dump: %v", err)
		}
		checkStamps(t, dir, paths, want)
	}
}

func checkStamps(t *testing.T, dir string, paths []string, want map[string]format.Stamp) {
	t.Helper()
	tree, err := OpenTree(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	for _, p := range paths {
		got, ok := tree.Get(p)
		w, has := want[p]
		if ok != has || got.Time != w.Time || (got.Digest == nil) != (w.Digest == nil) ||
			got.Digest != nil && *got.Digest != *w.Digest {
			t.Fatalf("%q: got %v %v, want %v %v", p, got, ok, w, has)
		}
	}
	if problems := tree.Problems(); len(problems) > 0 {
		t.Errorf("problems: %v", problems)
	}
}
