package state

import (
	"cmp"
	"errors"
	"math/rand/v2"
	"os"
	"testing"
)

// However the directory of a file below a root is spelled, it is the one that a
// stamp of the file is looked for in.
func TestLocateBelowARoot(t *testing.T) {
	top := t.TempDir()
	t.Chdir(top)
	if err := os.MkdirAll("d/s/.hidden", 0o755); err != nil {
		t.Fatal(err)
	}
	for _, root := range []string{"d", "./d", "d/", top + "/d", "."} {
		g, err := Open([]string{root}, Options{Program: "p"})
		if err != nil {
			t.Fatal(err)
		}
		for _, spelled := range []string{
			"", "s/", "s//", "./s/", "/s/", "s/./", "s/.hidden/", "s/.hidden//./", "s/../", "s/../s/", ".//s/",
		} {
			given := root + "/" + spelled
			if root == "." {
				given = "./d/" + spelled
			}
			want, err := RealDir(given)
			if err != nil {
				t.Fatal(err)
			}
			dir, name, err := g.Locate(given + "file")
			if err != nil || dir != want || name != "file" {
				t.Errorf("root %s: %s lies in %s, not in %s (%v)", root, given, dir, want, err)
			}
		}
		if err := g.Close(); err != nil {
			t.Fatal(err)
		}
	}
	// Roots that end in a slash: of Unix, and a drive of Windows.
	for root, want := range map[string]string{"/": "/etc/sub", "C:/": "C:/etc/sub"} {
		g := &Grove{given: map[string]string{root: root}}
		if dir, _, err := g.Locate(root + "etc/sub/x"); dir != want || err != nil {
			t.Errorf("below %s: %s, %v", root, dir, err)
		}
	}
}

// Without a root a directory is what its path leads to, whichever were located before:
// links on the way are followed, and ".." is where they lead.
func TestLocateWithoutRoot(t *testing.T) {
	top := t.TempDir()
	t.Chdir(top)
	for _, dir := range []string{"d/s/t", "e/u/v"} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Symlink("../e/u", "d/link"), os.Symlink("d/s", "top"), os.WriteFile("d/file", nil, 0o644)); err != nil {
		t.Skip(err)
	}
	spelled := []string{
		"", "./", "d/", "d/s/", "d/s/t/", "d//s//t//", "d/./s/", "d/link/", "d/link/v/", "d/link/../", "d/link/../u/v/", "top/",
		"top/t/", "top/../link/v/", "d/s/../link/v/", "../", "/", top + "/d/link/v/", top + "/top/t/", "d/file/", "d/none/", "d/none/s/", "d/../",
	}
	for range 20 {
		g, err := Open(nil, Options{Program: "p"})
		if err != nil {
			t.Fatal(err)
		}
		rand.Shuffle(len(spelled), func(i, j int) { spelled[i], spelled[j] = spelled[j], spelled[i] })
		for _, given := range spelled {
			want, wantErr := RealDir(cmp.Or(given, "."))
			dir, _, err := g.Locate(given + "x")
			if dir != want || (err == nil) != (wantErr == nil) || err != nil && err.Error() != wantErr.Error() {
				t.Errorf("%q lies in %q (%v), not in %q (%v)", given, dir, err, want, wantErr)
			}
		}
		if err := g.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// A link that is pointed elsewhere during a run leads there for what was not located yet.
func TestLocateAfterALinkHasMoved(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := errors.Join(os.MkdirAll("old/a", 0o755), os.MkdirAll("new/b", 0o755), os.MkdirAll("old/b", 0o755)); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("old", "link"); err != nil {
		t.Skip(err)
	}
	g, err := Open(nil, Options{Program: "p"})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if _, _, err := g.Locate("link/a/x"); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Remove("link"), os.Symlink("new", "link")); err != nil {
		t.Fatal(err)
	}
	want, _ := RealDir("new/b")
	if dir, _, err := g.Locate("link/b/x"); dir != want || err != nil {
		t.Errorf("link/b is %s, %v", dir, err)
	}
}
