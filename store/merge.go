package store

import (
	"cmp"
	"io"
	"slices"
)

// merge writes a snapshot of what a state says, as changed by words that are
// newer. Both come in walk order, so neither is held or sorted as a whole, and
// stretches that nothing changes are copied as they stand.
type merge struct {
	base    *state
	over    *overlay // what is not read in place in base, and newer
	runs    []*run   // of over, in order
	program string
	volume  string // the file system of the tree, "" where it is not known
	held    *terms // of the stamps that were held in memory, nil where none were
	// contradicted says that some of these were dropped.
	contradicted bool
	// configs are those that the snapshot keeps stamps of, the newest first.
	configs []*terms
}

// newMerge finds out which configs there are. newest goes first, whether it has
// stamps or not.
func newMerge(program string, base *state, over *overlay, newest *terms) *merge {
	m := &merge{base: base, over: over, runs: over.sorted(), program: program, configs: []*terms{newest}}
	if base.wal != nil {
		// The last that appeared is the newest.
		for _, s := range slices.Backward(base.wal.sessions) {
			if s.program == program {
				m.addConfig(s.terms)
			}
		}
	}
	for _, p := range base.parts {
		if p.configErr == nil && !base.hides(p.hash) {
			m.addConfig(p.terms)
		}
	}
	for _, r := range m.runs {
		for i := range r.items {
			if it := &r.items[i]; it.kind == wordSet && it.under != m.configs[0] {
				m.addConfig(it.under)
			}
		}
	}
	return m
}

func (m *merge) addConfig(t *terms) {
	if !slices.ContainsFunc(m.configs, func(o *terms) bool { return o == t || o.hash == t.hash }) {
		m.configs = append(m.configs, t)
	}
}

// count returns how many stamps a snapshot would hold of a config.
func (m *merge) count(t *terms) (int64, error) {
	return m.times(newSnapshotWriter(io.Discard), t)
}

// maxConfigs bounds of how many configs a snapshot keeps stamps, since its table
// of sections is bounded. The oldest go: their files are processed again.
const maxConfigs = (maxSections - 1) / 2

// write writes the whole snapshot and returns how many stamps it holds.
func (m *merge) write(out *snapshotWriter) (stamps int64, err error) {
	newest := m.configs[0]
	h := header{program: m.program, volume: m.volume, terms: newest}
	h.folded = thenFolded(m.base.header.folded, m.base.wal)
	if m.held != nil {
		// Who looks for what was said meanwhile finds it as if it had been in a WAL.
		held := foldedWAL{id: newID(), under: m.held.hash[:foldedHash]}
		if m.contradicted {
			held.under = ""
		}
		h.folded = appendFolded(h.folded, held)
	}
	out.header(h)
	if stamps, err = m.part(out, newest, ""); err != nil {
		return 0, err
	}
	if err := m.dropped(out); err != nil {
		return 0, err
	}
	written := 1
	for _, t := range m.configs[1:] {
		if written == maxConfigs {
			break
		}
		// Most configs of the past have no stamp left.
		n, err := m.count(t)
		if err != nil {
			return 0, err
		}
		if n == 0 {
			continue
		}
		if written == 1 {
			out.otherConfigs()
		}
		written++
		out.otherConfig(t)
		if _, err := m.part(out, t, otherIndent); err != nil {
			return 0, err
		}
		stamps += n
	}
	return stamps, out.finish()
}

// part writes the stamps of one config.
func (m *merge) part(out *snapshotWriter, t *terms, indent string) (stamps int64, err error) {
	base := m.basePart(t)
	out.begin(timesSection, t.hash, indent, base == nil && !m.hasSet(t, false))
	if stamps, err = m.times(out, t); err != nil {
		return 0, err
	}
	out.end(stamps)
	var digests mergeSection
	if base != nil && base.digests != nil {
		if c := m.base.digestsOf(base); c != nil {
			digests = mergeSection{c, m.base.digestsOf(base), base.digests.entries}
		}
	}
	if digests.base == nil && !m.hasSet(t, true) {
		return stamps, nil
	}
	out.begin(digestsSection, t.hash, indent, false)
	n, err := digests.write(m, out, func(b []byte, path string, it *item) []byte {
		if !it.setUnder(t.hash) || it.digest() == nil {
			return b
		}
		return appendDigest(b, path, it.digest())
	})
	out.end(n)
	return stamps, err
}

func (m *merge) times(out *snapshotWriter, t *terms) (int64, error) {
	var s mergeSection
	if p := m.basePart(t); p != nil && p.times != nil {
		s = mergeSection{m.base.timesOf(p), m.base.timesOf(p), p.entries()}
	}
	return s.write(m, out, func(b []byte, path string, it *item) []byte {
		if !it.setUnder(t.hash) {
			return b
		}
		return appendEntry(b, path, it.stamp())
	})
}

// dropped writes the files whose stamps were taken away.
func (m *merge) dropped(out *snapshotWriter) error {
	var s mergeSection
	if m.base.trailer != nil {
		if sec := m.base.trailer.find(droppedSection, ""); sec != nil {
			s = mergeSection{newCursor(m.base.src, sec.span), newCursor(m.base.src, sec.span), sec.entries}
		}
	}
	if s.base == nil && !m.hasDrop() {
		return nil
	}
	out.begin(droppedSection, "", "", false)
	n, err := s.write(m, out, func(b []byte, path string, it *item) []byte {
		if it.kind != wordDrop {
			return b
		}
		return appendDropped(b, path)
	})
	out.end(n)
	return err
}

// basePart returns the part of the base that holds the stamps of a config and
// is read in place.
func (m *merge) basePart(t *terms) *part {
	i := slices.IndexFunc(m.base.parts, func(p *part) bool { return p.hash == t.hash && p.times != nil })
	if i < 0 || m.base.hides(t.hash) {
		return nil
	}
	return m.base.parts[i]
}

func (m *merge) hasSet(t *terms, digest bool) bool {
	return m.has(func(it *item) bool { return it.setUnder(t.hash) && (!digest || it.digest() != nil) })
}

func (m *merge) hasDrop() bool { return m.has(func(it *item) bool { return it.kind == wordDrop }) }

func (m *merge) has(is func(*item) bool) bool {
	for _, r := range m.runs {
		for i := range r.items {
			if is(&r.items[i]) {
				return true
			}
		}
	}
	return false
}

// mergeSection is one section of the base, through two cursors: one looks for
// what newer words change, the other follows and copies what they leave.
type mergeSection struct {
	base, copied *cursor
	entries      int64
}

// write merges the section and returns how many entries it has now. encode
// writes the entry of a newer word, if it has one in this section.
func (s mergeSection) write(m *merge, out *snapshotWriter, encode func([]byte, string, *item) []byte) (entries int64, err error) {
	entries = s.entries
	var path []byte
	for _, r := range m.runs {
		if path = append(path[:0], r.dir...); len(path) > 0 {
			path = append(path, '/')
		}
		dir := len(path)
		for i := range r.items {
			it := &r.items[i]
			replaced, err := s.skip(out, r.dir, it.name)
			if err != nil {
				return 0, err
			}
			if replaced {
				entries--
			}
			before := len(out.buf)
			path = append(path[:dir], it.name...)
			out.buf = encode(out.buf, stringView(path), it)
			if len(out.buf) > before {
				entries++
			}
			if err := out.spill(); err != nil {
				return 0, err
			}
		}
	}
	if s.base == nil {
		return entries, nil
	}
	return entries, s.copyTo(out, s.base.span.end)
}

// skip copies what the base holds before a path, and passes over its entry of
// that path, where it has one.
func (s mergeSection) skip(out *snapshotWriter, dir, name string) (found bool, err error) {
	if s.base == nil {
		return false, nil
	}
	s.base.enter(dir)
	value, err := s.base.find(name)
	if err != nil {
		return false, err
	}
	if value == nil {
		return false, s.copyTo(out, s.base.pos)
	}
	if err := s.copyTo(out, s.base.found); err != nil {
		return false, err
	}
	s.copied.pos = s.base.pos
	return true, nil
}

func (s mergeSection) copyTo(out *snapshotWriter, end int64) error {
	c := s.copied
	for c.pos < end {
		if err := c.load(c.pos); err != nil {
			return err
		}
		stop := min(end, c.safe)
		if err := out.raw(c.buf[c.pos-c.base : stop-c.base]); err != nil {
			return err
		}
		c.pos = stop
	}
	return nil
}

// thenFolded returns the list once one more WAL has been folded, nil for none.
func thenFolded(list []foldedWAL, w *wal) []foldedWAL {
	if w == nil || w.records == 0 && !w.hidesAll && w.hidesOthers == "" {
		return list
	}
	// One that was written by hand, or is discarded, has no id.
	last := foldedWAL{id: cmp.Or(w.id, newID())}
	if w.records == w.sets && w.takes == 0 && w.under != "" && !w.hidesAll && w.hidesOthers == "" {
		last.under = w.under[:foldedHash]
	}
	if n := len(list); n > 0 && list[n-1].id == w.id { // by a dump that was killed
		list = list[:n-1]
	}
	return appendFolded(list, last)
}
