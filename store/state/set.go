package state

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"treefilter/store/internal/format"
	"treefilter/store/internal/memtable"
)

// Set records that files, given by their paths relative to the tree, have been
// processed: the present mtime of each becomes its stamp. Files that were modified
// within their file system's present tick are statted again when that is over (see
// TickEnd), so Set may wait a few milliseconds. Get sees the stamps at once; the
// tree's files have them after Sync, which first makes the work durable, unless
// another process has taken a file's stamp away by then (see Entry.Since). On an
// error nothing is recorded.
func (t *Tree) Set(paths ...string) error {
	for _, path := range paths {
		if err := format.CheckPath(path); err != nil {
			return fmt.Errorf("%q: %w", path, err)
		}
	}
	if err := t.Writable(); err != nil {
		return err
	}
	since, err := t.since()
	if err != nil {
		return err
	}
	stamps, err := t.settle(paths)
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.unsynced == nil {
		t.unsynced = map[string]format.Entry{}
	}
	for i, path := range paths {
		t.unsynced[path] = format.Entry{Path: path, Stamp: stamps[i], Since: since}
		delete(t.own, path)
	}
	return nil
}

// since is the Epoch for a look at a file that begins now.
func (t *Tree) since() (uint64, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if own, err := t.ownSegment(); own || err != nil || !t.app.WasRead {
		if err = errors.Join(err, t.watch()); err != nil {
			return 0, err
		}
	}
	return t.Epoch(), nil
}

// Forget takes the stamps of files away, given by their paths relative to the
// tree, whatever config they were made under.
func (t *Tree) Forget(paths ...string) error {
	if _, err := t.Drop(paths, func(string) bool { return true }); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, p := range paths {
		t.keepOwn(p, memtable.Word{Kind: memtable.WordDrop})
	}
	return nil
}

func (t *Tree) keepOwn(path string, it memtable.Word) {
	if t.own == nil {
		t.own = map[string]memtable.Word{}
	}
	t.own[path] = it
}

// Sync makes all that was set and appended durable. A failure is final: no later
// Sync of this Tree will claim success.
func (t *Tree) Sync() error {
	t.mu.Lock()
	var entries []format.Entry
	entries = slices.AppendSeq(entries, maps.Values(t.unsynced))
	t.mu.Unlock()
	if len(entries) > 0 {
		if err := t.SyncWork(); err != nil {
			return err
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	// What was forgotten meanwhile, or set again, is not to be written now.
	entries = slices.DeleteFunc(entries, func(e format.Entry) bool { return t.unsynced[e.Path] != e })
	if len(entries) > 0 {
		to, err := t.log()
		if err != nil {
			return err
		}
		refused, err := to.Append(entries)
		if err != nil {
			return err
		}
		for _, e := range entries {
			it := memtable.Word{Under: t.under}
			it.SetStamp(e.Stamp)
			t.keepOwn(e.Path, it)
			delete(t.unsynced, e.Path)
		}
		for _, e := range refused {
			t.keepOwn(e.Path, memtable.Word{Kind: memtable.WordDrop})
		}
	}
	return errors.Join(t.app.Sync(), t.seg.Sync())
}
