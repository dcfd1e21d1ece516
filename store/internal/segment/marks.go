package segment

import (
	"cmp"
	"slices"

	"treefilter/store/internal/format"
)

// Marks are how many records of some logs were read or folded, by the logs' ids. A log
// only grows, so one that has no more than that says nothing else.
type Marks map[string]int

// add adds a list of marks. What is none is left out.
func (m Marks) add(list []string) {
	for _, mark := range list {
		if id, records, ok := format.CutMark(mark); ok {
			m[id] = max(m[id], records)
		}
	}
}

// covers reports whether all that a log says is among them.
func (m Marks) covers(l *Log) bool {
	n, ok := m[l.ID]
	return ok && l.ID != "" && n >= l.Records
}

// Folded are the logs that went into a snapshot lately, in that order.
type Folded []format.FoldedLog

func (list Folded) marks() Marks {
	m := Marks{}
	for _, f := range list {
		m[f.ID] = max(m[f.ID], f.Records)
	}
	return m
}

// Then is what the next snapshot lists: what it folds, too. Of the older ones it keeps
// the last, which is the base of segments that begin now, those whose files are still
// there, and what came after; all, where a log stays, whose base is one of them.
func (list Folded) Then(fold, past, stay []*Log) Folded {
	keep := max(0, len(list)-1)
	if len(stay) > 0 {
		keep = 0
	}
	for i := range list[:keep] {
		if slices.ContainsFunc(past, func(l *Log) bool { return l.ID == list[i].ID }) {
			keep = i
			break
		}
	}
	then := slices.Clone(list)
	// The WAL first: should it go on, what was folded with it counts as later.
	fold = slices.Clone(fold)
	slices.SortStableFunc(fold, func(a, b *Log) int {
		switch {
		case a.isWAL:
			return -1
		case b.isWAL:
			return 1
		}
		return 0
	})
	for _, l := range fold {
		if f := l.folded(); l.Says() && (len(then) == 0 || then[len(then)-1] != f) {
			then = append(then, f)
		}
	}
	return then[min(keep, max(0, len(then)-format.MinFolded)):]
}

// folded is what is listed of a log. One that was written by hand has no id.
func (l *Log) folded() format.FoldedLog {
	f := format.FoldedLog{ID: cmp.Or(l.ID, format.NewID()), Records: l.Records}
	if l.Records == l.Sets && l.Takes == 0 && l.Under != "" && !l.hides() {
		f.Under = l.Under[:format.FoldedHash]
	}
	return f
}
