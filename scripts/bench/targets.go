package main

import (
	"fmt"
	"slices"
	"time"
)

// verdict is one promise and what became of it. Without a target it is a
// number to compare with.
type verdict struct {
	work, tree, measured, target string
	met                          bool
}

// oneMillion is the size that most promises are about.
const oneMillion = 1_000_000

// A Go process that does nothing has about 3 MB; the rest of this is room
// for buffers of a fixed size.
const processMemory = 12 << 20

// verdicts judges everything that was measured.
func (b *bench) verdicts() []verdict {
	var out []verdict
	for _, r := range b.sorted() {
		switch r.row {
		case "no-change":
			out = append(out, judgeNoChange(r)...)
		case "one-path":
			out = append(out, judgeOnePath(r)...)
		case "narrow":
			out = append(out, judgeNarrow(r))
		case "commit":
			out = append(out, judgeCommit(r)...)
		case "filter-wal":
			out = append(out, judgeFilterWAL(r)...)
		case "dump-new":
			out = append(out, judgeDumpNew(r)...)
		case "dump-all":
			out = append(out, judgeDumpAll(r)...)
		case "sync", "sync-busy":
			out = append(out, judgeSync(r)...)
		}
	}
	return append(out, b.judgeGrowth()...)
}

// sorted returns the results by row, shape and size.
func (b *bench) sorted() []*result {
	var out []*result
	for _, row := range rows {
		for _, shape := range b.Shapes {
			for _, n := range b.Sizes {
				if r := b.results[key{row.name, shape, n}]; r != nil {
					out = append(out, r)
				}
			}
		}
	}
	return out
}

// floorLimit is what a no-change run may cost, in floors.
func floorLimit(t tree) float64 {
	switch {
	case t.files < 100_000:
		return 1.4
	case t.files < oneMillion:
		return 1.3
	case t.shape == "flat":
		return 1.25
	}
	return 1.40
}

// rivals are whom a no-change run is compared with. Those that do less (git
// diff-files does not look for new files) or remember which directories have
// not changed are shown, but nothing was promised about them.
var rivals = []struct{ name, target string }{
	{"bfs -newer", "faster than bfs"},
	{"fd --changed-after", "faster than fd"},
	{"find -newer", "faster than find"},
	{"git status", "faster than git status"},
	{"git status, untracked cache", ""},
	{"git diff-files", ""},
}

func judgeNoChange(r *result) []verdict {
	ours, floor := r.find("treefilter"), r.find("floor")
	limit, ratio := floorLimit(r.tree), ours.ratio(floor)
	out := []verdict{{
		"no-change run", r.tree.name(), fmt.Sprintf("%.2f x floor (%s)", ratio, spread(ours)),
		fmt.Sprintf("at most %.2f x floor", limit), ratio <= limit,
	}}
	if r.tree.files < oneMillion {
		return out
	}
	for _, rival := range rivals {
		if peer := r.find(rival.name); peer != nil {
			ratio := ours.ratio(peer)
			out = append(out, verdict{
				"no-change run", r.tree.name(), fmt.Sprintf("%.2f x %s (%s)", ratio, rival.name, seconds(peer.wall())),
				rival.target, ratio < 1,
			})
		}
	}
	return append(out, judgeMemory("no-change run, peak memory", r.tree, ours.peak(), 40<<20))
}

func judgeMemory(work string, t tree, peak, limit int64) verdict {
	return verdict{work, t.name(), megabytes(peak) + " MB", "at most " + megabytes(limit) + " MB", peak <= limit}
}

func judgeOnePath(r *result) []verdict {
	if r.tree.files < oneMillion {
		return nil
	}
	var out []verdict
	for i := range r.series {
		s := &r.series[i]
		work := "one path on stdin, " + s.name
		out = append(out,
			judgeTime(work, r.tree, s, 20*time.Millisecond),
			judgeMemory(work+", peak memory", r.tree, s.peak(), 20<<20))
	}
	return out
}

func judgeTime(work string, t tree, s *series, limit time.Duration) verdict {
	return verdict{work, t.name(), spread(s), "at most " + seconds(limit), s.wall() <= limit}
}

// judgeNarrow: a directory inside a tree costs what it would cost alone; a
// quarter more is allowed for finding its stamps among all others.
func judgeNarrow(r *result) verdict {
	inside, alone := r.find("directory of the tree"), r.find("tree of its own")
	ratio := inside.ratio(alone)
	return verdict{
		"narrow run, 1,000 files of", r.tree.name(), fmt.Sprintf("%.2f x the same alone (%s)", ratio, spread(inside)),
		"the directory's cost: at most 1.25 x", ratio <= 1.25,
	}
}

func judgeCommit(r *result) []verdict {
	if r.tree.files < oneMillion {
		return nil
	}
	ours := r.find("treefilter commit")
	ratio := ours.ratio(r.find("sequential lstat"))
	return []verdict{{
		"commit of all from stdin", r.tree.name(), fmt.Sprintf("%.2f x sequential lstat (%s)", ratio, spread(ours)),
		"at most 0.80 x sequential lstat", ratio <= 0.8,
	}}
}

func judgeFilterWAL(r *result) []verdict {
	if r.tree.files < oneMillion {
		return nil
	}
	wal := r.find("stamps in the WAL")
	ratio := wal.ratio(r.find("stamps in the snapshot"))
	return []verdict{{
		"filter with all stamps in the WAL", r.tree.name(), fmt.Sprintf("%.2f x with a snapshot (%s)", ratio, spread(wal)),
		"at most 1.50 x with a snapshot", ratio <= 1.5,
	}}
}

func judgeDumpNew(r *result) []verdict {
	if r.tree.files < oneMillion {
		return nil
	}
	s, size := r.find("treefilter dump"), inSnapshot.size(r.tree)
	return []verdict{
		judgeTime("dump of 1,000 new stamps into", r.tree, s, 150*time.Millisecond),
		judgeMemory("dump of 1,000 new stamps, peak memory, with a mapped snapshot of "+megabytes(size)+" MB",
			r.tree, s.peak(), size+processMemory),
	}
}

func judgeDumpAll(r *result) []verdict {
	if r.tree.files < oneMillion {
		return nil
	}
	var out []verdict
	for i := range r.series {
		s := &r.series[i]
		out = append(out, judgeTime("dump of all new stamps, "+s.name, r.tree, s, 2*time.Second))
	}
	return out
}

// growing are the rows whose cost should be linear in the number of files.
var growing = []struct{ row, name string }{
	{"no-change", "floor"}, // not judged: what linear means here
	{"no-change", "treefilter"},
	{"commit", "sequential lstat"},
	{"commit", "treefilter commit"},
	{"filter-wal", "stamps in the WAL"},
	{"dump-new", "treefilter dump"},
	{"dump-all", "WAL in walk order"},
	{"dump-all", "WAL in no order"},
}

// judgeGrowth compares the cost of a file in the smallest and the largest
// tree. Costing less in the large one is what start-up time does, and good.
func (b *bench) judgeGrowth() []verdict {
	small, large := slices.Min(b.Sizes), slices.Max(b.Sizes)
	if small == large {
		return nil
	}
	var out []verdict
	for _, g := range growing {
		for _, shape := range b.Shapes {
			one := b.results[key{g.row, shape, small}].find(g.name)
			two := b.results[key{g.row, shape, large}].find(g.name)
			if one == nil || two == nil {
				continue
			}
			growth := perFile(two, large) / perFile(one, small)
			v := verdict{
				"growth, " + g.row + ", " + g.name, shape + " " + human(small) + " to " + human(large),
				fmt.Sprintf("%.2f x per file (%.2f to %.2f us)", growth, perFile(one, small), perFile(two, large)),
				"at most 1.10 x per file", growth <= 1.1,
			}
			if g.name == "floor" || g.name == "sequential lstat" {
				v.target = "" // a yardstick, not ours
			}
			out = append(out, v)
		}
	}
	return append(out, b.judgeMemoryGrowth(small, large)...)
}

// perFile is the time for one file, in microseconds.
func perFile(s *series, files int) float64 {
	return float64(s.wall().Nanoseconds()) / 1000 / float64(files)
}

// judgeMemoryGrowth: apart from the mapped snapshot, more stamps take no
// more memory. The allowance is for what a garbage collector leaves to
// chance.
func (b *bench) judgeMemoryGrowth(small, large int) []verdict {
	const allowance = 4 << 20
	var out []verdict
	for _, shape := range b.Shapes {
		one, two := b.results[key{"no-change", shape, small}], b.results[key{"no-change", shape, large}]
		if one == nil || two == nil {
			continue
		}
		grown := two.find("treefilter").peak() - one.find("treefilter").peak()
		mapped := inSnapshot.size(two.tree) - inSnapshot.size(one.tree)
		out = append(out, verdict{
			"growth, no-change, peak memory", shape + " " + human(small) + " to " + human(large),
			fmt.Sprintf("%s MB more, the snapshot %s MB", megabytes(grown), megabytes(mapped)),
			"no more than the snapshot (and " + megabytes(allowance) + " MB)", grown <= mapped+allowance,
		})
	}
	return out
}
