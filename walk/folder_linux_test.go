package walk

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// What was opened is walked, wherever its path leads by then; that is said once.
func TestRenamedRootIsWalkedOn(t *testing.T) {
	root := filepath.Join(makeTree(t, "root/d/e/file", "root/f", "root/g/file"), "root")
	var o outcome
	o.err = Walk(t.Context(), []Root{{Path: root}}, Options{}, VisitFunc(func(d *Dir) {
		o.list(d)
		if d.Rel == "" {
			must(t, os.Rename(root, root+"-was"))
		}
	}), o.report)
	o.expect(t, []string{"0:f", "0:d/e/file", "0:g/file"}, "read "+root)
}

// openedDir returns a worker that has opened the directory "d" of a root, and will
// read and visit it next.
func openedDir(t *testing.T, root string, visit func(*Dir)) (*worker, *directory, folder) {
	crew := NewCrew(1, func(*Meter) {})
	w := &worker{walker: &walker{roots: []Root{{Path: root}}, queue: newQueue(0, nil, crew)}, meter: &Meter{crew: crew}}
	top := &directory{root: &openRoot{}}
	d := &directory{parent: top, root: top.root, rel: "d", visitor: VisitFunc(visit)}
	_, ok := w.open(top)
	f, ok2 := w.open(d)
	if !ok || !ok2 {
		t.Fatal("cannot be opened")
	}
	t.Cleanup(top.root.folder.close)
	return w, d, f
}

// A directory that is swapped after it was opened, before its names are read.
func TestNamesOfASwappedDirectoryLeadNowhere(t *testing.T) {
	outside := makeTree(t, "secret", "sub/secret", "both")
	root := makeTree(t, "d/both", "d/file")
	var files []string
	w, d, f := openedDir(t, root, func(d *Dir) {
		for _, f := range d.Files {
			files = append(files, f.Name)
		}
	})
	must(t, os.Rename(root+"/d", root+"/was"))
	must(t, os.Symlink(outside, root+"/d"))

	r := w.firstPart(d, f)
	if len(files) > 0 || len(r.out.errs) != 1 {
		t.Errorf("files %q, result %+v, want an error", files, r)
	}
	for _, sub := range r.subs {
		if _, ok := w.open(&directory{parent: d, root: d.root, rel: "d/" + sub}); ok {
			t.Errorf("%s was entered", sub)
		}
	}
}

// To open a FIFO is to wait for its writer.
func TestFIFOInPlaceOfADirectoryIsNotOpened(t *testing.T) {
	for _, linked := range []bool{false, true} {
		root := makeTree(t, "d/file")
		var files []File
		w, d, f := openedDir(t, root, func(d *Dir) { files = slices.Clone(d.Files) })
		must(t, os.Rename(root+"/d", root+"/was"))
		fifo := root + "/d"
		if linked {
			fifo = root + "/fifo"
			must(t, os.Symlink("fifo", root+"/d"))
		}
		must(t, unix.Mkfifo(fifo, 0o600))

		read := make(chan result, 1)
		go func() { read <- w.firstPart(d, f) }()
		select {
		case r := <-read:
			if len(files) > 0 || len(r.out.errs) != 1 {
				t.Errorf("linked %v: files %v, out %v, want an error", linked, files, r.out)
			}
		case <-time.After(10 * time.Second):
			t.Errorf("linked %v: waits for a writer", linked)
			writer, err := unix.Open(fifo, unix.O_RDWR, 0) // lets it go on
			must(t, err)
			<-read
			unix.Close(writer)
		}
	}
}

// A walk gives back every descriptor, however it ends.
func TestDescriptorsAreClosed(t *testing.T) {
	root := makeTree(t, "a/b/c/d", "a/link -> .", "e/f")
	before := openDescriptors(t)
	for range 10 {
		walkTree(root, Options{Follow: true})
		broken := errors.New("broken off")
		err := Walk(t.Context(), []Root{{Path: root}, {Path: root + "/a"}}, Options{}, VisitFunc(func(d *Dir) {
			d.Then(0, func() error { return broken })
		}), nil)
		if err != broken {
			t.Error(err)
		}
		var l Statter
		for _, path := range []string{"a/b", "a/b", "a/b", "a/b", "e/f", "e/f", "e/f"} {
			l.Stat(root + "/" + path)
		}
		l.Close()
	}
	if after := openDescriptors(t); after > before {
		t.Errorf("%d descriptors, %d before", after, before)
	}
}

func openDescriptors(t *testing.T) int {
	entries, err := os.ReadDir("/proc/self/fd")
	must(t, err)
	return len(entries)
}

// The times of the older calls end in 2038 on 32 bits.
func TestTimesAfter2038(t *testing.T) {
	root := makeTree(t, "file")
	if out, err := exec.Command("touch", "-d", "@4102444800.5", root+"/file").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	info, err := Stat(root + "/file")
	if must(t, err); info.Sec != 4102444800 || info.Nsec != 500_000_000 {
		t.Errorf("%+v", info)
	}
}
