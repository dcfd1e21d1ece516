package state

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
)

// dumpingFS does something once, when a dump is about to read a segment.
type dumpingFS struct {
	disk.OS
	dumping bool
	then    func()
}

func (f *dumpingFS) Mkdir(path string) error {
	f.dumping = f.dumping || strings.HasSuffix(path, "_treestamps.dump")
	return f.OS.Mkdir(path)
}

func (f *dumpingFS) Open(path string, flag int, perm os.FileMode) (disk.File, error) {
	if then := f.then; f.dumping && then != nil && flag == os.O_RDONLY && strings.HasSuffix(filepath.Dir(path), disk.SegmentsSuffix) {
		f.then = nil
		then()
	}
	return f.OS.Open(path, flag, perm)
}

// A process begins after a dump has listed the segments, and reads one that another goes
// on with and ends before the dump reads it: folded, that would contradict what the
// new process says.
func TestBeginWhileADumpReads(t *testing.T) {
	dir := t.TempDir()
	first := ownTrees(t, dir, Options{}, 1)[0]
	if err := appendTo(first, []format.Entry{entry("a", 5)}); err != nil {
		t.Fatal(err)
	}
	var second *Tree
	fsys := &dumpingFS{then: func() {
		second = ownTrees(t, dir, Options{}, 1)[0]
		if err := appendTo(first, []format.Entry{entry("b", 5)}); err != nil {
			t.Error(err)
		}
		closeAll(t, []*Tree{first})
	}}
	dumper := reopen(t, dir, Options{fsys: fsys})
	if _, err := dumpTree(dumper); err != nil {
		t.Fatal(err)
	}
	if err := appendTo(second, []format.Entry{entry("c", 5)}); err != nil {
		t.Fatal(err)
	}
	closeAll(t, []*Tree{dumper, second})
	want := map[string]format.Stamp{"a": at(5), "b": at(5), "c": at(5)}
	wantStamps(t, reopen(t, dir, Options{}), nil, want)
}

// What a crash has left of a segment that was being made keeps no dump from folding,
// and is removed.
func TestSegmentLeftUnmade(t *testing.T) {
	for name, text := range map[string]string{"empty": "", "cut": "- begin: {version: 1, prog", "whole": begun} {
		dir := t.TempDir()
		tree := ownTrees(t, dir, Options{}, 1)[0]
		if err := appendTo(tree, []format.Entry{entry("a", 5)}); err != nil {
			t.Fatal(err)
		}
		left := disk.NamesOf(dir, disk.DefaultProgram).Segment(disk.SegmentName(disk.DefaultProgram, "nas", testID)) + disk.TempSuffix
		if err := os.WriteFile(left, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if n, err := dumpTree(tree); n != 1 || err != nil {
			t.Errorf("%s: %d stamps, %v", name, n, err)
		}
		closeAll(t, []*Tree{tree})
		if left := segmentsOf(t, dir); len(left) > 0 {
			t.Errorf("%s: left: %q", name, left)
		}
	}
}

const begun = "- begin: {version: 1, program: treefilter, host: \"nas1\", boot: \"3c1e1c3a-7a7e-4c43-9f0e-1b2f7a4f5a10 pid:[4026531836]\", pid: 4711, id: \"" + testID + "\"} # b26e37a2\n"

// makingFS does something once, when a segment is about to get its name.
type makingFS struct {
	disk.OS
	then func()
}

func (f *makingFS) Rename(from, to string) error {
	if then := f.then; then != nil {
		f.then = nil
		then()
	}
	return f.OS.Rename(from, to)
}

// A process whose segment a dump removes before it is made begins anew, and has then read
// what the dump has folded.
func TestDumpWhileASegmentIsMade(t *testing.T) {
	dir := t.TempDir()
	first := ownTrees(t, dir, Options{}, 1)[0]
	second := reopen(t, dir, Options{OwnWAL: true, fsys: &makingFS{then: func() {
		if err := appendTo(first, []format.Entry{entry("a", 5)}); err != nil {
			t.Error(err)
		}
		if n, err := dumpTree(first); n != 1 || err != nil {
			t.Errorf("%d stamps, %v", n, err)
		}
	}}})
	if err := second.Watch(); err != nil {
		t.Fatal(err)
	}
	if err := appendTo(second, []format.Entry{entry("b", 5)}); err != nil {
		t.Fatal(err)
	}
	closeAll(t, []*Tree{first, second})
	wantStamps(t, reopen(t, dir, Options{}), nil, map[string]format.Stamp{"a": at(5), "b": at(5)})
}

// goneFS lets a writer end just when it is asked whether it has.
type goneFS struct {
	disk.OS
	end func()
}

func (f *goneFS) Gone(disk.Process) bool {
	if end := f.end; end != nil {
		f.end = nil
		end()
	}
	return true
}

// A dump has read a segment before its writer wrote on and ended: it must not fold, and
// remove, less than there is.
func TestWriterEndsAfterADumpHasRead(t *testing.T) {
	dir := t.TempDir()
	writer := ownTrees(t, dir, Options{}, 1)[0]
	if err := appendTo(writer, []format.Entry{entry("a", 5)}); err != nil {
		t.Fatal(err)
	}
	dumper := reopen(t, dir, Options{fsys: &goneFS{end: func() {
		if err := appendTo(writer, []format.Entry{entry("b", 5)}); err != nil {
			t.Error(err)
		}
		closeAll(t, []*Tree{writer})
	}}})
	for range 2 {
		if _, err := dumpTree(dumper); err != nil {
			t.Fatal(err)
		}
		wantStamps(t, reopen(t, dir, Options{}), nil, map[string]format.Stamp{"a": at(5), "b": at(5)})
	}
	if left := segmentsOf(t, dir); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
}
