package state

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"testing"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
	"treefilter/store/internal/memtable"
	"treefilter/store/internal/words"
)

// No failure counts where a record of a segment is damaged: it may be a later word.
func TestFailureBesideLossInSegment(t *testing.T) {
	dir := t.TempDir()
	trees := ownTrees(t, dir, Options{}, 2)
	for i, path := range []string{"a", "b"} {
		if err := trees[i].Fail(path, Failure{Runs: 2}); err != nil {
			t.Fatal(err)
		}
	}
	closeAll(t, trees)
	if got := runsOf(t, dir, format.Config{}, "a"); got != 2 {
		t.Fatalf("%d runs", got)
	}
	for _, path := range segmentsOf(t, dir) {
		text, err := os.ReadFile(path)
		if err == nil {
			bent := bytes.Replace(text, []byte("\n- end:"), []byte("\nno record\n- end:"), 1)
			err = os.WriteFile(path, bent, 0o666)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if got := runsOf(t, dir, format.Config{}, "a"); got != 0 {
		t.Errorf("%d runs beside a bad line", got)
	}
}

// A segment with a bent bit, or without one of its lines, never brings a stamp back that
// it has taken away, and makes none up.
func TestSegmentFlips(t *testing.T) {
	dir := t.TempDir()
	older := ownTrees(t, dir, Options{}, 1)
	if err := appendTo(older[0], []format.Entry{entry("a", 1), entry("c", 1)}); err != nil {
		t.Fatal(err)
	}
	closeAll(t, older)
	newer := ownTrees(t, dir, Options{}, 1)
	if _, err := newer[0].Drop([]string{"a"}, func(string) bool { return true }); err != nil {
		t.Fatal(err)
	}
	if err := appendTo(newer[0], []format.Entry{entry("b", 2)}); err != nil {
		t.Fatal(err)
	}
	closeAll(t, newer)
	path := segmentsOf(t, dir)[0]
	if text, err := os.ReadFile(path); err == nil && !bytes.Contains(text, []byte("- drop: ")) {
		path = segmentsOf(t, dir)[1]
	}
	sound, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, text []byte) (stamps int) {
		t.Helper()
		if err := os.WriteFile(path, text, 0o666); err != nil {
			t.Fatal(err)
		}
		tree := reopen(t, dir, Options{})
		defer tree.Close()
		for _, e := range []format.Entry{entry("b", 2), entry("c", 1)} {
			switch got, ok := tree.Get(e.Path); {
			case ok && got != e.Stamp:
				t.Errorf("%s: %s has %v", what, e.Path, got)
			case ok:
				stamps++
			}
		}
		if got, ok := tree.Get("a"); ok {
			t.Errorf("%s: a has %v", what, got)
		}
		return stamps
	}
	if n := check("sound", sound); n != 2 {
		t.Fatalf("%d stamps of the sound one", n)
	}
	for i := range sound {
		bent := bytes.Clone(sound)
		bent[i] ^= 1 << (i % 8)
		check(fmt.Sprintf("byte %d", i), bent)
	}
	all := bytes.SplitAfter(sound, []byte{'\n'})
	for i := range all {
		check(fmt.Sprintf("without line %d", i+1), bytes.Join(slices.Delete(slices.Clone(all), i, i+1), nil))
	}
}

// FuzzSegment: no segment makes a reader panic, and each stamp that it says, beside a
// sound one, stands in the bytes of one of them.
func FuzzSegment(f *testing.F) {
	f.Add([]byte(begun))
	f.Add(madeSegment(f, "a", "b"))
	whole := madeSegment(f, "c")
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add(bytes.Replace(whole, []byte("- read: "), []byte("- Read: "), 1))
	dir := f.TempDir()
	tree := ownTrees(f, dir, Options{}, 1)[0]
	if err := appendTo(tree, []format.Entry{entry("a", 1), entry("d", 1)}); err != nil {
		f.Fatal(err)
	}
	closeAll(f, []*Tree{tree})
	path := disk.NamesOf(dir, disk.DefaultProgram).Segment(disk.SegmentName(disk.DefaultProgram, "nas", testID))
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(path, text, 0o666); err != nil {
			t.Fatal(err)
		}
		tree := reopen(t, dir, Options{})
		defer tree.Close()
		written := recordsIn(text)
		for dir, it := range words.NewLayers(tree.loaded().said()).All() {
			p, s := format.JoinPath(dir, it.Name), it.Stamp()
			if it.Kind == memtable.WordSet && !(s.Equal(at(1)) && (p == "a" || p == "d")) &&
				!slices.ContainsFunc(written[p], func(r format.Record) bool { return r.Kind == format.RecordSet && r.Stamp.Equal(s) }) {
				t.Fatalf("%q has %v, which stands nowhere", p, s)
			}
		}
	})
}

// madeSegment returns the text of a segment that says some files are processed.
func madeSegment(f *testing.F, paths ...string) []byte {
	f.Helper()
	dir := f.TempDir()
	tree := ownTrees(f, dir, Options{}, 1)[0]
	for _, p := range paths {
		if err := appendTo(tree, []format.Entry{entry(p, 2)}); err != nil {
			f.Fatal(err)
		}
	}
	closeAll(f, []*Tree{tree})
	text, err := os.ReadFile(segmentsOf(f, dir)[0])
	if err != nil {
		f.Fatal(err)
	}
	return text
}
