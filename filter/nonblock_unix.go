//go:build unix

package filter

import (
	"io/fs"
	"syscall"

	"treefilter/walk"
)

// nonblock keeps the opening of what has become a FIFO from waiting for its
// writer. Reading a regular file it changes nothing.
const nonblock = syscall.O_NONBLOCK

// fileID identifies an open file; zero where the system does not say.
func fileID(info fs.FileInfo) walk.FileID {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return walk.FileID{}
	}
	return walk.FileID{Dev: uint64(st.Dev), Ino: st.Ino}
}
