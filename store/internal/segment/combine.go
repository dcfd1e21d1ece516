package segment

import (
	"slices"
	"strings"

	"treefilter/store/internal/format"
	"treefilter/store/internal/memtable"
	"treefilter/store/internal/wal"
	"treefilter/store/internal/words"
)

// Past divides the logs of a tree into those that a snapshot holds and the others. A WAL
// that has no segments beside it is among the others: processes append to it again after
// a dump that was killed before it had removed it, and after a crash that has cut it how
// many records it has shows nothing.
func Past(logs []*Log, folded Folded) (past, rest []*Log) {
	if len(logs) == 1 && logs[0].isWAL {
		return nil, logs
	}
	for _, l := range logs {
		if l.Says() && folded.marks().covers(l) {
			past = append(past, l)
		} else {
			rest = append(rest, l)
		}
	}
	return past, rest
}

// Combine returns what some logs of a tree say together, over the snapshot that they
// were folded into. Of what is said of a path the word counts that all others
// are older than; where there are several such, because their writers could not see
// one another's, and they disagree, the path has no stamp. stay are other logs that are
// there: what has been read of them is not missing.
func Combine(logs []*Log, folded Folded, stay ...*Log) *wal.Log {
	lost := missing(logs, folded, stay...)
	_, logs = Past(logs, folded)
	logs = slices.DeleteFunc(slices.Clone(logs), func(l *Log) bool { return !l.isWAL && !l.Says() })
	switch {
	case len(logs) == 0:
		return nil
	case len(logs) == 1 && logs[0].isWAL && !logs[0].unseen(folded):
		return logs[0].Log
	}
	slices.SortFunc(logs, func(a, b *Log) int { return strings.Compare(a.Path, b.Path) })
	c := combination{logs: logs, void: make([]bool, len(logs))}
	c.sum()
	c.hide(folded, lost)
	c.all.Said = words.Of(c.words())
	return &c.all
}

type combination struct {
	logs []*Log
	// void says of each log that its stamps do not count: something that is missing,
	// or has gone into the snapshot unseen, may contradict them.
	void []bool
	all  wal.Log
}

// sum adds up what is not said of single files.
func (c *combination) sum() {
	var newest *Log
	for _, l := range c.logs {
		c.all.Size += l.Size
		c.all.Records += l.Records
		c.all.Bad += l.Bad
		if l.Last != nil && (newest == nil || !newest.after(l)) {
			newest = l
		}
	}
	for _, l := range c.logs {
		if l != newest {
			c.all.Sessions = append(c.all.Sessions, l.Sessions...)
		}
	}
	if newest != nil {
		c.all.Sessions = append(c.all.Sessions, newest.Sessions...)
		c.all.Last = newest.Last
	}
}

// hide finds out whose stamps do not count.
func (c *combination) hide(folded Folded, lost []string) {
	for i, l := range c.logs {
		c.void[i] = c.void[i] || l.unseen(folded)
		if l.hides() {
			c.missing(func(o *Log) bool { return o == l || o.after(l) })
		}
	}
	for _, id := range lost {
		c.missing(func(o *Log) bool { _, read := o.Read[id]; return read })
	}
}

// missing notes that records are missing, and which logs are newer.
func (c *combination) missing(newer func(*Log) bool) {
	c.all.HidesAll = true
	for i, l := range c.logs {
		c.void[i] = c.void[i] || !newer(l)
	}
}

// words settles what is said of each path, in memory.
func (c *combination) words() *memtable.Table {
	dirs := map[string][]int{} // which logs speak of it
	said := make([]*memtable.Table, len(c.logs))
	for i, l := range c.logs {
		if said[i] = l.Said.Table(); l.Said.Err() != nil {
			c.missing(func(*Log) bool { return false })
		}
		for dir := range said[i].Dirs {
			dirs[dir] = append(dirs[dir], i)
		}
	}
	table := memtable.New()
	for dir, by := range dirs {
		items := said[by[0]].Dirs[dir].Items
		if len(by) > 1 || c.void[by[0]] {
			items = c.settle(said, dir, by)
		}
		table.Dirs[dir] = &memtable.Dir{Dir: dir, Items: items}
	}
	return table
}

// said is a word, and the log that it stands in.
type said struct {
	memtable.Word
	by *Log
}

func (c *combination) settle(tables []*memtable.Table, dir string, by []int) (items []memtable.Word) {
	var all []said
	for _, i := range by {
		for _, it := range tables[i].Dirs[dir].Items {
			if c.void[i] {
				it = memtable.Word{Name: it.Name, Kind: memtable.WordDrop}
			}
			all = append(all, said{it, c.logs[i]})
		}
	}
	slices.SortStableFunc(all, func(a, b said) int { return strings.Compare(a.Name, b.Name) })
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].Name == all[0].Name {
			n++
		}
		items = append(items, newest(all[:n]))
		all = all[n:]
	}
	return items
}

// newest returns the word on a path that all others are older than, and a drop where
// there are several that disagree. Such a drop remembers no failure: how often the
// command failed in a row is not known.
func newest(words []said) memtable.Word {
	var last *memtable.Word
	for i := range words {
		if slices.ContainsFunc(words, func(o said) bool { return o.by.after(words[i].by) }) {
			continue
		}
		if o := &words[i].Word; last != nil && (!last.SaysAs(o) || last.Failure() != nil || o.Failure() != nil) {
			return memtable.Word{Name: words[i].Name, Kind: memtable.WordDrop}
		}
		last = &words[i].Word
	}
	if last == nil { // each older than another: no writer of ours does that
		return memtable.Word{Name: words[0].Name, Kind: memtable.WordDrop}
	}
	return *last
}

// Seen returns the marks of the logs that say something, and of the last that went into
// the snapshot: which stands for all before it.
func Seen(logs []*Log, folded Folded) (read format.SegmentRecord) {
	if n := len(folded); n > 0 {
		read.Folded = folded[n-1].Mark()
	}
	_, logs = Past(logs, folded)
	for _, l := range logs {
		switch mark := format.LogMark(l.ID, l.Records); {
		case l.ID == "" || !l.Says():
		case l.isWAL:
			read.WAL = mark
		default:
			read.Logs = append(read.Logs, mark)
		}
	}
	return read
}
