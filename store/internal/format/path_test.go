package format_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"treefilter/store/internal/format"
)

func TestCheckPath(t *testing.T) {
	for _, p := range []string{
		"a", "a/b", ".a", "..a", "a..", "...", "a/.../b", "a b", " ", "\n", "-", "~", "\xff", "a\\b", "C:", strings.Repeat("n", format.MaxPath),
	} {
		if err := format.CheckPath(p); err != nil {
			t.Errorf("%.40q: %v", p, err)
		}
	}
	for _, p := range []string{
		"", "/", "/a", "a/", "a//b", ".", "..", "./a", "../a", "a/.", "a/..", "a/./b", "a/../b", "a\x00", "\x00",
		strings.Repeat("n", format.MaxPath+1),
	} {
		if format.CheckPath(p) == nil {
			t.Errorf("%.40q: accepted", p)
		}
	}
}

func TestComparePaths(t *testing.T) {
	for _, c := range [][2]string{
		{"b", "a/a"}, // files before subdirectories
		{"z/z", "z/a/a"},
		{"a/z", "a-b/a"}, // '/' sorts below every other byte in a directory
		{"a/b/z", "a!/a"},
		{"a", "a-b"},
		{"A", "a"},
		{"z", "é"},
		{"é", "\xff"},
		{"a\x01/a", "a!/a"},
	} {
		if format.ComparePaths(c[0], c[1]) != -1 || format.ComparePaths(c[1], c[0]) != 1 || format.ComparePaths(c[0], c[0]) != 0 {
			t.Errorf("%q does not come before %q", c[0], c[1])
		}
	}
}

// ComparePaths sorts as a walk goes that prints a directory's files by name
// and then enters its subdirectories by name.
func TestComparePathsIsWalkOrder(t *testing.T) {
	names := []string{"a", "a-", "a-b", "a.b", "a0", "ab", "A", "b", "é", "~", "!", " ", "\x01", "\x7f"}
	for seed := range uint64(3) {
		rng := rand.New(rand.NewPCG(seed, 0))
		root := t.TempDir()
		growTree(t, rng, root, names, 2)
		walked := walkTree(t, root, "")
		sorted := slices.Clone(walked)
		rng.Shuffle(len(sorted), func(i, j int) { sorted[i], sorted[j] = sorted[j], sorted[i] })
		slices.SortFunc(sorted, format.ComparePaths)
		if !slices.Equal(walked, sorted) {
			t.Fatalf("walked %q\nsorted %q", walked, sorted)
		}
	}
}

func growTree(t *testing.T, rng *rand.Rand, dir string, names []string, depth int) {
	t.Helper()
	for _, name := range names {
		path := filepath.Join(dir, name)
		switch rng.IntN(3) {
		case 0:
			if err := os.WriteFile(path, nil, 0o666); err != nil {
				t.Fatal(err)
			}
		case 1:
			if depth == 0 {
				continue
			}
			if err := os.Mkdir(path, 0o777); err != nil {
				t.Fatal(err)
			}
			growTree(t, rng, path, names, depth-1)
		}
	}
}

func walkTree(t *testing.T, root, dir string) (files []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(root, dir)) // sorted by name
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !e.IsDir() {
			files = append(files, format.JoinPath(dir, e.Name()))
		}
	}
	for _, e := range entries {
		if e.IsDir() {
			files = append(files, walkTree(t, root, format.JoinPath(dir, e.Name()))...)
		}
	}
	return files
}
