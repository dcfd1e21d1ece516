package segment

import (
	"slices"

	"treefilter/store/internal/disk"
)

// Fold divides the logs of a tree into those that a dump may fold and those that stay.
// What stays lies over the snapshot from then on, and counts as newer than all that is
// in it: so its writer must have read all that is folded. The WAL and segments with an
// end can be folded, and those whose writer is gone.
func Fold(logs []*Log, gone func(disk.Process) bool) (fold, stay []*Log) {
	for _, l := range logs {
		if l.isWAL || l.Ended || gone(l.By) {
			fold = append(fold, l)
		} else {
			stay = append(stay, l)
		}
	}
	for again := true; again; {
		again = false
		fold = slices.DeleteFunc(fold, func(l *Log) bool {
			if !l.Says() || !slices.ContainsFunc(stay, func(s *Log) bool { return !s.after(l) }) {
				return false
			}
			stay, again = append(stay, l), true
			return true
		})
	}
	return fold, stay
}

// List is what the next snapshot lists: the marks of what it folds, and of the older
// ones those whose files are still there, or that a log which stays has read.
func List(fold, stay []*Log, folded Marks) []string {
	marks := Marks{}
	for id, n := range folded {
		is := func(l *Log) bool { return l.ID == id }
		if slices.ContainsFunc(fold, is) || slices.ContainsFunc(stay, func(l *Log) bool {
			_, read := l.Read[id]
			return read || is(l)
		}) {
			marks[id] = n
		}
	}
	for _, l := range fold {
		if l.ID != "" && l.Says() {
			marks[l.ID] = max(marks[l.ID], l.Records)
		}
	}
	return marks.List()
}
