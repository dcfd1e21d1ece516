package filter

import (
	"treefilter/store"
	"treefilter/walk"
)

// lookup finds the stamps of the files of one directory after the other, in
// all the trees that may have one. For one goroutine.
type lookup struct {
	chain   *store.Chain
	readers []treeReader
	by      int               // index of the reader that had the last stamp
	voids   bool              // look for stamps of another config, too
	met     func(*store.Tree) // called when a tree is first read

	// What was found to need work in the directory or batch at hand, or might.
	found []finding

	// Of a stream of paths: what looks at them; the directory as it was spelled
	// last, and what it is.
	looker     walk.Looker
	given, dir string
}

type treeReader struct {
	tree *store.Tree
	*store.Reader
	void *store.Reader // nil where nobody asks for stamps of another config
}

// enter makes the directory, absolute, the one whose files are looked up.
func (l *lookup) enter(chain *store.Chain, dir string) {
	if chain != l.chain || l.readers == nil {
		l.follow(chain)
	}
	for _, r := range l.readers {
		below := r.tree.Below(dir)
		r.Enter(below)
		if r.void != nil {
			r.void.Enter(below)
		}
	}
}

// follow opens a reader for each tree of a chain. It keeps those that are open
// already, where they stand: trees further out are shared by many chains.
func (l *lookup) follow(chain *store.Chain) {
	old := l.readers
	l.chain, l.readers = chain, []treeReader{}
next:
	for c := chain; c != nil; c = c.Outer {
		for _, r := range old {
			if r.tree == c.Tree {
				l.readers = append(l.readers, r)
				continue next
			}
		}
		l.met(c.Tree)
		r := treeReader{tree: c.Tree, Reader: c.Tree.Reader()}
		if l.voids || c.Outer != nil {
			r.void = c.Tree.VoidReader()
		}
		l.readers = append(l.readers, r)
	}
}

// time returns the time of a file's stamp: the nearest tree that has one
// decides. Where that was made under another config it hides those further out:
// they are older, for what is processed is recorded in the nearest tree.
func (l *lookup) time(name string) (store.Time, bool) {
	for i := range l.readers {
		r := &l.readers[i]
		if t, ok := r.Time(name); ok {
			l.by = i
			return t, true
		}
		if r.void != nil {
			if _, ok := r.void.Time(name); ok {
				break
			}
		}
	}
	return store.Time{}, false
}

// digest returns what was recorded of the content of the file whose time was
// found last.
func (l *lookup) digest(name string) *store.Digest { return l.readers[l.by].Digest(name) }

// void tells whether a file that has no stamp has one of another config, and
// which tree has it.
func (l *lookup) void(name string) (store.Time, bool) {
	for i, r := range l.readers {
		if r.void == nil {
			continue
		}
		if t, ok := r.void.Time(name); ok {
			l.by = i
			return t, true
		}
	}
	return store.Time{}, false
}
