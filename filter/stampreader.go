package filter

import "treefilter/store/state"

// stampReader finds the stamps of the files of one directory after the other, each
// in its tree. For one goroutine.
type stampReader struct {
	reader *treeReader
	kept   []*treeReader     // used last, the latest in front
	voids  bool              // find also the stamps that do not count
	met    func(*state.Tree) // called when a tree is first read
}

type treeReader struct {
	*state.Reader
	tree *state.Tree
}

// keptReaders is how many trees are gone back to where their readers stand. A
// walk goes from a tree into one nested in it, and back.
const keptReaders = 4

// enter makes the directory, absolute, the one whose files are asked for. A nil
// tree is one without stamps.
func (s *stampReader) enter(tree *state.Tree, dir string) {
	if tree == nil {
		s.reader = nil
		return
	}
	s.turnTo(tree)
	s.reader.Enter(tree.Below(dir))
}

func (s *stampReader) turnTo(tree *state.Tree) {
	if s.reader != nil && s.reader.tree == tree {
		return
	}
	for i, r := range s.kept {
		if r.tree == tree {
			copy(s.kept[1:i+1], s.kept[:i])
			s.kept[0], s.reader = r, r
			return
		}
	}
	s.met(tree)
	s.reader = &treeReader{tree.Reader(), tree}
	if len(s.kept) < keptReaders {
		s.kept = append(s.kept, nil)
	}
	copy(s.kept[1:], s.kept)
	s.kept[0] = s.reader
}

// standing returns what the tree says of a file.
func (s *stampReader) standing(name string) (state.Standing, state.Stamp) {
	if s.reader == nil {
		return state.Unknown, state.Stamp{}
	}
	if s.voids {
		return s.reader.Standing(name)
	}
	if stamp, ok := s.reader.Find(name); ok {
		return state.Stamped, stamp
	}
	return state.Unknown, state.Stamp{}
}
