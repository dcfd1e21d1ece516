package filter

import (
	"cmp"
	"slices"
	"strings"

	"treefilter/store/state"
)

// givenPath is one of the paths of a read.
type givenPath struct {
	dir, name string
	at        int // its place among them
}

// inWalkOrder puts the paths of one read in the order of a walk. find prints the names of
// a directory as they lie on the disk, and its subdirectories between them; other
// programs in any order. Judged in this one, the paths of a directory need it to be
// opened once, and the snapshot is read forwards. Measured on 240,000 real paths: half
// the processor time after find, and a third after shuf.
func inWalkOrder(paths []string, into []givenPath) []givenPath {
	for i, path := range paths {
		dir, name := splitGiven(path)
		into = append(into, givenPath{dir, name, i})
	}
	order := func(a, b givenPath) int {
		if a.dir != b.dir {
			return state.CompareDirs(a.dir, b.dir)
		}
		return cmp.Or(strings.Compare(a.name, b.name), a.at-b.at)
	}
	if !slices.IsSortedFunc(into, order) {
		slices.SortFunc(into, order)
	}
	return into
}

// asGiven puts items back in the order of the paths that they are about.
func asGiven[T any](items []T, places []int) []T {
	if slices.IsSorted(places) {
		return items
	}
	order := make([]int, len(items))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(places[a], places[b]) })
	given := make([]T, len(items))
	for i, from := range order {
		given[i] = items[from]
	}
	return given
}
