package filter

import (
	"treefilter/store"
	"treefilter/walk"
)

// lookup finds the stamps of the files of one directory after the other, each in
// its tree. For one goroutine.
type lookup struct {
	reader *treeReader
	kept   []*treeReader     // used last, the latest in front
	full   bool              // ask also for what does not count
	met    func(*store.Tree) // called when a tree is first read

	// What was found to need work in the directory or batch at hand, or might.
	found []finding

	// Of a stream of paths: what looks at them; the directory as it was spelled
	// last, and what it is.
	looker     walk.Looker
	given, dir string
}

type treeReader struct {
	*store.Reader
	tree *store.Tree
}

// keptReaders is how many trees are gone back to where their readers stand. A
// walk goes from a tree into one nested in it, and back.
const keptReaders = 4

// enter makes the directory, absolute, the one whose files are looked up. A nil
// tree is one without stamps.
func (l *lookup) enter(tree *store.Tree, dir string) {
	if tree == nil {
		l.reader = nil
		return
	}
	if l.reader == nil || l.reader.tree != tree {
		l.turnTo(tree)
	}
	l.reader.Enter(tree.Below(dir))
}

func (l *lookup) turnTo(tree *store.Tree) {
	for i, r := range l.kept {
		if r.tree == tree {
			copy(l.kept[1:i+1], l.kept[:i])
			l.kept[0], l.reader = r, r
			return
		}
	}
	l.met(tree)
	l.reader = &treeReader{tree.Reader(), tree}
	if len(l.kept) < keptReaders {
		l.kept = append(l.kept, nil)
	}
	copy(l.kept[1:], l.kept)
	l.kept[0] = l.reader
}

// tree returns the tree of the directory entered last, nil for none.
func (l *lookup) tree() *store.Tree {
	if l.reader == nil {
		return nil
	}
	return l.reader.tree
}

// standing returns what the tree says of a file.
func (l *lookup) standing(name string) (store.Standing, store.Stamp) {
	if l.reader == nil {
		return store.Unknown, store.Stamp{}
	}
	if l.full {
		return l.reader.Standing(name)
	}
	if s, ok := l.reader.Find(name); ok {
		return store.Stamped, s
	}
	return store.Unknown, store.Stamp{}
}
