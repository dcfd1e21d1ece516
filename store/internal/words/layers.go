package words

import (
	"cmp"
	"iter"
	"slices"
	"strings"

	"treefilter/store/internal/format"
	"treefilter/store/internal/memtable"
)

// Layers are words from several places; what is said in a later one takes precedence.
type Layers []*Words

// NewLayers leaves out those that say nothing.
func NewLayers(all ...*Words) (l Layers) {
	for _, w := range all {
		if w != nil {
			l = append(l, w)
		}
	}
	return l
}

// Find looks a whole path up.
func (l Layers) Find(path string) *memtable.Word {
	for _, w := range slices.Backward(l) {
		if it := w.Find(path); it != nil {
			return it
		}
	}
	return nil
}

// Err is that of one of them.
func (l Layers) Err() error {
	for _, w := range l {
		if err := w.Err(); err != nil {
			return err
		}
	}
	return nil
}

// All goes through the last words on all paths, as Words.All does.
func (l Layers) All() iter.Seq2[string, *memtable.Word] {
	switch len(l) {
	case 0:
		return (*Words)(nil).All()
	case 1:
		return l[0].All()
	}
	return func(yield func(string, *memtable.Word) bool) {
		older, stop := iter.Pull2(l[:len(l)-1].All())
		defer stop()
		dir, it, more := older()
		for newDir, newer := range l[len(l)-1].All() {
			for more {
				order := cmp.Or(format.CompareDirs(dir, newDir), strings.Compare(it.Name, newer.Name))
				if order > 0 {
					break
				}
				if order < 0 && !yield(dir, it) {
					return
				}
				dir, it, more = older()
			}
			if !yield(newDir, newer) {
				return
			}
		}
		for more && yield(dir, it) {
			dir, it, more = older()
		}
	}
}
