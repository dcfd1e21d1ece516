package segment

import (
	"maps"
	"slices"

	"treefilter/store/internal/format"
)

// Marks are how many records of some logs were read or folded, by the logs' ids. A log
// only grows, so one that has no more than that says nothing else.
type Marks map[string]int

// MarksOf reads a list of marks. What is none is left out.
func MarksOf(list []string) Marks {
	marks := Marks{}
	marks.add(list)
	return marks
}

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

// List is what is written of them.
func (m Marks) List() (list []string) {
	for _, id := range slices.Sorted(maps.Keys(m)) {
		list = append(list, format.LogMark(id, m[id]))
	}
	return list
}
