package words

import (
	"errors"
	"slices"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
	"treefilter/store/internal/memtable"
	"treefilter/store/internal/snapshot"
)

// Room is how many words are kept in memory.
type Room struct {
	Bytes int // about; 0 for any number
	FS    disk.FS
}

// DefaultRoom is enough for some 14,000 words. A process takes five times as much for
// it, since the memory of runs that were written is not free for use at once.
const DefaultRoom = 2 << 20

// wordCost is about what a word takes in memory beside its path, with its share of its
// directory.
const wordCost = 100

// Sorter takes words in the order in which they were said, and puts them in walk order.
// It keeps them in memory until there is no room; then they go to a temporary file, a
// run at a time, in order: what was said in walk order, as by a commit that follows a
// walk, makes one run.
type Sorter struct {
	room  Room
	table *memtable.Table
	added int // words, since the table was empty
	used  int // bytes by these

	scratch *snapshot.Scratch
	runs    []run  // in the order in which they were said
	open    bool   // the last of them may go on,
	last    string // if the next word comes after this path
	path    []byte
	under   []*format.Terms
	err     error // a run cannot be read
}

// NewSorter returns one with that much room.
func NewSorter(room Room) *Sorter { return &Sorter{room: room, table: memtable.New()} }

// Set, Fail and Take say what those of a memtable.Table do.
func (s *Sorter) Set(path []byte, stamp format.Stamp, under *format.Terms) {
	s.table.Set(path, stamp, under)
	s.grow(len(path) + len(stamp.Settings))
}

func (s *Sorter) Fail(path []byte, f *format.Failure) {
	s.table.Fail(path, f)
	s.grow(len(path) + len(f.File.Settings))
}

func (s *Sorter) Take(path []byte, kind memtable.Kind) {
	s.table.Take(path, kind)
	s.grow(len(path))
}

// Forget takes all back that was said so far.
func (s *Sorter) Forget() {
	s.table, s.runs, s.open = memtable.New(), nil, false
	s.added, s.used = 0, 0
}

func (s *Sorter) grow(n int) {
	s.added++
	if s.used += n + wordCost; s.room.Bytes == 0 || s.used < s.room.Bytes {
		return
	}
	// A log may speak of a few files again and again.
	s.table.Finish()
	if kept := s.table.Len(); 2*kept <= s.added {
		s.added, s.used = kept, s.used/s.added*kept
		return
	}
	s.write()
}

// write moves the words from memory to the file.
func (s *Sorter) write() {
	if s.scratch == nil {
		s.scratch = snapshot.NewScratch(s.room.FS)
	}
	dirs := s.table.Sorted()
	s.begin(format.JoinPath(dirs[0].Dir, dirs[0].Items[0].Name))
	for _, d := range dirs {
		s.path = append(s.path[:0], d.Dir...)
		if d.Dir != "" {
			s.path = append(s.path, '/')
		}
		dir := len(s.path)
		for i := range d.Items {
			s.path = append(s.path[:dir], d.Items[i].Name...)
			s.scratch.Buf = s.append(s.scratch.Buf, format.StringView(s.path), &d.Items[i])
			s.scratch.Spill()
		}
	}
	s.last = string(s.path)
	s.table, s.added, s.used = memtable.New(), 0, 0
}

// begin begins a run, unless the last one may go on with a path.
func (s *Sorter) begin(path string) {
	if s.open && format.ComparePaths(path, s.last) > 0 {
		return
	}
	s.end()
	if n := len(s.runs) - fanIn; n >= 0 && s.runs[n].merged == s.runs[len(s.runs)-1].merged {
		s.merge(n)
	}
	s.runs, s.open = append(s.runs, run{Span: format.Span{At: s.scratch.Offset()}}), true
}

// end ends the last run.
func (s *Sorter) end() {
	if s.open {
		s.runs[len(s.runs)-1].End, s.open = s.scratch.End(), false
	}
}

func (s *Sorter) append(b []byte, path string, it *memtable.Word) []byte {
	switch f := it.Failure(); {
	case it.Kind == memtable.WordSet:
		return format.AppendSetWord(b, path, s.number(it.Under), it.Stamp())
	case it.Kind == memtable.WordPrune:
		return format.AppendPrunedWord(b, path)
	case f != nil:
		return format.AppendDroppedFailure(b, path, f)
	}
	return format.AppendDropped(b, path)
}

// number is what stands for a config in the file.
func (s *Sorter) number(t *format.Terms) int {
	i := slices.Index(s.under, t)
	if i < 0 {
		i = len(s.under)
		s.under = append(s.under, t)
	}
	return i
}

// Finish returns the words. An error is about the temporary file.
func (s *Sorter) Finish() (*Words, error) {
	if s.table.Finish(); len(s.runs) == 0 {
		return Of(s.table), s.Close()
	}
	if !s.table.Empty() {
		s.write()
	}
	if s.end(); len(s.runs) > 1 {
		s.merge(0)
	}
	if s.err != nil {
		return nil, errors.Join(s.err, s.Close())
	}
	open, all := s.scratch.Cursors(), s.runs[0].Span
	return &Words{file: &sorted{scratch: s.scratch, open: func() *snapshot.Cursor { return open(all) }, under: s.under}}, nil
}

// Close gives the words up.
func (s *Sorter) Close() error {
	if s.scratch == nil {
		return nil
	}
	return s.scratch.Close()
}
