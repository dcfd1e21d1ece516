package format

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
)

// MaxPath bounds a stored path. Linux opens at most 4,096 bytes at a time, but
// a walk that goes down by descriptors meets longer ones.
const MaxPath = 16 << 10

// CheckPath refuses what is not the path of a file below its tree: a stored
// path must never lead outside, and one file must have one spelling.
func CheckPath(p string) error {
	switch {
	case p == "":
		return errors.New("empty path")
	case len(p) > MaxPath:
		return fmt.Errorf("path of %d bytes", len(p))
	case strings.IndexByte(p, 0) >= 0:
		return errors.New("path with a NUL")
	}
	if IsClean(p) {
		return nil
	}
	for part, rest, more := "", p, true; more; {
		part, rest, more = strings.Cut(rest, "/")
		if part == "" || part == "." || part == ".." {
			return errors.New("path is absolute or not clean")
		}
	}
	return nil
}

// IsClean reports of most relative paths that path.Clean would change nothing: that
// no element is empty, "." or "..".
func IsClean(rel string) bool {
	return !strings.HasPrefix(rel, "/") && !strings.HasPrefix(rel, ".") && !strings.HasSuffix(rel, "/") &&
		!strings.Contains(rel, "//") && !strings.Contains(rel, "/.")
}

// SplitPath cuts a path into its directory ("" for the tree's own) and name.
func SplitPath(p string) (dir, name string) {
	i := strings.LastIndexByte(p, '/')
	if i < 0 {
		return "", p
	}
	return p[:i], p[i+1:]
}

func JoinPath(dir, name string) string {
	if dir == "" {
		return name
	}
	return dir + "/" + name
}

// Below returns the path of an absolute path relative to a directory, "" for
// the directory's own, and whether it lies there at all.
func Below(path, dir string) (rel string, ok bool) {
	rest, ok := strings.CutPrefix(path, strings.TrimSuffix(dir, "/"))
	if !ok || rest != "" && rest[0] != '/' {
		return "", false
	}
	return strings.TrimPrefix(rest, "/"), true
}

// CompareDirs orders directories as a walk enters them: a directory before
// what is below it, siblings by name. That is byte order with '/' below every
// other byte, so that "a/b" comes before "a-b".
func CompareDirs(a, b string) int {
	n := min(len(a), len(b))
	i := 0
	for i+8 <= n && eightBytes(a[i:]) == eightBytes(b[i:]) {
		i += 8
	}
	for i < n && a[i] == b[i] {
		i++
	}
	switch {
	case i == n:
		return cmp.Compare(len(a), len(b))
	case a[i] == '/':
		return -1
	case b[i] == '/':
		return 1
	}
	return cmp.Compare(a[i], b[i])
}

// eightBytes returns the first bytes of s; the compiler makes one load of it.
func eightBytes(s string) uint64 {
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// ComparePaths orders paths as a walk meets them: by directory, a directory's
// own files before those of its subdirectories, then by name, as bytes. It is
// the order of the snapshot.
func ComparePaths(a, b string) int {
	adir, aname := SplitPath(a)
	bdir, bname := SplitPath(b)
	if c := CompareDirs(adir, bdir); c != 0 {
		return c
	}
	return strings.Compare(aname, bname)
}

func HasParent(path string) bool {
	return path == ".." || strings.HasPrefix(path, "../") || strings.HasSuffix(path, "/..") || strings.Contains(path, "/../")
}
