package state

import (
	"errors"
	"time"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
	"treefilter/store/internal/memtable"
)

// Watch begins to take notice of what others say of the tree's files. Entries
// with the Epoch of a later moment are refused where they are contradicted.
func (t *Tree) Watch() error {
	if err := t.Writable(); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.watch()
}

func (t *Tree) watch() (err error) {
	own, err := t.ownSegment()
	if err != nil {
		return err
	}
	if own {
		return t.seg.Begin()
	}
	info, err := t.app.Lock()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.app.Unlock()) }()
	return t.app.CatchUp(info)
}

// Epoch is the present, counted in news of the tree: see Entry.Since.
func (t *Tree) Epoch() uint64 { return t.app.Epoch.Load() + 1 }

// Standing returns what the tree says of a file by now, given by its path
// relative to the tree: what others have written meanwhile is read. since is the
// Epoch of that moment, for work that begins now.
func (t *Tree) Standing(path string) (standing format.Standing, s format.Stamp, since uint64, err error) {
	if err := t.Writable(); err != nil {
		return format.Unknown, s, 0, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.app.Words == nil {
		t.app.Words, t.seg.Words = map[string]memtable.Word{}, map[string]memtable.Word{}
	}
	if err := t.watch(); err != nil {
		return format.Unknown, s, 0, err
	}
	if err := t.refresh(); err != nil {
		return format.Unknown, s, 0, err
	}
	since = t.Epoch()
	if it, ok := t.words()[path]; ok {
		switch {
		case it.Kind == memtable.WordDrop:
			return format.Dropped, s, since, nil
		case it.Kind == memtable.WordPrune:
			return format.Unknown, s, since, nil
		case t.counts(it.Under):
			s = it.Stamp()
			if t.asked.enterFor(path); t.asked.fits(&s) {
				return format.Stamped, s, since, nil
			}
		}
		return format.OtherConfig, it.Stamp(), since, nil
	}
	name := t.asked.enterFor(path)
	if standing, s = t.asked.Standing(name); standing == format.Stamped {
		s.Digest = t.asked.Digest(name)
	}
	return standing, s, since, nil
}

// rereadAfter is how old what is known of the segments of others may be. Reading all of
// them for each file would take longer than most work.
const rereadAfter = time.Second

// words is what was said of files since t.latest was read.
func (t *Tree) words() map[string]memtable.Word {
	if t.segments {
		return t.seg.Words
	}
	return t.app.Words
}

// refresh reads what others have written, where that need be.
func (t *Tree) refresh() error {
	if own, err := t.ownSegment(); own || err != nil {
		if t.latest == nil || time.Since(t.read) > rereadAfter {
			t.reread()
		}
		return err
	}
	// What went into another snapshot since need not have been read: its WAL came
	// and went in between, or there was none.
	snapshot, err := t.opt.fsys.Lstat(t.names.Snapshot)
	if err != nil && !disk.IsMissing(err) {
		return disk.Wrap(t.names.Snapshot, err)
	}
	if disk.IsMissing(err) {
		snapshot = disk.Info{}
	}
	if t.latest == nil || t.app.Reread || snapshot != t.latest.Info {
		t.reread()
	}
	return nil
}

// reread reads the state anew: words that were read before are in it.
func (t *Tree) reread() {
	if t.latest != nil {
		t.latest.Close()
	}
	t.latest = load(t.opt, t.names)
	t.asked = t.readerOf(t.latest)
	clear(t.app.Words)
	clear(t.seg.Words)
	t.app.Reread = false
	t.read = time.Now()
}
