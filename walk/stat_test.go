package walk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestStat(t *testing.T) {
	root := makeTree(t, "file", "dir/", "link -> file", "dirlink -> dir", "broken -> nowhere")
	at := func(name string) string { return filepath.Join(root, name) }
	must(t, os.WriteFile(at("file"), []byte("12345"), 0o644))
	mtime := time.Unix(-5, 700)
	must(t, os.Chtimes(at("file"), mtime, mtime))

	file, err := Stat(at("file"))
	must(t, err)
	if !file.Regular || file.IsDir || file.Link || file.Size != 5 || file.Sec != -5 || file.Nsec != 700 {
		t.Errorf("file: %+v", file)
	}
	again, err := Stat(at("file"))
	if must(t, err); again != file {
		t.Errorf("two looks differ: %+v, %+v", file, again)
	}
	link, err := Stat(at("link"))
	if must(t, err); !link.Regular || !link.Link || link.Size != 5 || link.Ino != file.Ino {
		t.Errorf("link: %+v", link)
	}
	for _, name := range []string{"dir", "dirlink"} {
		if info, err := Stat(at(name)); err != nil || !info.IsDir || info.Regular {
			t.Errorf("%s: %+v, %v", name, info, err)
		}
	}
}

func TestStatErrors(t *testing.T) {
	root := makeTree(t, "file", "broken -> nowhere")
	for _, path := range []string{root + "/missing", root + "/broken", root + "/file/x", root + "/f\x00", ""} {
		_, err := Stat(path)
		if pe, ok := errors.AsType[*fs.PathError](err); !ok || pe.Path != path {
			t.Errorf("stat %q: %v", path, err)
		}
	}
}

// Paths longer than the buffer that shorter ones are kept in.
func TestStatLongPath(t *testing.T) {
	dir := strings.Repeat("d", 200) + "/" + strings.Repeat("e", 200) + "/"
	for _, size := range []int{90, 109, 110, 111, 112, 113, 200} {
		name := dir + strings.Repeat("f", size)
		t.Chdir(makeTree(t, name))
		if info, err := Stat(name); err != nil || !info.Regular {
			t.Errorf("%d bytes: %+v, %v", len(name), info, err)
		}
	}
}

// Whatever came before, a stat shows what the path leads to.
func TestStatter(t *testing.T) {
	root := makeTree(t, "d/a", "d/b", "d/c", "d/sub/a", "d/link -> sub", "d/up -> ../e/a", "e/a", "e/b")
	must(t, os.WriteFile(filepath.Join(root, "e/a"), []byte("12345"), 0o644))
	t.Chdir(root)
	var l Statter
	defer l.Close()
	for _, path := range []string{
		"d/a", "d/b", "d/c", "d/missing", "d/up", "d/link", "d/sub", "d/sub/", "d/sub/a", "d/.", "d/..", "d//a", "d/a/x",
		"d/link/a", "d/link/a", "d/link/a", "d/link/a", "e/a", "d/a", "e/a", "e/b", "e/a", "e/a", "d", "none/a", "none/b",
		"none/c", "none/d", "e/a", "", "d", "e", "/", root + "/d/a", "d/a", "d/b", "d/c", "e/a", "e/b", "d/a", "d/b",
	} {
		want, wantErr := Stat(path)
		if got, err := l.Stat(path); got != want || (err == nil) != (wantErr == nil) {
			t.Errorf("%q: %+v, %v, want %+v, %v", path, got, err, want, wantErr)
		} else if err != nil && err.Error() != wantErr.Error() {
			t.Errorf("%q: %v, want %v", path, err, wantErr)
		}
	}
}

func TestStatterBeside(t *testing.T) {
	root := makeTree(t, "d/a", "d/b", "d/c", "d/only-d", "e/a", "only-top")
	t.Chdir(root)
	var l Statter
	for _, path := range []string{
		"d/a", "d/b", "d/c", "e/a", "only-top", "./only-top", "d/a",
		// as Windows spells them
		filepath.FromSlash("d/a"), filepath.FromSlash("e/a"), filepath.FromSlash("./only-top"), filepath.FromSlash("d/b"),
	} {
		if _, err := l.Stat(path); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"only-d", "only-top", "none"} {
			want := name == "only-d" && path[0] == 'd' || name == "only-top" && strings.HasSuffix(path, name)
			if got := l.Beside(name); got != want {
				t.Errorf("%s beside %s: %v", name, path, got)
			}
		}
		if path == "e/a" {
			l.Close()
		}
	}
	l.Close()
}

func BenchmarkStatter(b *testing.B) {
	path := filepath.Join(makeTree(b, "some/directory/file"), "some/directory/file")
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		var l Statter
		defer l.Close()
		for pb.Next() {
			if _, err := l.Stat(path); err != nil {
				b.Error(err)
			}
		}
	})
}

func BenchmarkStat(b *testing.B) {
	path := filepath.Join(makeTree(b, "some/directory/file"), "some/directory/file")
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := Stat(path); err != nil {
				b.Error(err)
			}
		}
	})
}
