package filter

import "treefilter/store"

// lookup finds the stamps of the files of one directory after the other, in
// all the trees that may have one. For one goroutine.
type lookup struct {
	chain   *store.Chain
	readers []treeReader
	met     func(*store.Tree) // called when a tree is first read

	// The directory as a stream of paths spelled it last, and what it is.
	given, dir string
}

type treeReader struct {
	tree *store.Tree
	*store.Reader
}

// enter makes the directory, absolute, the one whose files are looked up.
func (l *lookup) enter(chain *store.Chain, dir string) {
	if chain != l.chain || l.readers == nil {
		l.follow(chain)
	}
	for _, r := range l.readers {
		r.Enter(r.tree.Below(dir))
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
		l.readers = append(l.readers, treeReader{c.Tree, c.Tree.Reader()})
	}
}

// time returns the time of a file's stamp: the nearest tree that has one
// decides.
func (l *lookup) time(name string) (store.Time, bool) {
	for i := range l.readers {
		if t, ok := l.readers[i].Time(name); ok {
			return t, true
		}
	}
	return store.Time{}, false
}
