package wal

import (
	"sync/atomic"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
	"treefilter/store/internal/memtable"
)

// news is what was said of a tree's files since it was read.
type news struct {
	// Past is the WAL as it was when the tree was read, nil for none.
	Past *Log
	// Snapshot is the snapshot as it was then, or when the WAL was last replaced.
	Snapshot disk.Info
	// NewestFolded is the id of the last WAL that went into it, "" for none.
	NewestFolded string
	// Epoch counts how often something new was read.
	Epoch atomic.Uint64
	// gap is the epoch before which something may have been said that was not
	// read: the WAL was replaced more than once between two looks at it.
	gap uint64
	// taken are the paths whose stamps others have taken away, or made under
	// another config, and when.
	taken map[string]uint64
	// Words is the last word on each path, from any process; nil where it is not asked for.
	Words map[string]memtable.Word
	// Reread says that the files must be read again: words may lack something.
	Reread bool
}

// missed notes that something may have been said that was not read.
func (n *news) missed() {
	n.gap = n.Epoch.Add(1)
	n.Reread = true
}

// takeNote takes notice of a record that another process has appended.
func (a *Appender) takeNote(r format.Record, s *format.Session) {
	if r.Kind == format.RecordSet && a.Same(s.Terms, string(r.Path), r.Stamp.Settings) {
		// It was processed again after that: that stamp must not be taken away.
		delete(a.taken, string(r.Path))
	} else {
		if a.taken == nil {
			a.taken = map[string]uint64{}
		}
		a.taken[string(r.Path)] = a.Epoch.Load()
	}
	a.note(string(r.Path), r, s.Terms)
}

// note keeps the last word on a path, where it is asked for.
func (a *Appender) note(path string, r format.Record, under *format.Terms) {
	if a.Words == nil {
		return
	}
	it := memtable.Word{Under: under, Kind: memtable.WordOf(r.Kind)}
	if r.Kind == format.RecordSet {
		it.SetStamp(r.Stamp)
	}
	it.SetFailure(r.Failure)
	a.Words[path] = it
}

// Verdict is what becomes of a stamp that is to be appended.
type Verdict int

const (
	Accept Verdict = iota
	Leave          // it is not made; what the tree says of the file stands
	Refuse         // it is not made, and the file has none
)

// Lookup returns the stamp that a file has and that counts, given by its path
// relative to the tree.
type Lookup func(path string) (format.Stamp, bool)

// Arbitrate decides about a stamp when other processes have written about its path
// after the file was statted. Where one has taken the stamp away, or has stamped the
// file under another config, the two contradict each other, and which came last is
// not known: it is refused. Where it is not known what was written, a stamp of our
// config that is there by now is believed in place of this one. current looks up what
// the tree says now.
func (a *Appender) Arbitrate(e *format.Entry, current Lookup) Verdict {
	switch {
	case e.Since == 0:
		return Accept
	case a.taken[e.Path] >= e.Since:
		return Refuse
	case a.gap < e.Since:
		return Accept
	}
	s, ok := current(e.Path)
	switch {
	case !ok:
		return Refuse
	case s.Time == e.Time && s.Target == e.Target && s.Exact == e.Exact:
		return Accept
	}
	return Leave
}
