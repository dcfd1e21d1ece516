package store

import "sync/atomic"

// news is what was said of a tree's files since it was read.
type news struct {
	// past is the WAL as it was when the tree was read, nil for none.
	past *wal
	// snapshot is the snapshot as it was then, or when the WAL was last replaced.
	snapshot fileInfo
	// newestFolded is the id of the last WAL that went into it, "" for none.
	newestFolded string
	// epoch counts how often something new was read.
	epoch atomic.Uint64
	// gap is the epoch before which something may have been said that was not
	// read: the WAL was replaced more than once between two looks at it.
	gap uint64
	// taken are the paths whose stamps others have taken away, or made under
	// another config, and when.
	taken map[string]uint64
	// words is the last word on each path, by whomever; nil where nobody asks.
	words map[string]item
	// reread says that the files must be read again: words may lack something.
	reread bool
}

// missed notes that something may have been said that was not read.
func (n *news) missed() {
	n.gap = n.epoch.Add(1)
	n.reread = true
}

// hear takes a record of somebody else.
func (a *appender) hear(r record, s *session) {
	if r.kind == recordSet && s.hash == a.hash {
		// Somebody has processed it after that: his stamp must not be taken away.
		delete(a.taken, string(r.path))
	} else {
		if a.taken == nil {
			a.taken = map[string]uint64{}
		}
		a.taken[string(r.path)] = a.epoch.Load()
	}
	a.note(string(r.path), r, s.terms)
}

// note keeps the last word on a path, where somebody asks for it.
func (a *appender) note(path string, r record, under *terms) {
	if a.words == nil {
		return
	}
	it := item{under: under, kind: wordOf(r.kind)}
	if r.kind == recordSet {
		it.setStamp(r.stamp)
	}
	a.words[path] = it
}

// verdict is what becomes of a stamp that is to be appended.
type verdict int

const (
	accept verdict = iota
	leave          // it is not made; what the tree says of the file stands
	refuse         // it is not made, and the file has none
)

// lookup returns the stamp that a file has and that counts, given by its path
// relative to the tree.
type lookup func(path string) (Stamp, bool)

// judge decides about a stamp, given what others have said since its file was looked
// at: where somebody has taken the file's stamp away, or processed it under another
// config, the two contradict each other, and which came last is not known. Where it
// is not known what was said, a stamp of our config that is there by now is believed
// in place of this one. current looks up what the tree says now.
func (a *appender) judge(e *Entry, current lookup) verdict {
	switch {
	case e.Since == 0:
		return accept
	case a.taken[e.Path] >= e.Since:
		return refuse
	case a.gap < e.Since:
		return accept
	}
	s, ok := current(e.Path)
	switch {
	case !ok:
		return refuse
	case s.Time == e.Time && s.Target == e.Target && s.Exact == e.Exact:
		return accept
	}
	return leave
}
