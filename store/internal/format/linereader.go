package format

import (
	"bytes"
	"errors"
	"io"
	"unsafe"
)

// LineReader cuts a file into its lines. Its buffer grows with the longest line and
// no further than MaxRecord: a tree of few stamps is read in little memory, and
// a run may meet thousands of them.
type LineReader struct {
	R   io.Reader
	buf []byte
	at  int // what is before it was returned
	err error
}

const firstLines = 16 << 10

// ErrLongLine is a line of more than MaxRecord bytes, which was passed over.
var ErrLongLine = errors.New("line is too long")

// Next returns a line without its line end, good until the next call, and how
// many bytes of the file it took. With io.EOF it returns what follows the last
// line end.
func (l *LineReader) Next() (line []byte, size int64, err error) {
	for searched := 0; ; {
		rest := l.buf[l.at:]
		if i := bytes.IndexByte(rest[searched:], '\n'); i >= 0 {
			line = rest[:searched+i]
			l.at += len(line) + 1
			return line, int64(len(line)) + 1, nil
		}
		if l.err != nil {
			l.at = len(l.buf)
			return rest, int64(len(rest)), l.err
		}
		if searched = len(rest); searched > MaxRecord {
			size, err = l.skip()
			return nil, size, err
		}
		l.fill()
	}
}

// skip passes over the rest of a line.
func (l *LineReader) skip() (size int64, err error) {
	for {
		rest := l.buf[l.at:]
		if i := bytes.IndexByte(rest, '\n'); i >= 0 {
			l.at += i + 1
			return size + int64(i) + 1, ErrLongLine
		}
		size += int64(len(rest))
		l.at = len(l.buf)
		if l.err != nil {
			return size, l.err
		}
		l.fill()
	}
}

// fill reads more, after what is there.
func (l *LineReader) fill() {
	n := copy(l.buf, l.buf[l.at:])
	l.buf, l.at = l.buf[:n], 0
	if n == cap(l.buf) {
		grown := make([]byte, n, max(firstLines, 2*n))
		copy(grown, l.buf)
		l.buf = grown
	}
	for range 100 {
		n, err := l.R.Read(l.buf[len(l.buf):cap(l.buf)])
		l.buf, l.err = l.buf[:len(l.buf)+n], err
		if n > 0 || err != nil {
			return
		}
	}
	l.err = io.ErrNoProgress
}

// StringView returns bytes as a string, without a copy: valid for as long as nothing writes
// to them.
func StringView(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
