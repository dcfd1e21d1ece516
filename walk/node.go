package walk

// node is one stretch of the walk.
type node struct {
	prev, next *node
	kind       kind
	dir        *directory // whose subdirectories or parts these are
	names      []string   // of what is not begun yet
	root       int        // of a root
	part       int        // number of the next part
	done       []output   // what to emit
}

type kind uint8

const (
	rootNode kind = iota // a root that is not begun
	subsNode             // subdirectories that are not begun
	partNode             // parts of a large directory that are not begun
	heldNode             // subdirectories of a large directory, not all known
	busyNode             // in the hands of a worker
	doneNode             // finished, with something to emit
)

// insert puts m after n.
func (n *node) insert(m *node) {
	m.prev, m.next = n, n.next
	n.next.prev = m
	n.next = m
}

func (n *node) unlink() {
	n.prev.next, n.next.prev = n.next, n.prev
}

// absorb makes one node of two finished neighbours.
func (n *node) absorb(next *node) {
	if n.kind == doneNode && next.kind == doneNode {
		n.done = append(n.done, next.done...)
		next.unlink()
	}
}

// output is what waits for its turn in walk order.
type output struct {
	errs []error
	then func() error
	size int // in bytes, about
}

// bytes is what an output counts for in the backlog, with what it takes itself, so
// that a million empty ones are bounded, too.
func (o output) bytes() int { return 256 + o.size + 256*len(o.errs) }
