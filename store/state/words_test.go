package state

import (
	"fmt"
	"strings"
	"testing"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
)

// badTempFS gives wrong bytes back of its temporary files, once bad.
type badTempFS struct {
	disk.OS
	bad *bool
}

type badTemp struct {
	simTemp
	bad *bool
}

func (f badTempFS) Temp() (disk.TempFile, error) { return &badTemp{bad: f.bad}, nil }

func (f *badTemp) ReadAt(b []byte, at int64) (int, error) {
	n, err := f.simTemp.ReadAt(b, at)
	if *f.bad && n > 0 {
		b[0] ^= 1
	}
	return n, err
}

// What cannot be read again of a large WAL is no stamp, and no dump leaves it out.
func TestWordsThatCannotBeReadAgain(t *testing.T) {
	dir, bad := t.TempDir(), false
	opt := Options{fsys: badTempFS{bad: &bad}}
	tree := reopen(t, dir, opt)
	var entries []format.Entry
	for i := range 20_000 {
		entries = append(entries, entry(fmt.Sprintf("d/%05d", i), int64(i)))
	}
	if err := appendTo(tree, entries); err != nil {
		t.Fatal(err)
	}
	tree.Close()

	tree = reopen(t, dir, opt)
	if _, ok := tree.Get("d/00007"); !ok {
		t.Fatal("no stamp")
	}
	tree.Close()
	tree = reopen(t, dir, opt)
	tree.Writable() // reads the WAL
	bad = true
	if _, ok := tree.Get("d/00007"); ok {
		t.Error("a stamp was read from a damaged file")
	}
	if p := fmt.Sprint(tree.Problems()); !strings.Contains(p, "temporary file") {
		t.Errorf("problems: %s", p)
	}
	if _, err := tree.Dump(DumpOptions{Repair: true}); err == nil || !strings.Contains(err.Error(), "temporary file") {
		t.Errorf("dump: %v", err)
	}
	tree.Close()
	bad = false
	tree = reopen(t, dir, opt)
	if n := len(allStamps(tree)); n != len(entries) {
		t.Errorf("%d stamps, not %d", n, len(entries))
	}
}
