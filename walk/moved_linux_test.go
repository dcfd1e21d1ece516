package walk

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// exchange puts each of two directories in the other's place, in one step.
func exchange(t testing.TB, a, b string) {
	t.Helper()
	must(t, unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE))
}

// At no time there is a directory without work; so the walk must find some.
func TestExchangedDirectoryIsReadAgain(t *testing.T) {
	for _, c := range []struct{ before, after string }{
		{"a b", "c d"},
		{"a", "a b"},
		{"a b", "a"},
		{"", "a"},
		{"a x.d/f", "y.d/f z/f"},
	} {
		for _, when := range []string{"before it is read", "while it is read", "and emptied", "before it is read, and back"} {
			root := makeTree(t, "d/", "other/")
			for dir, names := range map[string]string{"d": c.before, "other": c.after} {
				for name := range strings.FieldsSeq("marked " + names) {
					must(t, os.MkdirAll(filepath.Dir(filepath.Join(root, dir, name)), 0o755))
					must(t, os.WriteFile(filepath.Join(root, dir, name), nil, 0o644))
				}
			}
			d, other := filepath.Join(root, "d"), filepath.Join(root, "other")
			read := sync.OnceFunc(func() {
				if when != "before it is read" {
					exchange(t, d, other)
				}
				if when == "and emptied" {
					must(t, os.RemoveAll(other))
				}
			})
			var got []string
			w, dir, f := openedDir(t, root, func(d *Dir) {
				for _, f := range d.Files {
					got = append(got, f.Name)
				}
			})
			w.opt.Mark = func(string) bool {
				read()
				return false
			}
			if strings.HasPrefix(when, "before") {
				exchange(t, d, other)
			}
			r := w.firstPart(dir, f)
			if r.out.errs != nil {
				t.Errorf("%v", r.out.errs)
			}
			for _, sub := range r.subs {
				got = append(got, sub+"/f")
			}
			slices.Sort(got)
			want := strings.Fields("marked " + c.after)
			if strings.HasSuffix(when, "back") {
				want = strings.Fields("marked " + c.before)
			}
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("%q exchanged for %q %s: %q, want %q", c.before, c.after, when, got, want)
			}
		}
	}
}

func TestDirectoryExchangedAgainAndAgain(t *testing.T) {
	root := makeTree(t, "d/f", "other/f", "z")
	reads, asked := 0, false
	o := walkTree(root, Options{Workers: 1, Mark: func(name string) bool {
		if name != "f" {
			return false
		}
		if asked = !asked; asked { // by the reading; the look asks again
			reads++
			exchange(t, root+"/d", root+"/other")
		}
		return false
	}})
	o.expect(t, []string{"z", "d/f", "other/f"}, "read ROOT/d", "read ROOT/other")
	if reads != 2*maxTries {
		t.Errorf("read %d times", reads)
	}
}

func TestExchangedRootIsReadAgain(t *testing.T) {
	root := makeTree(t, "root/a", "root/b/c", "other/d", "other/e/f")
	once := sync.OnceFunc(func() { exchange(t, root+"/root", root+"/other") })
	walkTree(root+"/root", Options{Mark: func(string) bool {
		once()
		return false
	}}).expect(t, []string{"d", "e/f"})
}

// What was visited before cannot be taken back.
func TestLargeDirectoryExchangedBetweenItsParts(t *testing.T) {
	names := []string{"other/new"}
	for i := range 3 * partSize {
		names = append(names, fmt.Sprintf("root/d/f%06d", i))
	}
	for _, workers := range []int{1, 4} {
		base := makeTree(t, names...)
		root := base + "/root"
		once := sync.OnceFunc(func() {
			exchange(t, root+"/d", base+"/other")
			must(t, os.RemoveAll(base+"/other"))
		})
		var o outcome
		o.err = Walk(context.Background(), []Root{{Path: root}}, Options{Workers: workers}, VisitFunc(func(d *Dir) {
			if d.Rel == "d" {
				once()
			}
		}), o.report)
		if o.err != nil || !slices.Equal(o.errs, []string{"read " + root + "/d"}) {
			t.Errorf("%d workers: %q, %v", workers, o.errs, o.err)
		}
	}
}

// However the exchanges fall, each walk finds the files of one directory, or says
// that it could not.
func TestExchangesAllTheTime(t *testing.T) {
	const walks, files = 2000, 20
	var names []string
	for i := range files {
		names = append(names, fmt.Sprintf("root/d/a%02d", i), fmt.Sprintf("other/b%02d", i))
	}
	base := makeTree(t, names...)
	ctx, cancel := context.WithCancel(t.Context())
	var exchanger sync.WaitGroup
	exchanger.Go(func() {
		for ctx.Err() == nil {
			_ = unix.Renameat2(unix.AT_FDCWD, base+"/root/d", unix.AT_FDCWD, base+"/other", unix.RENAME_EXCHANGE)
		}
	})
	defer exchanger.Wait()
	defer cancel()
	failed := 0
	for range walks {
		o := walkTree(base+"/root", Options{Workers: 1})
		if len(o.errs) > 0 {
			failed++
			continue
		}
		first := slices.IndexFunc(o.paths, func(path string) bool { return path[2] != o.paths[0][2] })
		if len(o.paths) != files || first >= 0 {
			t.Fatalf("%q", o.paths)
		}
	}
	t.Logf("%d of %d walks failed", failed, walks)
}
