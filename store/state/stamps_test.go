package state

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"treefilter/store/internal/format"
)

// Stamps merges both files in walk order: the WAL goes before the snapshot, and
// a drop hides the snapshot's stamp.
func TestStamps(t *testing.T) {
	snapshot := sealed(t, "treefilter", format.Config{},
		entry("b", 2), entry("c", 3), entry("e", 5), entry("a/x", 6), entry("z/z", 7))
	s := format.NewSession("treefilter", testID, format.Config{})
	wal := string(lines(s, entry("a", 1), entry("c", 30), "-e", "-nowhere", entry("a/y", 61), entry("zz/z", 8), "-z/z"))
	want := []format.Entry{entry("a", 1), entry("b", 2), entry("c", 30), entry("a/x", 6), entry("a/y", 61), entry("zz/z", 8)}

	byHand := snapshot[:strings.Index(snapshot, format.SumsHead)]
	for name, text := range map[string]string{"sealed": snapshot, "by hand": byHand} {
		tree := treeOf(t, Options{}, text, wal)
		if got := slices.Collect(tree.Stamps()); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
		// Who breaks off gets no more.
		for n := range len(want) {
			got := 0
			for range tree.Stamps() {
				if got++; got > n {
					break
				}
			}
			if got != n+1 {
				t.Errorf("%s: %d stamps, broken off at %d", name, got, n+1)
			}
		}
	}

	other := treeOf(t, quality90, snapshot, wal)
	if got := slices.Collect(other.Stamps()); len(got) > 0 {
		t.Errorf("under another config: %v", got)
	}
	none := treeOf(t, Options{}, "", "")
	if got := slices.Collect(none.Stamps()); len(got) > 0 {
		t.Errorf("without files: %v", got)
	}
}

// What could not be a file below the tree is not listed, whatever the snapshot
// says: its checksums are right, since the forger made them.
func TestStampsForgedPaths(t *testing.T) {
	var entries []format.Entry
	for _, p := range []string{"../up", "/etc/passwd", "a//b", "good", "x/../../y"} {
		entries = append(entries, entry(p, 1))
	}
	tree := treeOf(t, Options{}, sealed(t, "treefilter", format.Config{}, entries...), "")
	if got, want := slices.Collect(tree.Stamps()), []format.Entry{entry("good", 1)}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// The same file may be asked for twice.
func TestGetTwice(t *testing.T) {
	tree := treeOf(t, Options{}, sealed(t, "treefilter", format.Config{}, entry("a", 1), entry("b", 2)), "")
	for range 2 {
		wantStamps(t, tree, []string{"a", "a", "b", "b", "c", "c"}, map[string]format.Stamp{"a": at(1), "b": at(2)})
	}
}

func TestFacts(t *testing.T) {
	s := format.NewSession("treefilter", testID, format.Config{})
	snapshot := sealed(t, "treefilter", format.Config{}, entry("a", 1), entry("b", 2))
	wal := string(lines(s, entry("c", 3), "-a", entry("c", 4)))
	tree := treeOf(t, Options{}, snapshot, wal)
	info, err := os.Stat(filepath.Join(tree.Root(), snapshotName))
	if err != nil {
		t.Fatal(err)
	}
	appended, err := os.Stat(filepath.Join(tree.Root(), walName))
	if err != nil {
		t.Fatal(err)
	}
	want := Facts{
		Snapshot: filepath.Join(tree.Root(), snapshotName), WAL: filepath.Join(tree.Root(), walName),
		HasSnapshot: true, HasWAL: true,
		Stamps: 2, Dumped: format.TimeOf(info.ModTime()), Appended: format.TimeOf(appended.ModTime()), WALSize: int64(len(wal)), Records: 3,
	}
	if got := tree.Facts(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := treeOf(t, Options{}, "", "").Facts(); got.HasSnapshot || got.HasWAL || got.Stamps > 0 {
		t.Errorf("without files: %+v", got)
	}
	broken := treeOf(t, Options{}, "nothing of ours", "nor: this\n").Facts()
	if !broken.HasSnapshot || !broken.HasWAL || broken.WALSize > 0 {
		t.Errorf("not ours: %+v", broken)
	}
}

// Source names the file that a stamp comes from.
func TestReaderSource(t *testing.T) {
	s := format.NewSession("treefilter", testID, format.Config{})
	snapshot := sealed(t, "treefilter", format.Config{}, entry("a", 1), entry("b", 2))
	tree := treeOf(t, Options{}, snapshot, string(lines(s, entry("b", 3), entry("c", 4))))
	r := tree.Reader()
	for name, want := range map[string]string{"a": snapshotName, "b": walName, "c": walName} {
		if _, ok := r.Find(name); !ok || filepath.Base(r.Source(name)) != want {
			t.Errorf("%s: %s, want %s", name, r.Source(name), want)
		}
	}
}
