package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A target is what was promised of one contender of a row, on some trees.
type target struct {
	row, trees, name string
	limit            limit
}

// A limit is what a contender is measured by: in times of another one, as so much more
// than another one, in seconds, or in memory.
type limit struct {
	kind   limitKind
	beside string
	most   float64
}

type limitKind int

const (
	ratio limitKind = iota
	difference
	duration
	memory
)

func times(most float64, beside string) limit { return limit{ratio, beside, most} }
func within(most time.Duration) limit         { return limit{duration, "", most.Seconds()} }
func megabytesAtMost(most float64) limit      { return limit{memory, "", most} }
func moreThan(beside string, most time.Duration) limit {
	return limit{difference, beside, most.Seconds()}
}

const (
	small = "flat-10k deep-10k go"
	large = "flat deep many real yours"
	// notFlat have few files a directory, as most trees that people make.
	notFlat = "deep many real yours"
	cold    = "flat deep real yours"
)

// noSlower leaves room for what two runs of one program differ by.
const noSlower = 1.05

// targets are all promises.
var targets = []target{
	{"no-change", notFlat, "treefilter", times(0.85, "floor")},
	{"no-change", "flat", "treefilter", times(1.05, "floor")},
	{"no-change", notFlat, "treefilter", times(1.25, "known, 2 threads")},
	{"no-change", "real", withStateDir, times(1.05, "treefilter")},
	{"no-change", large, "treefilter", times(1, "fd")},
	{"no-change", large, "treefilter", times(1, "bfs")},
	{"no-change", large, "treefilter", times(1, "find")},
	{"no-change", large, "treefilter", times(1, "git status")},
	{"no-change", large, "treefilter", times(1, "git status, untracked cache")},
	{"no-change", large, noListings, times(noSlower, before)},
	{"no-change", large, listingsAbsent, times(noSlower, before)},
	{"start", small, "treefilter", times(1.2, "floor")},
	{"changed", "deep real", someChanged, times(1.15, noneChanged)},
	{"cold", cold, "treefilter", times(0.8, "fd -j16")},
	{"cold", cold, "treefilter", times(1.2, "known, 16 threads")},
	{"slow", "slow", "treefilter", times(1.3, "known, 32 threads")},
	{"slow", "slow", interrupted, within(200 * time.Millisecond)},
	{"stdin", "real yours", "with ROOT", times(1.2, "walk")},
	{"stdin", "real yours", "without ROOT", times(1.2, "walk")},
	{"one-path", "flat deep", "with ROOT", within(20 * time.Millisecond)},
	{"one-path", "flat deep", "without ROOT", within(20 * time.Millisecond)},
	{"narrow", "flat", "directory of the tree", times(1.25, "tree of its own")},
	{"exec", "few", "treefilter exec -j2", times(1.05, "xargs -n1 -P2")},
	{"commit", "flat deep", "treefilter commit", times(0.8, "sequential lstat")},
	{"wal", "flat deep", "stamps in the WAL", times(1.5, "stamps in the snapshot")},
	{"dump-new", "flat deep", "treefilter dump", within(250 * time.Millisecond)},
	{"dump-first", "flat deep", "WAL in walk order", moreThan(before, 1500*time.Millisecond)},
	{"huge", "huge", "commit of all", times(4.4, "commit of a quarter")},
	{"huge", "huge", "commit of all", megabytesAtMost(64)},
	{"huge", "huge", "dump", megabytesAtMost(64)},
	{"huge", "huge", "filter, all in the WAL", megabytesAtMost(64)},
	{"start", small, "treefilter", megabytesAtMost(40)},
	{"no-change", large, "treefilter", megabytesAtMost(40)},
	{"changed", "deep real", someChanged, megabytesAtMost(40)},
	{"cold", cold, "treefilter", megabytesAtMost(40)},
	{"slow", "slow", "treefilter", megabytesAtMost(40)},
	{"stdin", "real yours", "with ROOT", megabytesAtMost(40)},
	{"stdin", "real yours", "without ROOT", megabytesAtMost(40)},
}

// A verdict is one target on one tree, and what became of it.
type verdict struct {
	target
	tree     string
	value    float64
	measured string
}

func (v verdict) met() bool { return v.value <= v.limit.most }

// judge judges everything that was measured.
func judge(results []*result) []verdict {
	var out []verdict
	for _, t := range targets {
		for _, r := range results {
			if r.row != t.row || !slices.Contains(strings.Fields(t.trees), r.tree) {
				continue
			}
			if v, ok := t.judge(r); ok {
				out = append(out, v)
			}
		}
	}
	return out
}

// judge reports false when one of the two did not take part.
func (t target) judge(r *result) (verdict, bool) {
	v := verdict{target: t, tree: r.tree}
	ours, other := r.find(t.name), r.find(t.limit.beside)
	if ours == nil || other == nil && t.limit.beside != "" {
		return v, false
	}
	switch t.limit.kind {
	case ratio:
		v.value = ours.ratio(other)
		v.measured = fmt.Sprintf("%.2f x (%s to %s)", v.value, seconds(ours.wall()), seconds(other.wall()))
	case difference:
		v.value = (ours.wall() - other.wall()).Seconds()
		v.measured = fmt.Sprintf("%+.2f s (%s to %s)", v.value, seconds(ours.wall()), seconds(other.wall()))
	case duration:
		v.value = ours.wall().Seconds()
		v.measured = spread(ours)
	case memory:
		v.value = float64(ours.peak()) / (1 << 20)
		v.measured = fmt.Sprintf("%.1f MB", v.value)
	}
	return v, true
}

// String says what was promised.
func (l limit) String() string {
	switch l.kind {
	case ratio:
		return fmt.Sprintf("at most %.2f x %s", l.most, l.beside)
	case difference:
		return fmt.Sprintf("at most %.2f s more than %s", l.most, l.beside)
	case duration:
		return fmt.Sprintf("at most %.2f s", l.most)
	}
	return fmt.Sprintf("at most %.0f MB", l.most)
}
