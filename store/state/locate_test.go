package state

import (
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
