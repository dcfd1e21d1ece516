package filter

import (
	"bytes"
	"io"
)

// pathList keeps delimited paths in memory until they are read: some 60 bytes
// each, and no more than that while it grows.
type pathList struct {
	chunks [][]byte
	count  int64
}

// Write takes whole paths, each with a NUL at its end.
func (l *pathList) Write(p []byte) (int, error) {
	l.chunks = append(l.chunks, bytes.Clone(p))
	l.count += int64(bytes.Count(p, []byte{0}))
	return len(p), nil
}

// Read gives up what it returns.
func (l *pathList) Read(p []byte) (int, error) {
	if len(l.chunks) == 0 {
		return 0, io.EOF
	}
	n := copy(p, l.chunks[0])
	if l.chunks[0] = l.chunks[0][n:]; len(l.chunks[0]) == 0 {
		l.chunks[0] = nil
		l.chunks = l.chunks[1:]
	}
	return n, nil
}
