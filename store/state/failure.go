package state

import (
	"fmt"

	"treefilter/store/internal/format"
	"treefilter/store/internal/memtable"
	"treefilter/store/internal/snapshot"
	"treefilter/store/internal/words"
)

// Fail takes the stamp of a file away, as Drop does, because the command has failed on
// it, and remembers that until the next word on the file. Where it is not certain which
// setting files the command has seen, nothing is remembered.
func (t *Tree) Fail(path string, f format.Failure) error {
	if err := format.CheckPath(path); err != nil {
		return fmt.Errorf("%q: %w", path, err)
	}
	if err := t.Writable(); err != nil {
		return err
	}
	if t.settings != nil {
		if t.CheckSettings(path) != nil {
			_, err := t.Drop([]string{path}, func(string) bool { return true })
			return err
		}
		dir, _ := format.SplitPath(path)
		f.File.Settings = t.settings.of(dir).text
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.unset(path, format.RecordDrop)
	to, err := t.log()
	if err != nil {
		return err
	}
	return to.Fail(path, f)
}

// Failure returns what is remembered of a file whose Standing was Dropped just now, nil
// for nothing.
func (t *Tree) Failure(path string) *format.Failure {
	t.mu.Lock()
	defer t.mu.Unlock()
	if it, ok := t.words()[path]; ok {
		dir, _ := format.SplitPath(path)
		return t.ownFailure(dir, it.Failure())
	}
	if t.asked == nil {
		return nil
	}
	return t.asked.Failure(t.asked.enterFor(path))
}

// ownFailure returns a failure on a file in a directory if it is one of the tree's
// config, and of the setting files that there are: others may well succeed.
func (t *Tree) ownFailure(dir string, f *format.Failure) *format.Failure {
	if f == nil || f.Under != t.under.Hash {
		return nil
	}
	settings := ""
	if t.settings != nil {
		at := t.settings.of(dir)
		if at.err != nil {
			return nil
		}
		settings = at.text
	}
	if f.File.Settings != settings {
		return nil
	}
	return f
}

// Failure returns what is remembered of a file in the directory entered last, given
// that its Standing is Dropped, nil for nothing. Where something of the WAL was lost,
// a later word may be, too.
func (r *Reader) Failure(name string) *format.Failure {
	if r.st.lossy() {
		return nil
	}
	if it := r.word(name); it != nil {
		return r.tree.ownFailure(r.dir, it.Failure())
	}
	if r.dropped == nil {
		return nil
	}
	value, err := r.dropped.Find(name)
	if err != nil || value == nil {
		return nil
	}
	return r.tree.ownFailure(r.dir, format.ParseDroppedValue(value))
}

// lossy reports whether the WAL may have said more than is known.
func (st *state) lossy() bool {
	return st.walErr != nil || st.wal != nil && (st.wal.HidesAll || st.wal.HidesOthers != "" || st.wal.Bad > 0)
}

// Failed returns the paths of the files that failures are remembered of, under
// whatever config, in no order.
func (t *Tree) Failed() (paths []string) {
	st := t.loaded()
	said := words.NewLayers(st.said())
	for dir, it := range said.All() {
		if it.Kind == memtable.WordDrop && it.Failure() != nil {
			paths = append(paths, format.JoinPath(dir, it.Name))
		}
	}
	for _, path := range st.failedBefore() {
		if said.Find(path) == nil {
			paths = append(paths, path)
		}
	}
	return paths
}

// failedBefore returns the paths of which the snapshot remembers failures.
func (st *state) failedBefore() (paths []string) {
	if st.Trailer == nil {
		return nil
	}
	sec := st.Trailer.Find(format.DroppedSection, "")
	if sec == nil {
		return nil
	}
	c := snapshot.NewCursor(st.Src, sec.Span)
	for c.Pos < c.Span.End {
		path, value, next, err := c.Entry(c.Pos)
		if err != nil {
			break // damage, which a dump makes good
		}
		c.Pos = next
		if format.ParseDroppedValue(value) != nil && format.CheckPath(path) == nil {
			paths = append(paths, string([]byte(path)))
		}
	}
	return paths
}

// withoutFailures makes plain drops of the failures that do not count where something was
// lost, in what a dump is to write: afterwards nothing shows the loss.
func (st *state) withoutFailures(over words.Layers) words.Layers {
	if !st.lossy() {
		return over
	}
	before := memtable.New()
	for _, path := range st.failedBefore() {
		before.Take([]byte(path), memtable.WordDrop)
	}
	before.Finish()
	plain := words.NewLayers(words.Of(before))
	for _, w := range over {
		plain = append(plain, w.As(func(it memtable.Word) memtable.Word {
			if it.Kind == memtable.WordDrop {
				return memtable.Word{Name: it.Name, Kind: it.Kind}
			}
			return it
		}))
	}
	return plain
}
