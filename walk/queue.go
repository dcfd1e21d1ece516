package walk

import (
	"slices"
	"sync"
	"sync/atomic"
)

// backlog bounds the output, in bytes, that was made and waits to be emitted.
const backlog = 8 << 20

// queue is the walk's order: a list of nodes, each a stretch of the walk that is
// still to be done, in hand, or finished and waiting for its turn to be emitted.
//
// A worker takes the first piece that no worker has begun, then some that come right
// after it. Doing a piece puts what it found (parts, subdirectories) right after
// its own node, which is where it comes in walk order. What is finished with
// nothing to emit leaves the list, and finished neighbours become one node, so a
// worker passes only a few nodes on its way from the head. When the head is
// finished its output is emitted.
//
// Subdirectories wait as names, all of one directory in one node; they become
// directories when taken. So a directory of a million subdirectories costs the
// names and no more, and the list stays as short as the tree is deep.
type queue struct {
	top  Visitor
	crew *Crew

	mu      sync.Mutex
	work    sync.Cond // workers wait on it: something to take, or the end
	output  sync.Cond // drain waits on it: the head is finished, or the end
	list    node      // the ring's anchor: list.next is the head
	idle    int       // workers that wait
	waiting int       // bytes finished and not emitted yet
	stopped atomic.Bool
}

// piece is what a worker has taken: a directory, or one part of it.
type piece struct {
	node  *node
	dir   *directory
	part  int
	names []string // the entries of a later part
	run   int      // how many pieces before it the worker took in a row
}

// stretch is how many directories in a row a worker takes from where it is before
// it looks for the first again. A visitor finds the stamps of one right after
// those of the other: measured on a million files, ten a directory, 3 % off a run
// that finds nothing to do. The first ones must not wait long for it.
const stretch = 16

// result is what a worker made of a piece.
type result struct {
	out   output
	subs  []string // subdirectories, by name
	rest  []string // entries left to later parts
	large *large   // set when there are any
}

func newQueue(roots int, top Visitor, crew *Crew) *queue {
	q := &queue{top: top, crew: crew}
	q.work.L, q.output.L = &q.mu, &q.mu
	q.list.prev, q.list.next = &q.list, &q.list
	for i := range roots {
		q.list.prev.insert(&node{kind: rootNode, root: i})
	}
	return q
}

// take waits for a worker's first piece; false is the end of the walk.
func (q *queue) take() (piece, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.await()
}

// next takes a worker's result back and gives it another piece.
func (q *queue) next(p piece, r result) (piece, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	after := q.finish(p, r)
	// Another worker may have begun all of it: finish gives up the lock.
	more := after.kind == subsNode && len(after.names) > 0
	if more && p.run+1 < stretch && q.waiting <= backlog && !q.stopped.Load() {
		following := q.begin(after)
		following.run = p.run + 1
		return following, true
	}
	return q.await()
}

// await waits for something to begin. The lock is held on entry and on return.
func (q *queue) await() (piece, bool) {
	for !q.stopped.Load() && q.list.next != &q.list {
		if n := q.first(); n != nil {
			return q.begin(n), true
		}
		q.idle++
		q.work.Wait()
		q.idle--
	}
	return piece{}, false
}

// first returns the first node that has something to begin. While too much waits
// to be emitted that can only be the head: the one whose doing lets output out.
func (q *queue) first() *node {
	for n := q.list.next; n != &q.list; n = n.next {
		if n.kind <= partNode {
			return n
		}
		if q.waiting > backlog {
			return nil
		}
	}
	return nil
}

// begin cuts the first piece off a node; it gets a node of its own.
func (q *queue) begin(n *node) piece {
	busy := &node{kind: busyNode}
	n.prev.insert(busy)
	p := piece{node: busy, dir: n.dir, part: n.part}
	switch n.kind {
	case rootNode:
		p.dir = &directory{root: &openRoot{index: n.root, left: 1}, visitor: q.top}
	case subsNode:
		p.dir = &directory{parent: n.dir, root: n.dir.root, rel: join(n.dir.rel, n.names[0]), visitor: n.dir.visitor}
		n.names = n.names[1:]
	case partNode:
		size := min(q.partSize(), len(n.names))
		p.names, n.names = n.names[:size], n.names[size:]
		n.part++
	}
	if len(n.names) == 0 {
		n.unlink()
	}
	return p
}

// partSize is how many entries the next part of a directory has.
func (q *queue) partSize() int {
	if q.crew.Waits() {
		return shortPart
	}
	return partSize
}

// finish takes a worker's result back, and returns the node after the piece's.
func (q *queue) finish(p piece, r result) (after *node) {
	d := p.dir
	switch {
	case p.part > 0:
		d.large.subs = append(d.large.subs, r.subs)
		q.endPart(d, len(p.names))
	case r.large != nil:
		q.split(p, r)
	default:
		d.root.left += len(r.subs)
		if len(r.subs) > 0 {
			p.node.insert(&node{kind: subsNode, dir: d, names: r.subs})
		}
		defer q.release(d.root, 1)
	}
	after = p.node.next
	q.settle(p.node, r.out)
	q.wake()
	return after
}

// split puts the later parts of a large directory after its first one, and
// after them a place for the subdirectories.
func (q *queue) split(p piece, r result) {
	d, l := p.dir, r.large
	d.large = l
	l.left = len(r.rest)
	l.subs = [][]string{r.subs}
	l.held = &node{kind: heldNode, dir: d}
	p.node.insert(l.held)
	p.node.insert(&node{kind: partNode, dir: d, names: r.rest, part: 1})
}

// endPart takes n more entries of a large directory as done. After the last the
// subdirectories of all of them can be begun.
func (q *queue) endPart(d *directory, n int) {
	l := d.large
	if l.left -= n; l.left > 0 {
		return
	}
	subs := slices.Concat(l.subs...)
	slices.Sort(subs)
	if len(subs) == 0 {
		q.remove(l.held)
	}
	l.held.kind, l.held.names = subsNode, subs
	d.root.left += len(subs)
	d.large = nil
	if d.parent != nil { // the root's own folder is closed with the root
		l.folder.close()
	}
	q.release(d.root, 1)
}

// settle ends a busy node: with output it stays until that is emitted.
func (q *queue) settle(n *node, out output) {
	if out.then == nil && len(out.errs) == 0 {
		q.remove(n)
		return
	}
	n.kind, n.done = doneNode, []output{out}
	q.waiting += out.bytes()
	n.absorb(n.next)
	n.prev.absorb(n)
}

// remove takes a node out; finished ones that now touch become one.
func (q *queue) remove(n *node) {
	n.unlink()
	n.prev.absorb(n.next)
}

// wake wakes the workers that wait: the list has changed.
func (q *queue) wake() {
	if q.idle > 0 {
		q.work.Broadcast()
	}
	if head := q.list.next; head.kind == doneNode || head == &q.list {
		q.output.Signal()
	}
}

// release takes n directories of a root as done. After the last the root is closed,
// without the lock, which is held on entry and on return.
func (q *queue) release(r *openRoot, n int) {
	if r.left -= n; r.left > 0 || !r.open {
		return
	}
	q.mu.Unlock()
	r.folder.close()
	q.mu.Lock()
}

// drain emits what is finished, in order, until the walk's end or the first error.
func (q *queue) drain(report func(error) error) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for !q.stopped.Load() && q.list.next != &q.list {
		head := q.list.next
		if head.kind != doneNode {
			q.output.Wait()
			continue
		}
		q.remove(head)
		q.wake()
		for _, out := range head.done {
			if err := q.emit(out, report); err != nil {
				return err
			}
			q.emitted(out.bytes())
		}
	}
	return nil
}

// emit hands over what one visit has made, without the lock: the visits go on.
func (q *queue) emit(out output, report func(error) error) error {
	q.mu.Unlock()
	defer q.mu.Lock()
	for _, err := range out.errs {
		if q.stopped.Load() {
			return nil
		}
		if err := report(err); err != nil {
			return err
		}
	}
	if out.then == nil || q.stopped.Load() {
		return nil
	}
	return out.then()
}

// emitted takes bytes off the backlog; workers may have been waiting for that.
func (q *queue) emitted(size int) {
	full := q.waiting > backlog
	if q.waiting -= size; full && q.waiting <= backlog {
		q.work.Broadcast()
	}
}

// stop ends the walk early: nothing more is begun or emitted.
func (q *queue) stop() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.stopped.Store(true)
	q.work.Broadcast()
	q.output.Broadcast()
}

// drop gives up what an ended walk has not begun, so that every root is closed.
func (q *queue) drop() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for n := q.list.next; n != &q.list; n = q.list.next {
		n.unlink()
		switch n.kind {
		case subsNode:
			q.release(n.dir.root, len(n.names))
		case partNode:
			q.endPart(n.dir, len(n.names))
		}
	}
}
