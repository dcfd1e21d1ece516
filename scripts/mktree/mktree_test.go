package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// listing makes a tree and returns path -> mtime of its files.
func listing(t *testing.T, c cli) map[string]time.Time {
	t.Helper()
	c.Dir = filepath.Join(t.TempDir(), "tree")
	if err := run(c); err != nil {
		t.Fatal(err)
	}
	files := map[string]time.Time{}
	err := filepath.WalkDir(c.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		files[strings.TrimPrefix(path, c.Dir)] = info.ModTime()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestSameSeedSameTree(t *testing.T) {
	for _, shape := range []string{"flat", "deep", "single"} {
		t.Run(shape, func(t *testing.T) {
			one := listing(t, cli{Shape: shape, N: 1234, Seed: 7})
			two := listing(t, cli{Shape: shape, N: 1234, Seed: 7})
			other := listing(t, cli{Shape: shape, N: 1234, Seed: 8})
			if len(one) != 1234 || len(two) != 1234 || len(other) != 1234 {
				t.Fatalf("made %d, %d and %d files, want 1234 each", len(one), len(two), len(other))
			}
			same := 0
			for path, mtime := range one {
				if !two[path].Equal(mtime) {
					t.Errorf("%s: %v, then %v", path, mtime, two[path])
				}
				if other[path].Equal(mtime) {
					same++
				}
				if mtime.After(time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)) {
					t.Errorf("%s: mtime %v is too late", path, mtime)
				}
			}
			if same > 0 {
				t.Errorf("another seed gave %d times the same", same)
			}
		})
	}
}

func TestWeirdNamesAreDistinct(t *testing.T) {
	seen := map[string]bool{}
	for i := range 10 * len(weird) {
		name := weirdName(i)
		if seen[name] || len(name) > nameMax || strings.ContainsAny(name, "/\x00") {
			t.Fatalf("bad name %q", name)
		}
		seen[name] = true
	}
}

func TestNothingIsOverwritten(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "mine"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := run(cli{Shape: "single", N: 1, Dir: dir}); err == nil {
		t.Fatal("no error for a directory that is not empty")
	}
}
