package store

import (
	"bytes"
	"errors"
	"io"
	"strings"
)

// errForeign marks a state file that is not ours to judge or to replace: not a
// regular file, another program's, of another version or shape.
var errForeign = errors.New("not a treefilter state file")

// ErrTreestamps is a state file in the form of the Python package treestamps.
var ErrTreestamps error = treestampsError{}

type treestampsError struct{}

func (treestampsError) Error() string {
	return "written by the Python package treestamps, not by treefilter"
}

// Is makes it a file that no writer of ours replaces.
func (treestampsError) Is(target error) bool { return target == errForeign }

// isTreestamps knows the form by its beginning: by what says so, or by the
// first path with a time, where ours has its version.
func isTreestamps(r io.ReaderAt, size int64) bool {
	const enough = 64 << 10
	head := make([]byte, min(size, enough))
	if readFull(r, head, 0) != nil {
		return false
	}
	if bytes.HasPrefix(head, []byte(treestampsHead)) {
		return true
	}
	for line := range bytes.Lines(head) {
		line = bytes.TrimRight(line, "\r\n")
		key, value, _ := strings.Cut(string(line), ":")
		switch {
		case key == treestampsConfigKey, string(line) == treestampsWALKey:
			return true
		case key == "version" && !strings.Contains(value, "."), strings.HasPrefix(key, "- "):
			return false
		}
		if _, ok := cutTreestamp(line); ok && bytes.IndexByte(line, '.') >= 0 {
			return true
		}
	}
	return false
}
