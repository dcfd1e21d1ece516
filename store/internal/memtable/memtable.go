// Package memtable holds words on files in memory: what a WAL, a snapshot that was
// written by hand, or a commit says of each, where the last word counts.
package memtable

import (
	"maps"
	"slices"
	"strings"

	"treefilter/store/internal/format"
)

// Table is the last word on each of some files, in memory, grouped by
// directory, as the WAL or a snapshot written by hand brings them. Grouping
// makes one map entry serve a whole directory, and leaves only short names to
// be sorted.
type Table struct {
	Dirs  map[string]*Dir
	names Arena

	settings string // of the last stamp
	last     *Dir   // of the last addition: records come in runs of one directory
}

// Dir is what a table knows of one directory: by name, once finished.
type Dir struct {
	Dir     string
	Items   []Word
	compact int // how many were left when it was last put in order
}

// Kind is what was said of a file.
type Kind uint8

const (
	WordSet   Kind = iota // it was processed
	WordDrop              // its stamp is taken away, under every config
	WordPrune             // it is gone, and all that was known of it is forgotten
)

func WordOf(kind format.RecordKind) Kind {
	switch kind {
	case format.RecordDrop:
		return WordDrop
	case format.RecordPrune:
		return WordPrune
	}
	return WordSet
}

// Word is the last word on one file.
type Word struct {
	Name  string
	sec   int64 // of the stamp's time
	nsec  int32
	Kind  Kind
	exact bool
	Under *format.Terms // of a set
	more  *moreInfo     // nil for most
}

// moreInfo is what few words have.
type moreInfo struct {
	target   format.Time
	settings string
	digest   *format.Digest
	failure  *format.Failure // of a drop
}

func (it *Word) Stamp() format.Stamp {
	s := format.Stamp{Time: it.time(), Exact: it.exact}
	if it.more != nil {
		s.Target, s.Settings, s.Digest = it.more.target, it.more.settings, it.more.digest
	}
	return s
}

func (it *Word) time() format.Time { return format.Time{Sec: it.sec, Nsec: it.nsec} }

// SetUnder reports whether the word is a stamp made under a config.
func (it *Word) SetUnder(hash string) bool { return it.Kind == WordSet && it.Under.Hash == hash }

// SaysAs reports whether two words on a file come to the same.
func (it *Word) SaysAs(o *Word) bool {
	if it.Kind != WordSet || o.Kind != WordSet {
		return it.Kind == o.Kind
	}
	return it.Under.Hash == o.Under.Hash && it.Stamp().Equal(o.Stamp())
}

func (it *Word) Digest() *format.Digest {
	if it.more == nil {
		return nil
	}
	return it.more.digest
}

func New() *Table { return &Table{Dirs: map[string]*Dir{}} }

// Set records a stamp.
func (t *Table) Set(path []byte, s format.Stamp, under *format.Terms) {
	if s.Settings == t.settings {
		s.Settings = t.settings // one text serves a run of files
	}
	t.settings = s.Settings
	it := Word{Under: under}
	it.SetStamp(s)
	t.Add(path, it)
}

func (it *Word) SetStamp(s format.Stamp) {
	it.Kind, it.sec, it.nsec, it.exact = WordSet, s.Time.Sec, s.Time.Nsec, s.Exact
	if s.Digest != nil || s.Target != (format.Time{}) || s.Settings != "" {
		it.more = &moreInfo{target: s.Target, settings: s.Settings, digest: s.Digest}
	}
}

// Take records that a file has no stamp, whatever was said before.
func (t *Table) Take(path []byte, kind Kind) { t.Add(path, Word{Kind: kind}) }

// Fail records that a file has no stamp, because the command has failed on it.
func (t *Table) Fail(path []byte, f *format.Failure) {
	it := Word{Kind: WordDrop}
	it.SetFailure(f)
	t.Add(path, it)
}

// SetFailure adds what is remembered of a failure to a drop, nil for nothing.
func (it *Word) SetFailure(f *format.Failure) {
	if f != nil {
		it.more = &moreInfo{failure: f}
	}
}

// Failure is what a drop remembers of one, nil for most.
func (it *Word) Failure() *format.Failure {
	if it.more == nil {
		return nil
	}
	return it.more.failure
}

// Remove takes a word out, as if nothing had been said.
func (t *Table) Remove(path string) {
	dir, name := format.SplitPath(path)
	if r := t.Dirs[dir]; r != nil {
		r.Items = slices.DeleteFunc(r.Items, func(it Word) bool { return it.Name == name })
	}
}

// Add adds a word. The bytes of path are copied.
func (t *Table) Add(path []byte, it Word) {
	dir, name := format.SplitPath(format.StringView(path))
	if t.last == nil || dir != t.last.Dir {
		t.last = t.Dirs[dir]
		if t.last == nil {
			t.last = &Dir{Dir: strings.Clone(dir)}
			t.Dirs[t.last.Dir] = t.last
		}
	}
	it.Name = t.names.Copy(name)
	t.last.Items = append(t.last.Items, it)
	// A log may hold the same path any number of times; memory shall not.
	if n := len(t.last.Items); n >= 1024 && n >= 2*t.last.compact {
		t.last.finish()
		t.last.compact = len(t.last.Items)
	}
}

// Finish makes the table ready for lookups.
func (t *Table) Finish() {
	for _, r := range t.Dirs {
		r.finish()
	}
}

// finish sorts by name and keeps the last of each.
func (r *Dir) finish() {
	ascending := true
	for i := 1; i < len(r.Items) && ascending; i++ {
		ascending = r.Items[i-1].Name < r.Items[i].Name
	}
	if ascending {
		return
	}
	slices.SortStableFunc(r.Items, func(a, b Word) int { return strings.Compare(a.Name, b.Name) })
	kept := r.Items[:0]
	for i, it := range r.Items {
		if i+1 == len(r.Items) || it.Name != r.Items[i+1].Name {
			kept = append(kept, it)
		}
	}
	clear(r.Items[len(kept):])
	r.Items = kept
}

// Find looks for a name, from items[from] on if that is not too far already.
// It returns where to go on from for the next name in order. A nil Dir is
// empty.
func (r *Dir) Find(name string, from int) (it *Word, next int) {
	if r == nil {
		return nil, 0
	}
	if from < len(r.Items) && r.Items[from].Name == name {
		return &r.Items[from], from + 1
	}
	i, found := slices.BinarySearchFunc(r.Items, name, func(it Word, name string) int {
		return strings.Compare(it.Name, name)
	})
	if !found {
		return nil, i
	}
	return &r.Items[i], i + 1
}

// FindPath looks a whole path up. A nil table is empty.
func (t *Table) FindPath(path string) *Word {
	dir, name := format.SplitPath(path)
	it, _ := t.DirOf(dir).Find(name, 0)
	return it
}

// DirOf returns what is known of a directory. A nil table is empty.
func (t *Table) DirOf(dir string) *Dir {
	if t == nil {
		return nil
	}
	return t.Dirs[dir]
}

// Sorted lists the directories in walk order.
func (t *Table) Sorted() []*Dir {
	return slices.SortedFunc(maps.Values(t.Dirs), func(a, b *Dir) int { return format.CompareDirs(a.Dir, b.Dir) })
}

// Without returns the table less the words that are to be left out.
func (t *Table) Without(out func(*Word) bool) *Table {
	kept := New()
	for dir, r := range t.Dirs {
		items := slices.DeleteFunc(slices.Clone(r.Items), func(it Word) bool { return out(&it) })
		if len(items) > 0 {
			kept.Dirs[dir] = &Dir{Dir: dir, Items: items}
		}
	}
	return kept
}

func (t *Table) Empty() bool { return t == nil || len(t.Dirs) == 0 }

// Len is how many words there are.
func (t *Table) Len() (n int) {
	for _, r := range t.Dirs {
		n += len(r.Items)
	}
	return n
}

// Arena keeps many small strings in few allocations, each larger than the last.
type Arena struct{ slab []byte }

const minSlab, maxSlab = 256, 64 << 10

// Copy returns a copy of s.
func (a *Arena) Copy(s string) string {
	if cap(a.slab)-len(a.slab) < len(s) {
		size := min(max(2*cap(a.slab), minSlab), maxSlab)
		if len(s) > size/4 {
			return strings.Clone(s)
		}
		a.slab = make([]byte, 0, size)
	}
	start := len(a.slab)
	a.slab = append(a.slab, s...)
	// Bytes of a slab are written once, before the string is made of them.
	return format.StringView(a.slab[start:])
}
