package state

import (
	"io"
	"slices"

	"treefilter/store/internal/format"
	"treefilter/store/internal/memtable"
	"treefilter/store/internal/segment"
	"treefilter/store/internal/snapshot"
	"treefilter/store/internal/words"
)

// merge writes a snapshot of what a state says, as changed by words that are
// newer. Both come in walk order, so neither is held or sorted as a whole, and
// stretches that nothing changes are copied as they stand.
type merge struct {
	base    *state
	over    words.Layers // what is not read in place in base, and newer
	program string
	volume  string        // the file system of the tree, "" where it is not known
	root    string        // see format.Session
	held    *format.Terms // of the stamps that were held in memory, nil where none were
	// folded are the logs that the snapshot is to list.
	folded segment.Folded
	// contradicted says that some of these were dropped.
	contradicted bool
	// configs are those that the snapshot keeps stamps of, the newest first.
	configs  []*format.Terms
	listings *relisting

	// What there is in over: the hashes of the configs that it has stamps and digests
	// of, and whether it has drops.
	sets, digests map[string]bool
	drops         bool
}

// newMerge finds out which configs there are. newest goes first, whether it has
// stamps or not.
func newMerge(program string, base *state, over words.Layers, newest *format.Terms) *merge {
	m := &merge{base: base, over: over, program: program, configs: []*format.Terms{newest}, listings: &relisting{}}
	if base.wal != nil {
		// The last that appeared is the newest.
		for _, s := range slices.Backward(base.wal.Sessions) {
			if s.Program == program {
				m.addConfig(s.Terms)
			}
		}
	}
	for _, p := range base.Parts {
		if p.ConfigErr == nil && !base.hides(p.Hash) {
			m.addConfig(p.Terms)
		}
	}
	m.survey()
	return m
}

// survey finds out what there is in over.
func (m *merge) survey() {
	m.sets, m.digests = map[string]bool{}, map[string]bool{}
	var last *format.Terms
	for _, it := range m.over.All() {
		switch {
		case it.Kind == memtable.WordDrop:
			m.drops = true
			continue
		case it.Kind == memtable.WordPrune:
			continue
		case it.Under != last:
			last = it.Under
			m.addConfig(last)
			m.sets[last.Hash] = true
		}
		if it.Digest() != nil {
			m.digests[last.Hash] = true
		}
	}
}

func (m *merge) addConfig(t *format.Terms) {
	if !slices.ContainsFunc(m.configs, func(o *format.Terms) bool { return o == t || o.Hash == t.Hash }) {
		m.configs = append(m.configs, t)
	}
}

// count returns how many stamps a snapshot would hold of a config.
func (m *merge) count(t *format.Terms) (int64, error) {
	return m.times(format.NewSnapshotWriter(io.Discard), t)
}

// maxConfigs bounds of how many configs a snapshot keeps stamps, since its table
// of sections is bounded. The oldest go: their files are processed again.
const maxConfigs = (format.MaxSections - 1) / 2

// write writes the whole snapshot and returns how many stamps it holds.
func (m *merge) write(out *format.SnapshotWriter) (stamps int64, err error) {
	newest := m.configs[0]
	h := format.Header{Program: m.program, Volume: m.volume, Root: m.root, Folded: m.folded, Terms: newest}
	if m.held != nil {
		// To other processes this looks as if the stamps had been in a WAL.
		held := format.FoldedLog{ID: format.NewID(), Under: m.held.Hash[:format.FoldedHash]}
		if m.contradicted {
			held.Under = ""
		}
		h.Folded = append(h.Folded, held)
	}
	if m.listings.entries > 0 {
		h.Boot = m.listings.volume.Boot
	}
	out.Header(h)
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
			out.OtherConfigs()
		}
		written++
		out.OtherConfig(t)
		if _, err := m.part(out, t, format.OtherIndent); err != nil {
			return 0, err
		}
		stamps += n
	}
	if err := m.listings.write(out); err != nil {
		return 0, err
	}
	if err := m.over.Err(); err != nil {
		return 0, err
	}
	return stamps, out.Finish()
}

// part writes the stamps of one config.
func (m *merge) part(out *format.SnapshotWriter, t *format.Terms, indent string) (stamps int64, err error) {
	base := m.basePart(t)
	out.Begin(format.TimesSection, t.Hash, indent, base == nil && !m.sets[t.Hash])
	if stamps, err = m.times(out, t); err != nil {
		return 0, err
	}
	out.End(stamps)
	var digests mergeSection
	if base != nil && base.Digests != nil {
		if c := m.base.DigestsOf(base); c != nil {
			digests = mergeSection{c, m.base.DigestsOf(base), base.Digests.Entries}
		}
	}
	if digests.base == nil && !m.digests[t.Hash] {
		return stamps, nil
	}
	out.Begin(format.DigestsSection, t.Hash, indent, false)
	n, err := digests.write(m, out, func(b []byte, path string, it *memtable.Word) []byte {
		if !it.SetUnder(t.Hash) || it.Digest() == nil {
			return b
		}
		return format.AppendDigest(b, path, it.Digest())
	})
	out.End(n)
	return stamps, err
}

func (m *merge) times(out *format.SnapshotWriter, t *format.Terms) (int64, error) {
	var s mergeSection
	if p := m.basePart(t); p != nil && p.Times != nil {
		s = mergeSection{m.base.TimesOf(p), m.base.TimesOf(p), p.Entries()}
	}
	return s.write(m, out, func(b []byte, path string, it *memtable.Word) []byte {
		if !it.SetUnder(t.Hash) {
			return b
		}
		return format.AppendEntry(b, path, it.Stamp())
	})
}

// dropped writes the files whose stamps were taken away.
func (m *merge) dropped(out *format.SnapshotWriter) error {
	var s mergeSection
	if m.base.Trailer != nil {
		if sec := m.base.Trailer.Find(format.DroppedSection, ""); sec != nil {
			s = mergeSection{snapshot.NewCursor(m.base.Src, sec.Span), snapshot.NewCursor(m.base.Src, sec.Span), sec.Entries}
		}
	}
	if s.base == nil && !m.drops {
		return nil
	}
	out.Begin(format.DroppedSection, "", "", false)
	n, err := s.write(m, out, func(b []byte, path string, it *memtable.Word) []byte {
		if it.Kind != memtable.WordDrop {
			return b
		}
		if f := it.Failure(); f != nil {
			return format.AppendDroppedFailure(b, path, f)
		}
		return format.AppendDropped(b, path)
	})
	out.End(n)
	return err
}

// basePart returns the part of the base that holds the stamps of a config and
// is read in place.
func (m *merge) basePart(t *format.Terms) *snapshot.Part {
	i := slices.IndexFunc(m.base.Parts, func(p *snapshot.Part) bool { return p.Hash == t.Hash && p.Times != nil })
	if i < 0 || m.base.hides(t.Hash) {
		return nil
	}
	return m.base.Parts[i]
}
