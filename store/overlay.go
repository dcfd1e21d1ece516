package store

import (
	"maps"
	"slices"
	"strings"
	"unsafe"
)

// overlay is a set of stamps in memory, grouped by directory, as the WAL or a
// snapshot written by hand brings them. Grouping makes one map entry serve a
// whole directory, and leaves only short names to be sorted.
type overlay struct {
	dirs  map[string]*run
	names arena

	last *run // of the last addition: records come in runs of one directory
}

// run is what an overlay knows of one directory: by name, once finished.
type run struct {
	dir     string
	items   []item
	compact int // how many were left when it was last put in order
}

// item is one stamp, or the order to forget one.
type item struct {
	name   string
	time   Time
	drop   bool
	digest *Digest
}

func newOverlay() *overlay { return &overlay{dirs: map[string]*run{}} }

// set records a stamp; the last one of a path counts. The bytes of path are
// copied.
func (o *overlay) set(path []byte, t Time, d *Digest) { o.add(path, item{time: t, digest: d}) }

// drop records that a path has no stamp, whatever the snapshot says.
func (o *overlay) drop(path []byte) { o.add(path, item{drop: true}) }

func (o *overlay) add(path []byte, it item) {
	dir, name := splitPath(stringView(path))
	if o.last == nil || dir != o.last.dir {
		o.last = o.dirs[dir]
		if o.last == nil {
			o.last = &run{dir: strings.Clone(dir)}
			o.dirs[o.last.dir] = o.last
		}
	}
	it.name = o.names.copy(name)
	o.last.items = append(o.last.items, it)
	// A log may hold the same path any number of times; memory shall not.
	if n := len(o.last.items); n >= 1024 && n >= 2*o.last.compact {
		o.last.finish()
		o.last.compact = len(o.last.items)
	}
}

// finish makes the overlay ready for lookups.
func (o *overlay) finish() {
	for _, r := range o.dirs {
		r.finish()
	}
}

// finish sorts by name and keeps the last of each.
func (r *run) finish() {
	ascending := true
	for i := 1; i < len(r.items) && ascending; i++ {
		ascending = r.items[i-1].name < r.items[i].name
	}
	if ascending {
		return
	}
	slices.SortStableFunc(r.items, func(a, b item) int { return strings.Compare(a.name, b.name) })
	kept := r.items[:0]
	for i, it := range r.items {
		if i+1 == len(r.items) || it.name != r.items[i+1].name {
			kept = append(kept, it)
		}
	}
	clear(r.items[len(kept):])
	r.items = kept
}

// find looks for a name, from items[from] on if that is not too far already.
// It returns where to go on from for the next name in order. A nil run is
// empty.
func (r *run) find(name string, from int) (it *item, next int) {
	if r == nil {
		return nil, 0
	}
	if from < len(r.items) && r.items[from].name == name {
		return &r.items[from], from + 1
	}
	i, found := slices.BinarySearchFunc(r.items, name, func(it item, name string) int {
		return strings.Compare(it.name, name)
	})
	if !found {
		return nil, i
	}
	return &r.items[i], i + 1
}

// sorted lists the directories in walk order.
func (o *overlay) sorted() []*run {
	return slices.SortedFunc(maps.Values(o.dirs), func(a, b *run) int { return compareDirs(a.dir, b.dir) })
}

func (o *overlay) empty() bool { return o == nil || len(o.dirs) == 0 }

func (o *overlay) hasDigests() bool {
	for _, r := range o.dirs {
		for i := range r.items {
			if r.items[i].digest != nil {
				return true
			}
		}
	}
	return false
}

// joined returns all that some overlays hold; the later ones take precedence.
// A run that only one of them has is shared, and put in order where it is.
func joined(overlays ...*overlay) *overlay {
	all := newOverlay()
	for _, o := range overlays {
		for dir, r := range o.dirs {
			if first := all.dirs[dir]; first != nil {
				r = &run{dir: dir, items: slices.Concat(first.items, r.items)}
			}
			all.dirs[dir] = r
		}
	}
	all.finish()
	return all
}

// stringView returns bytes as a string, without a copy: for as long as nobody writes
// to them.
func stringView(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// arena keeps many small strings in few allocations.
type arena struct{ slab []byte }

const slabSize = 64 << 10

func (a *arena) copy(s string) string {
	if len(s) > slabSize/4 {
		return strings.Clone(s)
	}
	if cap(a.slab)-len(a.slab) < len(s) {
		a.slab = make([]byte, 0, slabSize)
	}
	start := len(a.slab)
	a.slab = append(a.slab, s...)
	// Bytes of a slab are written once, before the string is made of them.
	return stringView(a.slab[start:])
}
