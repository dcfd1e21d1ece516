// Package words holds what a log says of files, however many they are: few in memory,
// many in a temporary file, where they are sorted and looked up in place.
//
// Each file uses those that come after it in this list:
//
//	sorter.go merge.go     putting words in order, and runs of them
//	layers.go              several logs, of which the last takes precedence
//	words.go               lookups, and going through all
package words

import (
	"iter"
	"strings"
	"sync/atomic"

	"treefilter/store/internal/format"
	"treefilter/store/internal/memtable"
	"treefilter/store/internal/snapshot"
)

// Words is the last word on each of some files. Nil says nothing.
type Words struct {
	table *memtable.Table // where they are few
	file  *sorted         // where they are many
	view  func(memtable.Word) memtable.Word
}

// sorted is words in a temporary file.
type sorted struct {
	scratch *snapshot.Scratch
	open    func() *snapshot.Cursor
	under   []*format.Terms // by the numbers that stand for them in the file
	err     atomic.Pointer[error]
}

// Of returns the words of a table.
func Of(t *memtable.Table) *Words {
	if t.Empty() {
		return nil
	}
	return &Words{table: t}
}

// As returns the words with another meaning: what view makes of what each means now.
func (w *Words) As(view func(memtable.Word) memtable.Word) *Words {
	switch {
	case w == nil:
		return nil
	case w.view != nil:
		before := w.view
		return &Words{w.table, w.file, func(it memtable.Word) memtable.Word { return view(before(it)) }}
	}
	return &Words{w.table, w.file, view}
}

// Err is why some of the words could not be read, each of which counts as a drop: it may
// have been one.
func (w *Words) Err() error {
	if w == nil || w.file == nil || w.file.err.Load() == nil {
		return nil
	}
	return *w.file.err.Load()
}

// Close gives the temporary file up.
func (w *Words) Close() error {
	if w == nil || w.file == nil {
		return nil
	}
	return w.file.scratch.Close()
}

// All goes through all words in walk order, each with its directory. A word is good
// until the next one, its strings for ever.
func (w *Words) All() iter.Seq2[string, *memtable.Word] {
	return func(yield func(string, *memtable.Word) bool) {
		switch {
		case w == nil:
		case w.view != nil:
			plain := &Words{table: w.table, file: w.file}
			for dir, it := range plain.All() {
				if seen := w.view(*it); !yield(dir, &seen) {
					return
				}
			}
		case w.file != nil:
			w.file.all(yield)
		default:
			for _, d := range w.table.Sorted() {
				for i := range d.Items {
					if !yield(d.Dir, &d.Items[i]) {
						return
					}
				}
			}
		}
	}
}

func (f *sorted) all(yield func(string, *memtable.Word) bool) {
	var names memtable.Arena
	var it memtable.Word
	last := ""
	for c := f.open(); c.Pos < c.Span.End; {
		path, value, next, err := c.Entry(c.Pos)
		if err != nil {
			f.fail(err)
			return
		}
		c.Pos = next
		dir, name := format.SplitPath(path)
		if dir != last {
			last = strings.Clone(dir)
		}
		f.read(&it, value)
		if it.Name = names.Copy(name); !yield(last, &it) {
			return
		}
	}
}

func (f *sorted) fail(err error) {
	err = f.scratch.Failed(err)
	f.err.Store(&err)
}

// read makes a word of the value of an entry.
func (f *sorted) read(it *memtable.Word, value []byte) {
	switch {
	case format.IsSetWord(value):
		under, s, ok := format.ParseSetWord(value, it.Stamp().Settings)
		if *it = (memtable.Word{Kind: memtable.WordDrop}); ok && under < len(f.under) {
			it.Under = f.under[under]
			it.SetStamp(s)
		}
	case format.IsPrunedWord(value):
		*it = memtable.Word{Kind: memtable.WordPrune}
	default:
		*it = memtable.Word{Kind: memtable.WordDrop}
		it.SetFailure(format.ParseDroppedValue(value))
	}
}

// Table returns all of the words in memory.
func (w *Words) Table() *memtable.Table {
	if w != nil && w.file == nil && w.view == nil {
		return w.table
	}
	t := memtable.New()
	for dir, it := range w.All() {
		t.Add([]byte(format.JoinPath(dir, it.Name)), *it)
	}
	t.Finish()
	return t
}

// Find looks a whole path up.
func (w *Words) Find(path string) *memtable.Word {
	r := NewReader(w)
	dir, name := format.SplitPath(path)
	r.Enter(dir)
	return r.Find(name)
}

// Reader looks words up, a directory at a time. It is quick when asked in walk order.
// For one goroutine.
type Reader struct {
	words *Words
	// Of words in memory, the directory, and where in it the next name is expected.
	dir *memtable.Dir
	at  int
	// Of words in a file, what was found last, nil for none, and asked for.
	cursor *snapshot.Cursor
	word   memtable.Word
	found  *memtable.Word
	asked  string
}

// NewReader returns a reader of some words.
func NewReader(w *Words) Reader {
	r := Reader{words: w}
	if w != nil && w.file != nil {
		r.cursor = w.file.open()
	}
	return r
}

// Enter makes dir the directory of the names to come.
func (r *Reader) Enter(dir string) {
	switch {
	case r.words == nil:
	case r.cursor != nil:
		r.cursor.Enter(dir)
		r.asked = ""
	default:
		r.dir, r.at = r.words.table.DirOf(dir), 0
	}
}

// Find returns the word on a name in the directory entered last, nil for none. It is
// good until the next call.
func (r *Reader) Find(name string) (it *memtable.Word) {
	if r.cursor == nil {
		it, r.at = r.dir.Find(name, r.at)
	} else {
		it = r.inFile(name)
	}
	if it == nil || r.words.view == nil {
		return it
	}
	seen := r.words.view(*it)
	return &seen
}

func (r *Reader) inFile(name string) *memtable.Word {
	if name == r.asked {
		return r.found
	}
	value, err := r.cursor.Find(name)
	switch {
	case err != nil:
		r.words.file.fail(err)
		r.word = memtable.Word{Kind: memtable.WordDrop}
	case value != nil:
		r.words.file.read(&r.word, value)
	}
	r.word.Name, r.asked, r.found = name, name, nil
	if value != nil || err != nil {
		r.found = &r.word
	}
	return r.found
}
