package state

import (
	"treefilter/store/internal/format"
	"treefilter/store/internal/memtable"
	"treefilter/store/internal/snapshot"
	"treefilter/store/internal/words"
)

// Reader looks up the stamps of one tree, a directory at a time. Asked in walk
// order it reads the snapshot front to back and searches nothing. For one
// goroutine; any number of Readers may be used side by side.
type Reader struct {
	tree *Tree
	st   *state

	counted  []partReader // parts of the snapshot whose stamps count
	voided   []partReader // those whose stamps do not; opened when they are asked for
	dropped  *snapshot.Cursor
	all      bool // voided and dropped are open
	wal      words.Reader
	hand     words.Reader // what a snapshot says that was written by hand
	dir      string
	hit      *partReader // where Find has found the last stamp, nil for in wal or hand
	listings listingReader

	settings *dirSettings  // of dir, nil for none
	unfit    *format.Stamp // that Find has found last: other setting files decided about it
	note     settingNote
}

// partReader reads a part of a snapshot in place.
type partReader struct {
	*snapshot.Part
	times   *snapshot.Cursor
	digests *snapshot.Cursor // opened when one is asked for
}

// Reader returns a new reader of the tree's stamps as they were when the tree
// was first read.
func (t *Tree) Reader() *Reader {
	r := t.readerOf(t.loaded())
	r.note.to = &t.news
	return r
}

func (t *Tree) readerOf(st *state) *Reader {
	hand, wal := st.said()
	r := &Reader{tree: t, st: st, hand: words.NewReader(hand), wal: words.NewReader(wal)}
	r.counted = r.open(true)
	r.Enter("")
	return r
}

// open opens the parts of the snapshot whose stamps count, or those whose do not.
func (r *Reader) open(counting bool) (parts []partReader) {
	for _, p := range r.st.Parts {
		if r.tree.counts(p.Terms) != counting || r.st.hides(p.Hash) {
			continue
		}
		if c := r.st.TimesOf(p); c != nil {
			parts = append(parts, partReader{Part: p, times: c})
		}
	}
	return parts
}

// Enter makes dir, relative to the tree and "" for its root, the directory of
// the names to come.
func (r *Reader) Enter(dir string) {
	r.dir = dir
	if r.tree.settings != nil {
		r.settings = r.tree.settings.of(dir)
		r.tree.news.unreadable(r.settings.err)
	}
	r.wal.Enter(dir)
	r.hand.Enter(dir)
	for i := range r.counted {
		r.counted[i].times.Enter(dir)
	}
	for i := range r.voided {
		r.voided[i].times.Enter(dir)
	}
	if r.dropped != nil {
		r.dropped.Enter(dir)
	}
}

// Find returns the stamp of a file in the directory entered last, and whether
// it has one that counts. Its digest is left out: see Digest. Names asked for
// in byte order are quickest.
func (r *Reader) Find(name string) (s format.Stamp, ok bool) {
	r.hit, r.unfit = nil, nil
	if it := r.word(name); it != nil {
		if it.Kind != memtable.WordSet || !r.tree.counts(it.Under) {
			return s, false
		}
		s = it.Stamp()
		s.Digest = nil
		return r.fit(s)
	}
	for i := range r.counted {
		p := &r.counted[i]
		value, err := p.times.Find(name)
		if err != nil {
			value = r.lookupAgain(p, name, err)
		}
		if value == nil {
			continue
		}
		r.hit = p
		// Nearly all are a time and nothing else.
		if s.Time, ok = format.ParseUsual(value); ok {
			return r.fit(s)
		}
		if s, ok = format.ParseStampValue(value, r.settingsText()); ok {
			return r.fit(s)
		}
		return s, false
	}
	return s, false
}

func (r *Reader) settingsText() string {
	if r.settings == nil {
		return ""
	}
	return r.settings.text
}

// fits reports whether a stamp counts for the setting files that there are.
func (r *Reader) fits(s *format.Stamp) bool {
	return r.tree.opt.AnyConfig || s.Settings == r.settingsText() && (r.settings == nil || r.settings.err == nil)
}

func (r *Reader) fit(s format.Stamp) (format.Stamp, bool) {
	if r.fits(&s) {
		return s, true
	}
	r.unfit = &s
	r.note.take(s.Settings, r.settings)
	return format.Stamp{}, false
}

// word returns the last word on a name, as far as it is not read in place in the
// snapshot. It is good until the next call.
func (r *Reader) word(name string) *memtable.Word {
	if it := r.wal.Find(name); it != nil {
		return it
	}
	return r.hand.Find(name)
}

// lookup looks a name up in a part of the snapshot, as far as that is sound.
func (r *Reader) lookup(p *partReader, name string) (s format.Stamp, ok bool) {
	value, err := p.times.Find(name)
	if err != nil {
		value = r.lookupAgain(p, name, err)
	}
	if value == nil {
		return s, false
	}
	return format.ParseStampValue(value, "")
}

// lookupAgain looks a name up in what is sound of a part that proved to be
// damaged.
func (r *Reader) lookupAgain(p *partReader, name string, damage error) []byte {
	r.st.Salvage(p.Part, damage)
	p.times, p.digests = r.st.TimesOf(p.Part), nil
	p.times.Enter(r.dir)
	value, err := p.times.Find(name)
	if err != nil {
		return nil
	}
	return value
}

// Standing returns what the tree says of a file in the directory entered last.
// The stamp is the one that counts, or that of another config; its digest is
// left out.
func (r *Reader) Standing(name string) (format.Standing, format.Stamp) {
	if s, ok := r.Find(name); ok {
		return format.Stamped, s
	}
	if r.unfit != nil {
		return format.OtherConfig, *r.unfit
	}
	if it := r.word(name); it != nil {
		switch it.Kind {
		case memtable.WordSet:
			s := it.Stamp()
			s.Digest = nil
			return format.OtherConfig, s
		case memtable.WordDrop:
			return format.Dropped, format.Stamp{}
		}
		return format.Unknown, format.Stamp{}
	}
	if !r.all {
		r.all = true
		r.voided = r.open(false)
		if sec := r.droppedSection(); sec != nil {
			r.dropped = snapshot.NewCursor(r.st.Src, sec.Span)
		}
		r.Enter(r.dir)
	}
	for i := range r.voided {
		if s, ok := r.lookup(&r.voided[i], name); ok {
			r.hit = &r.voided[i]
			return format.OtherConfig, s
		}
	}
	if r.dropped != nil {
		if value, err := r.dropped.Find(name); value != nil || err != nil {
			return format.Dropped, format.Stamp{}
		}
	}
	if r.st.walErr != nil || r.st.wal != nil && r.st.wal.HidesAll {
		return format.Dropped, format.Stamp{} // what is lost may have said so
	}
	return format.Unknown, format.Stamp{}
}

func (r *Reader) droppedSection() *format.Section {
	if r.st.Trailer == nil {
		return nil
	}
	return r.st.Trailer.Find(format.DroppedSection, "")
}

// Source is the path of the state file that holds the stamp of a file in the
// directory entered last, given that Find or Standing has found one.
func (r *Reader) Source(name string) string {
	if it := r.wal.Find(name); it != nil {
		return r.sourceOf(it)
	}
	return r.tree.names.Snapshot
}

// sourceOf is the WAL, or the segment that says what all of them come to.
func (r *Reader) sourceOf(it *memtable.Word) string {
	for _, l := range r.st.logs {
		if o := l.Said.Find(format.JoinPath(r.dir, it.Name)); o != nil && o.SaysAs(it) {
			return l.Path
		}
	}
	return r.tree.names.Segments // several, which disagree
}

// Under is the config of the stamp that Standing has just returned of a file,
// and whether that is known.
func (r *Reader) Under(name string) (format.Config, bool) {
	if it := r.word(name); it != nil && it.Kind == memtable.WordSet {
		return it.Under.Config, true
	}
	if r.hit == nil || r.hit.ConfigErr != nil {
		return format.Config{}, false
	}
	return r.hit.Config, true
}

// Changes lists what differs in the settings of a file by now from those that the stamp
// was made under which Standing has just returned of it.
func (r *Reader) Changes(name string) []string {
	if r.unfit != nil {
		return settingChanges(r.unfit.Settings, r.settings)
	}
	under, known := r.Under(name)
	if !known {
		return nil
	}
	return r.tree.Diff(under)
}

// Digest returns the digest of the stamp that Find has just returned, nil where
// none was recorded with it.
func (r *Reader) Digest(name string) *format.Digest {
	if r.hit == nil {
		if it := r.word(name); it != nil && it.Kind == memtable.WordSet {
			return it.Digest()
		}
		return nil
	}
	if r.hit.digests == nil {
		if r.hit.digests = r.st.DigestsOf(r.hit.Part); r.hit.digests == nil {
			return nil
		}
	}
	r.hit.digests.Enter(r.dir)
	value, err := r.hit.digests.Find(name)
	if err != nil || value == nil {
		return nil
	}
	d, ok := format.ParseDigestValue(value)
	if !ok {
		return nil
	}
	return d
}

// enterFor makes the directory of a path the one whose names are looked up, and
// returns its name.
func (r *Reader) enterFor(path string) (name string) {
	dir, name := format.SplitPath(path)
	if dir != r.dir {
		r.Enter(dir)
	}
	return name
}

func (r *Reader) lookUp(path string) (format.Stamp, bool) { return r.Find(r.enterFor(path)) }
