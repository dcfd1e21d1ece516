package store

import (
	"maps"
	"slices"
	"strings"
)

// overlay is the last word on each of some files, in memory, grouped by
// directory, as the WAL or a snapshot written by hand brings them. Grouping
// makes one map entry serve a whole directory, and leaves only short names to
// be sorted.
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

// wordKind is what was said of a file.
type wordKind uint8

const (
	wordSet   wordKind = iota // it was processed
	wordDrop                  // its stamp is taken away, whoever made it
	wordPrune                 // it is gone, and all that was known of it is forgotten
)

func wordOf(kind recordKind) wordKind {
	switch kind {
	case recordDrop:
		return wordDrop
	case recordPrune:
		return wordPrune
	}
	return wordSet
}

// item is the last word on one file.
type item struct {
	name  string
	sec   int64 // of the stamp's time
	nsec  int32
	kind  wordKind
	exact bool
	under *terms    // of a set
	more  *moreInfo // nil for most
}

// moreInfo is what few stamps have.
type moreInfo struct {
	target Time
	digest *Digest
}

func (it *item) stamp() Stamp {
	s := Stamp{Time: it.time(), Exact: it.exact}
	if it.more != nil {
		s.Target, s.Digest = it.more.target, it.more.digest
	}
	return s
}

func (it *item) time() Time { return Time{it.sec, it.nsec} }

// setUnder reports whether the word is a stamp made under a config.
func (it *item) setUnder(hash string) bool { return it.kind == wordSet && it.under.hash == hash }

// saysAs reports whether two words on a file come to the same.
func (it *item) saysAs(o *item) bool {
	if it.kind != wordSet || o.kind != wordSet {
		return it.kind == o.kind
	}
	a, b := it.stamp(), o.stamp()
	da, db := a.Digest, b.Digest
	a.Digest, b.Digest = nil, nil
	return it.under.hash == o.under.hash && a == b && (da == db || da != nil && db != nil && *da == *db)
}

func (it *item) digest() *Digest {
	if it.more == nil {
		return nil
	}
	return it.more.digest
}

func newOverlay() *overlay { return &overlay{dirs: map[string]*run{}} }

// set records a stamp. The bytes of path are copied.
func (o *overlay) set(path []byte, s Stamp, under *terms) {
	it := item{under: under}
	it.setStamp(s)
	o.add(path, it)
}

func (it *item) setStamp(s Stamp) {
	it.kind, it.sec, it.nsec, it.exact = wordSet, s.Time.Sec, s.Time.Nsec, s.Exact
	if s.Digest != nil || s.Target != (Time{}) {
		it.more = &moreInfo{s.Target, s.Digest}
	}
}

// take records that a file has no stamp, whatever was said before.
func (o *overlay) take(path []byte, kind wordKind) { o.add(path, item{kind: kind}) }

// remove takes a word out, as if nothing had been said.
func (o *overlay) remove(path string) {
	dir, name := splitPath(path)
	if r := o.dirs[dir]; r != nil {
		r.items = slices.DeleteFunc(r.items, func(it item) bool { return it.name == name })
	}
}

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

// findPath looks a whole path up. A nil overlay is empty.
func (o *overlay) findPath(path string) *item {
	if o == nil {
		return nil
	}
	dir, name := splitPath(path)
	it, _ := o.dirs[dir].find(name, 0)
	return it
}

// sorted lists the directories in walk order.
func (o *overlay) sorted() []*run {
	return slices.SortedFunc(maps.Values(o.dirs), func(a, b *run) int { return compareDirs(a.dir, b.dir) })
}

// without returns the overlay less the words that are to be left out.
func (o *overlay) without(out func(*item) bool) *overlay {
	kept := newOverlay()
	for dir, r := range o.dirs {
		items := slices.DeleteFunc(slices.Clone(r.items), func(it item) bool { return out(&it) })
		if len(items) > 0 {
			kept.dirs[dir] = &run{dir: dir, items: items}
		}
	}
	return kept
}

func (o *overlay) empty() bool { return o == nil || len(o.dirs) == 0 }

// joined returns all that some overlays hold; the later ones take precedence.
// A run that only one of them has is shared, and put in order where it is.
func joined(overlays ...*overlay) *overlay {
	all := newOverlay()
	for _, o := range overlays {
		if o == nil {
			continue
		}
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

// arena keeps many small strings in few allocations, each larger than the last.
type arena struct{ slab []byte }

const minSlab, maxSlab = 256, 64 << 10

func (a *arena) copy(s string) string {
	if cap(a.slab)-len(a.slab) < len(s) {
		size := min(max(2*cap(a.slab), minSlab), maxSlab)
		if len(s) > size/4 {
			return strings.Clone(s)
		}
		a.slab = make([]byte, 0, size)
	}
	start := len(a.slab)
	a.slab = append(a.slab, s...)
	// Bytes of a slab are written once, before the string is made of them.
	return stringView(a.slab[start:])
}
