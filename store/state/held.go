package state

import (
	"slices"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
	"treefilter/store/internal/memtable"
	"treefilter/store/internal/wal"
	"treefilter/store/internal/words"
)

// Hold keeps stamps in memory until the next Dump, instead of in the WAL: they
// are lost if the process ends before. Their work must be durable by then.
func (t *Tree) Hold(entries []format.Entry) error {
	if err := checkEntries(entries); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.held == nil {
		t.held = memtable.New()
	}
	for _, e := range entries {
		t.held.Set([]byte(e.Path), e.Stamp, t.under)
		if e.Since > 0 && (t.heldAt == 0 || e.Since < t.heldAt) {
			t.heldAt = e.Since
		}
	}
	return nil
}

// judgeHeld takes back those of the stamps held in memory that others have spoken
// against since their files were looked at, and returns the paths of those.
func (d *dump) judgeHeld(info disk.Info) (refused []string, err error) {
	d.held.Finish()
	if d.heldAt == 0 {
		return nil, nil
	}
	if err := d.app.CatchUp(info); err != nil {
		return nil, err
	}
	reader := d.readerOf(d.st)
	for dir, r := range d.held.Dirs {
		kept := r.Items[:0]
		for _, it := range r.Items {
			e := format.Entry{Path: format.JoinPath(dir, it.Name), Stamp: it.Stamp(), Since: d.heldAt}
			switch d.app.Arbitrate(&e, reader.lookUp) {
			case wal.Leave:
				refused = append(refused, e.Path)
				continue
			case wal.Refuse:
				refused = append(refused, e.Path)
				it = memtable.Word{Name: it.Name, Kind: memtable.WordDrop}
			}
			kept = append(kept, it)
		}
		r.Items = kept
	}
	slices.SortFunc(refused, format.ComparePaths)
	return refused, nil
}

// overruleWAL appends those of the words held in memory to the WAL that it
// contradicts. A dump that ends between its rename and the removal of the WAL leaves
// both files, and the words of the WAL count as the newer ones: without this, an
// older stamp, perhaps of another config, would replace the one that was held.
func (d *dump) overruleWAL(info disk.Info) error {
	if d.st.wal == nil {
		return nil
	}
	var newer []memtable.Word
	said := words.NewReader(d.st.wal.Said)
	for _, r := range d.held.Sorted() {
		said.Enter(r.Dir)
		for _, word := range r.Items {
			if it := said.Find(word.Name); it != nil && !it.SaysAs(&word) {
				word.Name = format.JoinPath(r.Dir, word.Name)
				newer = append(newer, word)
			}
		}
	}
	if len(newer) == 0 {
		return nil
	}
	if err := d.app.Overrule(info, newer); err != nil {
		return err
	}
	return d.app.Flush()
}
