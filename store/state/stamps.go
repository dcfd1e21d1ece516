package state

import (
	"iter"
	"strings"

	"treefilter/store/internal/format"
	"treefilter/store/internal/memtable"
	"treefilter/store/internal/words"
)

// Stamps goes through every stamp that counts, in walk order, as they were when
// the tree was first read. Digests are left out: a Reader finds them. Damage
// that it meets shows in Problems afterwards.
func (t *Tree) Stamps() iter.Seq[format.Entry] { return t.stamps(false) }

// stamps goes through the stamps that count, or those that only do not because of their
// setting files.
func (t *Tree) stamps(unfit bool) iter.Seq[format.Entry] {
	return func(yield func(format.Entry) bool) {
		st := t.loaded()
		s := stampWalk{tree: t, st: st, yield: yield, unfit: unfit, over: words.NewLayers(st.said())}
		next, stop := iter.Pull2(s.over.All())
		defer stop()
		s.nextWord = next
		s.take()
		for _, p := range st.Parts {
			if p.Times != nil && t.counts(p.Terms) && !st.hides(p.Hash) {
				s.cursors = append(s.cursors, partReader{Part: p, times: st.TimesOf(p)})
			}
		}
		s.walk()
	}
}

// stampWalk merges newer words into the stamps of a snapshot.
type stampWalk struct {
	tree  *Tree
	st    *state
	yield func(format.Entry) bool
	ended bool // the caller has had enough
	unfit bool // those that do not count because of their setting files

	over     words.Layers
	nextWord func() (dir string, it *memtable.Word, more bool)
	word     *memtable.Word // of over, the next; nil at the end
	at, last string         // its path, and that of the one before
	cursors  []partReader
}

// take goes on to the next word.
func (s *stampWalk) take() {
	dir, it, more := s.nextWord()
	if s.last, s.at, s.word = s.at, "", nil; more {
		s.at, s.word = format.JoinPath(dir, it.Name), it
	}
}

// walk yields the next of all sources until there is none.
func (s *stampWalk) walk() {
	heads := make([]format.Entry, len(s.cursors))
	for i := range s.cursors {
		heads[i], _ = s.next(&s.cursors[i], "")
	}
	for !s.ended {
		least := -1
		for i := range heads {
			if heads[i].Path != "" && (least < 0 || format.ComparePaths(heads[i].Path, heads[least].Path) < 0) {
				least = i
			}
		}
		if least < 0 {
			break
		}
		e := heads[least]
		s.advance(e.Path)
		if s.last != e.Path {
			s.put(e)
		}
		heads[least], _ = s.next(&s.cursors[least], e.Path)
	}
	s.advance("")
}

// next reads the entry after a path. One that no walk could ask for is none: a
// forged path must not lead outside the tree.
func (s *stampWalk) next(p *partReader, last string) (format.Entry, bool) {
	for p.times.Pos < p.times.Span.End {
		path, value, next, err := p.times.Entry(p.times.Pos)
		if err != nil {
			if p.Salvaged != nil {
				return format.Entry{}, false
			}
			s.st.Salvage(p.Part, err)
			p.times = s.st.TimesOf(p.Part)
			continue
		}
		p.times.Pos = next
		stamp, ok := format.ParseStampValue(value, "")
		if !ok || format.CheckPath(path) != nil || last != "" && format.ComparePaths(path, last) <= 0 {
			continue
		}
		return format.Entry{Path: strings.Clone(path), Stamp: stamp}, true
	}
	return format.Entry{}, false
}

// advance yields the stamps among the newer words up to a path; "" is the end.
func (s *stampWalk) advance(path string) {
	for s.word != nil && !s.ended {
		if path != "" && format.ComparePaths(s.at, path) > 0 {
			return
		}
		if s.word.Kind == memtable.WordSet && s.tree.counts(s.word.Under) {
			stamp := s.word.Stamp()
			stamp.Digest = nil
			s.put(format.Entry{Path: s.at, Stamp: stamp})
		}
		s.take()
	}
	s.ended = s.ended || s.over.Err() != nil
}

func (s *stampWalk) put(e format.Entry) {
	if t := s.tree; !t.opt.AnyConfig && !t.bears(&e) != s.unfit {
		return
	}
	s.ended = s.ended || !s.yield(e)
}

// bears reports whether a stamp counts for the setting files that there are.
func (t *Tree) bears(e *format.Entry) bool {
	if t.settings == nil {
		return e.Settings == ""
	}
	dir, _ := format.SplitPath(e.Path)
	at := t.settings.of(dir)
	return at.err == nil && at.text == e.Settings
}
