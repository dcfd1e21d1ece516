package state

import (
	"fmt"

	"treefilter/store/internal/format"
	"treefilter/store/internal/memtable"
)

// Append appends stamps to the WAL, or to a segment, in one write, and returns those that were
// refused, and whose files have no stamp now (see Entry.Since). Like those of
// another process they show in Get once the tree is opened anew. The files' work
// must be durable before: see SyncWork.
func (t *Tree) Append(entries []format.Entry) (refused []format.Entry, err error) {
	if err := checkEntries(entries); err != nil {
		return nil, err
	}
	if err := t.Writable(); err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	to, err := t.log()
	if err != nil {
		return nil, err
	}
	return to.Append(entries)
}

// Drop takes the stamps of files away, given by their paths relative to the
// tree, and returns of how many: their work has failed, or is in doubt. still is
// asked for each while no other process can write. Sync makes that durable.
func (t *Tree) Drop(paths []string, still func(path string) bool) (dropped int, err error) {
	return t.take(format.RecordDrop, paths, still)
}

// Prune forgets all that is known of files that are gone, given by their paths
// relative to the tree, and returns of how many. gone is asked for each while
// no other process can write, so that a file which has come back and was recorded
// keeps its new stamp. Sync makes that durable.
func (t *Tree) Prune(paths []string, gone func(path string) bool) (pruned int, err error) {
	return t.take(format.RecordPrune, paths, gone)
}

func (t *Tree) take(kind format.RecordKind, paths []string, still func(path string) bool) (taken int, err error) {
	for _, p := range paths {
		if err := format.CheckPath(p); err != nil {
			return 0, fmt.Errorf("%q: %w", p, err)
		}
	}
	if err := t.Writable(); err != nil {
		return 0, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	to, err := t.log()
	if err != nil {
		return 0, err
	}
	return to.Take(kind, paths, func(path string) bool {
		if !still(path) {
			return false
		}
		t.unset(path, kind)
		return true
	})
}

// unset takes back what was set of a file and is not in the WAL yet, and what Get
// would say of it. Should the record that is to say so fail, that is right as
// well: a stamp that was to be taken away is in doubt.
func (t *Tree) unset(path string, kind format.RecordKind) {
	_, unsynced := t.unsynced[path]
	_, own := t.own[path]
	if unsynced || own {
		delete(t.unsynced, path)
		t.keepOwn(path, memtable.Word{Kind: memtable.WordOf(kind)})
	}
	if t.held != nil {
		t.held.Remove(path)
	}
}

func checkEntries(entries []format.Entry) error {
	for i := range entries {
		if err := format.CheckPath(entries[i].Path); err != nil {
			return fmt.Errorf("%q: %w", entries[i].Path, err)
		}
	}
	return nil
}
