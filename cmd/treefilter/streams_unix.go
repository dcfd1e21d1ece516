//go:build unix

package main

import (
	"os"

	"golang.org/x/sys/unix"

	"treefilter/walk"
)

// identify returns the identity of an open file, as package walk finds it.
func identify(f *os.File) walk.FileID {
	var st unix.Stat_t
	if unix.Fstat(int(f.Fd()), &st) != nil {
		return walk.FileID{}
	}
	return walk.FileID{Dev: uint64(st.Dev), Ino: uint64(st.Ino)}
}

// endOfInput is what ends the input on a terminal.
const endOfInput = "Ctrl-D"

// isStandIn reports whether a standard stream is the /dev/null that Go's runtime
// opens, before anything else, in place of one that is not open. It keeps the
// number from another file, such as a state file, but swallows what is written.
//
// It is open for reading and writing, which that of a shell's redirection is not,
// and has its file description to itself, which that of a daemon has not: it is
// one for all three. Python's DEVNULL for one stream alone and Node's "ignore"
// look the same.
func isStandIn(f *os.File) bool {
	if flags, err := unix.FcntlInt(f.Fd(), unix.F_GETFL, 0); err != nil || flags&unix.O_ACCMODE != unix.O_RDWR {
		return false
	}
	if !isNull(f) {
		return false
	}
	for _, other := range []*os.File{os.Stdin, os.Stdout, os.Stderr} {
		if other.Fd() != f.Fd() && isShared(int(f.Fd()), int(other.Fd())) {
			return false
		}
	}
	return true
}

// isNull reports whether a file is /dev/null, whichever one: a container may have
// its own.
func isNull(f *os.File) bool {
	var is, null unix.Stat_t
	return unix.Fstat(int(f.Fd()), &is) == nil && unix.Stat(os.DevNull, &null) == nil &&
		is.Mode&unix.S_IFMT == unix.S_IFCHR && is.Rdev == null.Rdev
}

// isShared reports whether two descriptors, the first of /dev/null, are of one file
// description: then they share its flags. O_APPEND means nothing to /dev/null.
func isShared(null, other int) bool {
	before, err := unix.FcntlInt(uintptr(null), unix.F_GETFL, 0)
	if err != nil {
		return false
	}
	seen, err := unix.FcntlInt(uintptr(other), unix.F_GETFL, 0)
	if err != nil {
		return false
	}
	if _, err := unix.FcntlInt(uintptr(null), unix.F_SETFL, before^unix.O_APPEND); err != nil {
		return false
	}
	defer unix.FcntlInt(uintptr(null), unix.F_SETFL, before)
	after, err := unix.FcntlInt(uintptr(other), unix.F_GETFL, 0)
	return err == nil && after != seen
}
