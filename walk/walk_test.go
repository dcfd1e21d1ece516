package walk

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// reference lists a tree in walk order in the most obvious way.
func reference(t *testing.T, root, rel string) []string {
	entries, err := os.ReadDir(filepath.Join(root, rel))
	must(t, err)
	var files, below []string
	for _, e := range entries { // sorted by name
		if path := join(rel, e.Name()); e.IsDir() {
			below = append(below, reference(t, root, path)...)
		} else if e.Type().IsRegular() {
			files = append(files, path)
		}
	}
	return append(files, below...)
}

// randomTree makes names that share prefixes, differ in length and sort around
// the separator.
func randomTree(t *testing.T, seed uint64) string {
	rng := rand.New(rand.NewPCG(seed, 0))
	var names []string
	var fill func(dir string, depth int)
	fill = func(dir string, depth int) {
		for i := range rng.IntN(8) {
			stem := strings.Repeat("a", rng.IntN(12)) + string(" -.0Aaz~é"[rng.IntN(9)])
			path := fmt.Sprintf("%s%s%d", dir, stem, i)
			if depth > 0 && rng.IntN(2) == 0 {
				names = append(names, path+"/")
				fill(path+"/", depth-1)
			} else {
				names = append(names, path)
			}
		}
	}
	fill("", 6)
	return makeTree(t, names...)
}

func TestOrderIsTheSameForAnyNumberOfWorkers(t *testing.T) {
	for seed := range uint64(4) {
		root := randomTree(t, seed)
		want := reference(t, root, "")
		for workers := 1; workers <= 8; workers++ {
			got := walkTree(root, Options{Workers: workers})
			got.expect(t, want)
		}
	}
}

func TestRootsComeInTheOrderGiven(t *testing.T) {
	b, a := makeTree(t, "x", "d/y"), makeTree(t, "z")
	o := walkAll([]Root{{Path: b}, {Path: b + "/missing"}, {Path: a + "/"}}, Options{})
	o.expect(t, []string{"0:x", "0:d/y", "2:z"}, "open "+b+"/missing")
}

func TestWeirdNames(t *testing.T) {
	names := []string{
		"\x01\x1b[31m", " ", "-rf", "...", "a\nb", "a\tb", "\"quoted\"", "*", "\\", "~",
		"\xff\xfe", "é", strings.Repeat("n", 255),
	}
	if runtime.GOOS != "linux" {
		t.Skip("other systems refuse some of these names")
	}
	root := makeTree(t, names...)
	slices.Sort(names)
	walkTree(root, Options{}).expect(t, names)
}

func TestOnlyRegularFiles(t *testing.T) {
	root := makeTree(t, "file", "dir/", "link -> file", "dirlink -> dir", "broken -> nowhere")
	walkTree(root, Options{}).expect(t, []string{"file"})
}

func TestFollow(t *testing.T) {
	root := makeTree(t,
		"dir/file", "dir/up -> ..", "elsewhere -> dir", "link -> dir/file",
		"broken -> nowhere", "itself -> itself", "through -> dir/file/x")
	walkTree(root, Options{Follow: true}).expect(t,
		[]string{"link", "dir/file", "elsewhere/file"},
		"open ROOT/dir/up", "open ROOT/elsewhere/up")
}

// The later time shows that a link leads elsewhere now, unless it is younger than
// both its targets: then the target's does.
func TestTimesOfAFollowedLink(t *testing.T) {
	root := makeTree(t, "target", "link -> target")
	target := filepath.Join(root, "target")
	link, err := os.Lstat(filepath.Join(root, "link"))
	must(t, err)
	// Not later than 2038, which a test on 32 bits cannot set.
	for _, year := range []int{1990, 2037} {
		mtime := time.Date(year, 1, 1, 0, 0, 0, 123456700, time.UTC)
		must(t, os.Chtimes(target, mtime, mtime))
		later := link.ModTime()
		if mtime.After(later) {
			later = mtime
		}
		check := func(path string, sec int64, nsec int32, targetSec int64, targetNsec int32) {
			t.Helper()
			want := later
			if path == "target" {
				want = mtime
			}
			if got := time.Unix(sec, int64(nsec)); !got.Equal(want) {
				t.Errorf("target of %d: %s's time is %v, want %v", year, path, got, want)
			}
			if got := time.Unix(targetSec, int64(targetNsec)); !got.Equal(mtime) {
				t.Errorf("target of %d: the time that %s leads to is %v, want %v", year, path, got, mtime)
			}
		}
		must(t, Walk(context.Background(), []Root{{Path: root}, {Path: root, Only: "link"}}, Options{Follow: true}, VisitFunc(func(d *Dir) {
			for _, f := range d.Files {
				check(f.Name, f.Sec, f.Nsec, f.TargetSec, f.TargetNsec)
			}
		}), nil))
		for _, path := range []string{"link", "target"} {
			info, err := Stat(filepath.Join(root, path))
			must(t, err)
			check(path, info.Sec, info.Nsec, info.TargetSec, info.TargetNsec)
		}
	}
}

func TestExcept(t *testing.T) {
	root := makeTree(t, "a", "todo", "d/b", "d/link -> ../todo")
	must(t, os.Link(root+"/todo", root+"/d/other"))
	todo, err := Stat(root + "/todo")
	must(t, err)
	if todo.FileID == (FileID{}) {
		t.Skip("files have no identity")
	}
	walkTree(root, Options{Except: todo.FileID, Follow: true}).expect(t, []string{"a", "d/b"})
	walkAll([]Root{{Path: root, Only: "todo"}, {Path: root, Only: "a"}}, Options{Except: todo.FileID}).expect(t, []string{"1:a"})
	walkTree(root, Options{}).expect(t, []string{"a", "todo", "d/b", "d/other"})
}

func TestSillyRenamedFilesArePassedOver(t *testing.T) {
	const silly = ".nfs00000000000c8f4100000a3b" // as fs/nfs/unlink.c makes it
	others := []string{".fuse_hidden1", ".nfs", ".nfs00000000000c8f4100000a3B", silly + "~", ".nfs1", "x" + silly}
	root := makeTree(t, append(others, silly, ".nfs0000c8f400000001", ".fuse_hidden0000003c00000003", "d/"+silly, ".nfs0000c8f400000002/file")...)
	walkTree(root, Options{}).expect(t, append(others, ".nfs0000c8f400000002/file"))
	walkAll([]Root{{Path: root, Only: silly}}, Options{}).expect(t, nil)
}

func TestSkip(t *testing.T) {
	root := makeTree(t, "a", "b", "d/a", "d/e/a", "e/a")
	roots := []Root{{Path: root, Skip: map[string]bool{"a": true, "d/e": true}}}
	walkAll(roots, Options{}).expect(t, []string{"0:b", "0:d/a", "0:e/a"})
}

func TestOnly(t *testing.T) {
	root := makeTree(t, "a", "b", "d/c", "link -> b")
	choice, err := ParseChoice(Patterns{Exclude: []string{"*"}})
	must(t, err)
	roots := []Root{{Path: root, Only: "b"}, {Path: root, Only: "link"}, {Path: root, Only: "d"}, {Path: root, Only: "gone"}}
	walkAll(roots, Options{Choice: choice}).expect(t, []string{"0:b", "1:link"}, "stat "+root+"/d", "stat "+root+"/gone")
}

func TestMarkedFilesAreNoFilesAndDirectoriesAreEntered(t *testing.T) {
	root := makeTree(t, "a", ".mark1", ".mark2/file", "d/.mark -> nowhere", "d/b")
	var mu sync.Mutex
	marks := map[string][]string{}
	o := outcome{}
	o.err = Walk(context.Background(), []Root{{Path: root}}, Options{
		Mark: func(name string) bool { return strings.HasPrefix(name, ".mark") },
	}, VisitFunc(func(d *Dir) {
		mu.Lock()
		defer mu.Unlock()
		marks[d.Rel] = slices.Clone(d.Marks)
		o.list(d)
	}), o.report)
	o.expect(t, []string{"0:a", "0:.mark2/file", "0:d/b"})
	if !slices.Equal(marks[""], []string{".mark1", ".mark2"}) || !slices.Equal(marks["d"], []string{".mark"}) {
		t.Errorf("marks are %q", marks)
	}
}

// sameParts makes all parts of a directory as large, whether looks wait or not: on a busy
// machine they may.
func sameParts(t *testing.T) {
	before := shortPart
	shortPart = partSize
	t.Cleanup(func() { shortPart = before })
}

func TestLargeDirectoryIsVisitedInParts(t *testing.T) {
	sameParts(t)
	const files = 2*partSize + 10
	names := []string{"mark"}
	for i := range files {
		names = append(names, fmt.Sprintf("f%06d", i))
	}
	names = append(names, "a/first", "f004095d/one", "z/last", "z/after")
	root := makeTree(t, names...)
	for workers := 1; workers <= 4; workers++ {
		var parts atomic.Int32
		var o outcome
		o.err = Walk(context.Background(), []Root{{Path: root}}, Options{
			Workers: workers,
			Mark:    func(name string) bool { return name == "mark" },
		}, VisitFunc(func(d *Dir) {
			o.list(d)
			if d.Rel != "" {
				return
			}
			parts.Add(1)
			if !slices.Equal(d.Marks, []string{"mark"}) {
				t.Errorf("part %d has marks %q", d.Part, d.Marks)
			}
		}), o.report)
		var want []string
		for _, path := range reference(t, root, "") {
			if path != "mark" {
				want = append(want, "0:"+path)
			}
		}
		o.expect(t, want)
		if parts.Load() != 3 {
			t.Errorf("%d parts", parts.Load())
		}
	}
}

func TestManySubdirectories(t *testing.T) {
	var names []string
	for i := range partSize + 100 {
		names = append(names, fmt.Sprintf("d%05d/", i))
	}
	names = append(names, "d00000/x", "d04195/y", "zz")
	walkTree(makeTree(t, names...), Options{}).expect(t, []string{"zz", "d00000/x", "d04195/y"})
}

// named visits with a visitor of its own below every directory named c*, and notes
// which visitor got what.
type named struct {
	name string
	mu   *sync.Mutex
	got  map[string]string
}

func (v *named) Visit(d *Dir) Visitor {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.got[fmt.Sprintf("%s/%d", d.Rel, d.Part)] = v.name
	if strings.HasPrefix(filepath.Base(d.Rel), "c") {
		return &named{d.Rel, v.mu, v.got}
	}
	return nil
}

func TestVisitorOfWhatIsBelow(t *testing.T) {
	sameParts(t)
	names := []string{"a", "c1/x", "c1/c2/d/x", "c1/e/x", "d/c4/c5/x", "z/x"}
	for i := range partSize + 1 {
		names = append(names, fmt.Sprintf("d/c4/f%06d", i))
	}
	root := makeTree(t, names...)
	want := map[string]string{
		"/0": "top", "c1/0": "top", "c1/c2/0": "c1", "c1/c2/d/0": "c1/c2", "c1/e/0": "c1",
		"d/0": "top", "d/c4/0": "top", "d/c4/1": "d/c4", "d/c4/c5/0": "d/c4", "z/0": "top",
	}
	for workers := 1; workers <= 4; workers++ {
		top := &named{"top", new(sync.Mutex), map[string]string{}}
		must(t, Walk(context.Background(), []Root{{Path: root}}, Options{Workers: workers}, top, nil))
		if !maps.Equal(top.got, want) {
			t.Errorf("%d workers: %v", workers, top.got)
		}
	}
}

func TestCancelEndsTheWalk(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	const dirs = 2000
	var names []string
	for i := range dirs {
		names = append(names, fmt.Sprintf("d%04d/", i))
	}
	visits := 0
	err := Walk(ctx, []Root{{Path: makeTree(t, names...)}}, Options{Workers: 1}, VisitFunc(func(d *Dir) {
		visits++
		cancel() // noticed soon
		runtime.Gosched()
	}), nil)
	if !errors.Is(err, context.Canceled) || visits > dirs {
		t.Errorf("walk returned %v after %d visits", err, visits)
	}
}

func TestCancelledBeforehand(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var o outcome
	err := Walk(ctx, []Root{{Path: makeTree(t, "a")}}, Options{}, VisitFunc(o.list), o.report)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("walk returned %v", err)
	}
}

func TestErrorOfACallEndsTheWalk(t *testing.T) {
	full := errors.New("disk full")
	calls := 0
	fail := func() error {
		calls++
		return full
	}
	root := makeTree(t, "a", "d/b", "e/c")
	err := Walk(context.Background(), []Root{{Path: root}}, Options{}, VisitFunc(func(d *Dir) { d.Then(0, fail) }), nil)
	if err != full || calls != 1 {
		t.Errorf("walk returned %v after %d calls", err, calls)
	}
	calls = 0
	roots := []Root{{Path: root + "/missing"}, {Path: root + "/gone"}}
	err = Walk(context.Background(), roots, Options{}, VisitFunc(func(*Dir) {}), func(error) error { return fail() })
	if err != full || calls != 1 {
		t.Errorf("walk returned %v after %d reports", err, calls)
	}
}

// While a call blocks, visits go on until the backlog is full, and no further.
func TestBacklogIsBounded(t *testing.T) {
	const dirs, size = 64, backlog / 16
	var names []string
	for i := range dirs {
		names = append(names, fmt.Sprintf("d%02d/", i))
	}
	root := makeTree(t, names...)
	for workers := 1; workers <= 4; workers++ {
		var visited atomic.Int32
		full := make(chan struct{})
		called := 0
		err := Walk(context.Background(), []Root{{Path: root}}, Options{Workers: workers}, VisitFunc(func(d *Dir) {
			d.Then(size, func() error {
				if called++; called == 1 {
					<-full
					runtime.Gosched()
				}
				if ahead := int(visited.Load()) - called; ahead > 16+2*workers {
					return fmt.Errorf("%d visits ahead", ahead)
				}
				return nil
			})
			if visited.Add(1) == 16 {
				close(full)
			}
		}), nil)
		if err != nil || called != dirs+1 {
			t.Errorf("%d workers: %d called, %v", workers, called, err)
		}
	}
}

func TestSwappedDirectoryLeadsNowhere(t *testing.T) {
	outside := makeTree(t, "secret", "sub/secret")
	root := makeTree(t, "d/sub/file", "e/sub/file", "f/g")
	var o outcome
	o.err = Walk(context.Background(), []Root{{Path: root}}, Options{Workers: 1}, VisitFunc(func(d *Dir) {
		o.list(d)
		switch d.Rel { // its subdirectories were read, and are opened after this
		case "":
			must(t, os.Rename(filepath.Join(root, "d"), filepath.Join(root, "was")))
			must(t, os.Symlink(outside, filepath.Join(root, "d")))
		case "e":
			must(t, os.Rename(filepath.Join(root, "e"), filepath.Join(root, "was-e")))
			must(t, os.Symlink(outside, filepath.Join(root, "e")))
		}
	}), o.report)
	o.expect(t, []string{"0:f/g"}, "open "+root+"/d", "open "+root+"/e/sub")
}

func TestDirectoryGoneIsReported(t *testing.T) {
	root := makeTree(t, "d/file", "e/file")
	var o outcome
	o.err = Walk(context.Background(), []Root{{Path: root}}, Options{}, VisitFunc(func(d *Dir) {
		o.list(d)
		if d.Rel == "" {
			must(t, os.RemoveAll(filepath.Join(root, "d")))
		}
	}), o.report)
	o.expect(t, []string{"0:e/file"}, "open "+root+"/d")
}
