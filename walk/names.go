package walk

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"
)

// SillyRenamed reports whether a name is that of a file which a program removed
// while it was open, on NFS or, as with sshfs, by way of libfuse: the client gives it a
// name of ".nfs" or ".fuse_hidden" and hex digits, and removes it when it is closed. A
// walk passes it over.
func SillyRenamed(name string) bool {
	digits, ok := strings.CutPrefix(name, ".nfs")
	if !ok {
		digits, ok = strings.CutPrefix(name, ".fuse_hidden")
	}
	// Those of an inode, 8 or 16, and 8 of a counter.
	return ok && len(digits) >= 16 && strings.Trim(digits, "0123456789abcdef") == ""
}

// entry is one name of a directory while it is sorted.
type entry struct {
	key  uint64 // the bytes that follow what all names have in common
	name string
	file bool // certainly no directory
}

// sortNames puts entries in byte order of their names. Files of one directory
// tend to be named alike, so comparing starts after their common prefix: eight
// bytes at a time as one number, and mostly no name is looked at.
func sortNames(entries []entry) {
	if len(entries) < 2 {
		return
	}
	prefix := commonPrefix(entries)
	for i := range entries {
		entries[i].key = sortKey(entries[i].name[prefix:])
	}
	slices.SortFunc(entries, func(a, b entry) int {
		if a.key != b.key {
			return cmp.Compare(a.key, b.key)
		}
		return strings.Compare(a.name, b.name)
	})
}

// commonPrefix returns how many bytes all names begin with alike.
func commonPrefix(entries []entry) int {
	first := entries[0].name
	n := len(first)
	for _, e := range entries[1:] {
		n = min(n, len(e.name))
		for i := range n {
			if e.name[i] != first[i] {
				n = i
				break
			}
		}
	}
	return n
}

// sortKey returns the first eight bytes as a number that orders as they do. Zero
// bytes stand for those that a shorter name lacks: no name holds one.
func sortKey(s string) uint64 {
	var b [8]byte
	copy(b[:], s)
	return binary.BigEndian.Uint64(b[:])
}
