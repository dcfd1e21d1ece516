package words

import (
	"cmp"
	"container/heap"

	"treefilter/store/internal/format"
	"treefilter/store/internal/snapshot"
)

// run is words in walk order, in one part of a file.
type run struct {
	format.Span
	merged int // how often: it is made of about fanIn runs that were merged once less
}

// fanIn is how many runs are merged into one: each takes a window of 68 KB meanwhile.
// Of a million words in no order there are some 70 runs, and each is merged twice.
const fanIn = 32

// merge makes one run of those from the n-th on. Of the words on a path the last one is
// kept.
func (s *Sorter) merge(n int) {
	open := s.scratch.Cursors()
	var heads heads
	for i, r := range s.runs[n:] {
		h := &head{cursor: open(r.Span), age: -i}
		if s.next(h) {
			heads = append(heads, h)
		}
	}
	heap.Init(&heads)
	all := run{Span: format.Span{At: s.scratch.Offset()}, merged: s.runs[n].merged + 1}
	s.path = s.path[:0]
	for len(heads) > 0 {
		h := heads[0]
		if h.path != string(s.path) { // else there was a newer word
			s.path = append(s.path[:0], h.path...)
			s.scratch.Buf = append(s.scratch.Buf, h.line...)
			s.scratch.Spill()
		}
		if s.next(h) {
			heap.Fix(&heads, 0)
		} else {
			heap.Pop(&heads)
		}
	}
	all.End = s.scratch.End()
	s.runs = append(s.runs[:n], all)
}

// head is the next entry of a run.
type head struct {
	cursor *snapshot.Cursor
	age    int
	path   string
	line   []byte
}

// next goes on to the next entry of a run, if there is one.
func (s *Sorter) next(h *head) bool {
	c := h.cursor
	if c.Pos >= c.Span.End {
		return false
	}
	path, _, next, err := c.Entry(c.Pos)
	if err != nil {
		s.err = s.scratch.Failed(err)
		return false
	}
	h.path, h.line = path, c.Buf[c.Pos-c.Base:next-c.Base]
	c.Pos = next
	return true
}

// heads are in order by path, and of one path the newest comes first.
type heads []*head

func (h heads) Len() int { return len(h) }
func (h heads) Less(i, j int) bool {
	return cmp.Or(format.ComparePaths(h[i].path, h[j].path), cmp.Compare(h[i].age, h[j].age)) < 0
}
func (h heads) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *heads) Push(x any)   { *h = append(*h, x.(*head)) }
func (h *heads) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
