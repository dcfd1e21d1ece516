package store

import (
	"iter"
	"strings"
)

// Stamps goes through every stamp that counts, in walk order, as they were when
// the tree was first read. Digests are left out: a Reader finds them. What it
// holds grows with the WAL, not with the snapshot. Damage that it meets shows in
// Problems afterwards.
func (t *Tree) Stamps() iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		st := t.loaded()
		s := stampWalk{st: st, yield: yield}
		if st.wal != nil {
			s.over = st.wal.stamps
			s.runs = s.over.sorted()
		}
		switch {
		case !st.snapshotCounts(t.scope()):
		case st.hand != nil:
			s.byHand(st.hand)
		case st.src != nil:
			s.inPlace(t.names.snapshot)
		}
		s.advance("", true)
	}
}

// stampWalk merges the stamps of a WAL into those of a snapshot.
type stampWalk struct {
	st    *state
	yield func(Entry) bool
	ended bool // the caller has had enough

	over *overlay
	runs []*run // of over that were not gone through, in order
	item int    // in runs[0]
}

// base takes the next stamp of the snapshot, which one in the WAL replaces.
func (s *stampWalk) base(path string, t Time) {
	s.advance(path, false)
	if s.ended {
		return
	}
	if s.over != nil {
		dir, name := splitPath(path)
		if it, _ := s.over.dirs[dir].find(name, 0); it != nil {
			return
		}
	}
	s.put(path, t)
}

func (s *stampWalk) put(path string, t Time) {
	s.ended = s.ended || !s.yield(Entry{path, Stamp{Time: t}})
}

// advance gives out what the WAL has before a path, or all that is left of it.
func (s *stampWalk) advance(path string, all bool) {
	for len(s.runs) > 0 && !s.ended {
		at := s.runs[0]
		if s.item == len(at.items) {
			s.runs, s.item = s.runs[1:], 0
			continue
		}
		it := &at.items[s.item]
		full := joinPath(at.dir, it.name)
		if !all && comparePaths(full, path) > 0 {
			return
		}
		if s.item++; !it.drop {
			s.put(full, it.time)
		}
	}
}

func (s *stampWalk) byHand(stamps *overlay) {
	for _, r := range stamps.sorted() {
		for _, it := range r.items {
			if s.base(joinPath(r.dir, it.name), it.time); s.ended {
				return
			}
		}
	}
}

// inPlace reads the snapshot from front to back. Where it proves to be damaged
// it goes on behind the last stamp, in the sound part.
func (s *stampWalk) inPlace(file string) {
	last := ""
	for salvaged := false; ; salvaged = true {
		err := s.section(s.st.cursor(timesOf), &last)
		if err == nil || salvaged || s.ended {
			return
		}
		s.st.salvage(file, err)
	}
}

// section reads the entries behind the path last. One that no walk could ask
// for is none: a forged path must not lead outside the tree.
func (s *stampWalk) section(c *cursor, last *string) error {
	from := *last
	for pos := c.span.at; pos < c.span.end && !s.ended; {
		path, value, next, err := c.entry(pos)
		if err != nil {
			return err
		}
		pos = next
		t, ok := parseTime(value)
		if !ok || checkPath(path) != nil || from != "" && comparePaths(path, from) <= 0 {
			continue
		}
		*last = strings.Clone(path)
		s.base(*last, t)
	}
	return nil
}
