package store

import "errors"

// Reader looks up the stamps of one tree, a directory at a time. Asked in walk
// order it reads the snapshot front to back and searches nothing. For one
// goroutine; any number of Readers may be used side by side.
type Reader struct {
	tree *Tree
	st   *state
	void bool // reads the stamps that do not count, in place of those that do

	times *cursor
	sums  *cursor // of the digests, opened when one is asked for
	hand  *run
	wal   *run
	// Where the next name is expected in hand and wal.
	handAt, walAt int
	dir           string
}

// Reader returns a new reader of the tree's stamps as they were when the tree
// was first read.
func (t *Tree) Reader() *Reader { return t.reads(false) }

// VoidReader returns a reader of the stamps that do not count, because they were
// made under another config.
func (t *Tree) VoidReader() *Reader { return t.reads(true) }

func (t *Tree) reads(void bool) *Reader {
	r := &Reader{tree: t, st: t.loaded(), void: void}
	if r.snapshot() {
		r.times = r.st.cursor(timesOf)
	}
	r.Enter("")
	return r
}

// snapshot tells whether the stamps of the snapshot are among those it reads.
func (r *Reader) snapshot() bool {
	return r.st.hash != "" && r.st.snapshotCounts(r.tree.scope()) != r.void
}

func timesOf(t *trailer) span   { return t.times }
func digestsOf(t *trailer) span { return t.digest }

// Enter makes dir, relative to the tree and "" for its root, the directory of
// the names to come.
func (r *Reader) Enter(dir string) {
	r.dir = dir
	r.hand, r.handAt, r.wal, r.walAt = nil, 0, nil, 0
	if r.st.wal != nil {
		stamps := r.st.wal.stamps
		if r.void {
			stamps = r.st.wal.void
		}
		r.wal = stamps.dirs[dir]
	}
	if r.st.hand != nil && r.snapshot() {
		r.hand = r.st.hand.dirs[dir]
	}
	if r.times != nil {
		r.times.enter(dir)
	}
}

// Time returns the time of the stamp of a file in the directory entered last,
// and whether it has a stamp. Names asked for in byte order are quickest.
func (r *Reader) Time(name string) (Time, bool) {
	if r.wal != nil {
		it, next := r.wal.find(name, r.walAt)
		r.walAt = next
		if it != nil {
			return it.time, !it.drop
		}
	}
	if r.hand != nil {
		it, next := r.hand.find(name, r.handAt)
		r.handAt = next
		if it != nil {
			return it.time, true
		}
	}
	if r.times == nil {
		return Time{}, false
	}
	value, err := r.times.find(name)
	if err != nil {
		value = r.again(name, err)
	}
	if value == nil {
		return Time{}, false
	}
	return parseTime(value)
}

// Source is the path of the state file that holds the stamp of a file in the
// directory entered last, given that Time has found one.
func (r *Reader) Source(name string) string {
	if it, _ := r.wal.find(name, 0); it != nil {
		return r.tree.names.wal
	}
	return r.tree.names.snapshot
}

// again looks a name up in the sound part of a snapshot that turned out to be
// damaged.
func (r *Reader) again(name string, err error) []byte {
	r.st.salvage(r.tree.names.snapshot, err)
	r.times = r.st.cursor(timesOf)
	r.times.enter(r.dir)
	value, err := r.times.find(name)
	if err != nil {
		// Nothing is left to be read: no stamp, so the file is emitted.
		r.times = nil
		return nil
	}
	return value
}

// Stamp returns the whole stamp of a file in the directory entered last.
func (r *Reader) Stamp(name string) (Stamp, bool) {
	t, ok := r.Time(name)
	if !ok {
		return Stamp{}, false
	}
	return Stamp{Time: t, Digest: r.Digest(name)}, true
}

// Digest returns the digest of the stamp that Time has just returned, nil where
// none was recorded with it.
func (r *Reader) Digest(name string) *Digest {
	if it, _ := r.wal.find(name, 0); it != nil {
		return it.digest
	}
	if it, _ := r.hand.find(name, 0); it != nil {
		return it.digest
	}
	if r.st.trailer == nil || r.st.trailer.digests == 0 || r.damaged() {
		return nil
	}
	if r.sums == nil {
		r.sums = r.st.cursor(digestsOf)
	}
	r.sums.enter(r.dir)
	value, err := r.sums.find(name)
	if err != nil || value == nil {
		return nil
	}
	d, ok := parseDigestValue(value)
	if !ok {
		return nil
	}
	return d
}

func (r *Reader) damaged() bool {
	var damage *damageError
	return errors.As(r.st.snapshotErr(), &damage)
}
