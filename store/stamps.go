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
		s := stampWalk{tree: t, st: st, yield: yield}
		s.over = st.inMemory()
		s.runs = s.over.sorted()
		for _, p := range st.parts {
			if p.times != nil && t.counts(p.hash) && !st.hides(p.hash) {
				s.cursors = append(s.cursors, partReader{part: p, times: st.timesOf(p)})
			}
		}
		s.walk()
	}
}

// stampWalk merges the stamps in memory into those of a snapshot.
type stampWalk struct {
	tree  *Tree
	st    *state
	yield func(Entry) bool
	ended bool // the caller has had enough

	over    *overlay
	runs    []*run // of over that were not gone through, in order
	item    int    // in runs[0]
	cursors []partReader
}

// walk yields the next of all sources until there is none.
func (s *stampWalk) walk() {
	heads := make([]Entry, len(s.cursors))
	for i := range s.cursors {
		heads[i], _ = s.next(&s.cursors[i], "")
	}
	for !s.ended {
		least := -1
		for i := range heads {
			if heads[i].Path != "" && (least < 0 || comparePaths(heads[i].Path, heads[least].Path) < 0) {
				least = i
			}
		}
		if least < 0 {
			break
		}
		e := heads[least]
		s.advance(e.Path)
		if s.over.findPath(e.Path) == nil {
			s.put(e)
		}
		heads[least], _ = s.next(&s.cursors[least], e.Path)
	}
	s.advance("")
}

// next reads the entry after a path. One that no walk could ask for is none: a
// forged path must not lead outside the tree.
func (s *stampWalk) next(p *partReader, last string) (Entry, bool) {
	for p.times.pos < p.times.span.end {
		path, value, next, err := p.times.entry(p.times.pos)
		if err != nil {
			if p.salvaged != nil {
				return Entry{}, false
			}
			s.st.salvage(p.part, err)
			p.times = s.st.timesOf(p.part)
			continue
		}
		p.times.pos = next
		stamp, ok := parseStampValue(value)
		if !ok || checkPath(path) != nil || last != "" && comparePaths(path, last) <= 0 {
			continue
		}
		return Entry{Path: strings.Clone(path), Stamp: stamp}, true
	}
	return Entry{}, false
}

// advance yields the stamps in memory that come before a path; "" is the end.
func (s *stampWalk) advance(path string) {
	for len(s.runs) > 0 && !s.ended {
		r := s.runs[0]
		if s.item == len(r.items) {
			s.runs, s.item = s.runs[1:], 0
			continue
		}
		it := &r.items[s.item]
		at := joinPath(r.dir, it.name)
		if path != "" && comparePaths(at, path) > 0 {
			return
		}
		s.item++
		if it.kind == wordSet && s.tree.counts(it.under.hash) {
			stamp := it.stamp()
			stamp.Digest = nil
			s.put(Entry{Path: at, Stamp: stamp})
		}
	}
}

func (s *stampWalk) put(e Entry) { s.ended = s.ended || !s.yield(e) }
