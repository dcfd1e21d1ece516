package walk

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Delimiter is what ends each path of a stream.
type Delimiter int

const (
	Detect  Delimiter = iota // recognise it by the first that comes
	NUL                      // a zero byte
	Newline                  // a line feed
)

// ErrMixedDelimiters is returned for a NUL in input that is, or was taken for,
// lines.
var ErrMixedDelimiters = errors.New("a NUL byte in input read as lines")

// MaxPath bounds the length of one path in a stream, so that input without
// delimiters cannot exhaust the memory.
const MaxPath = 1 << 20

// Batch is the paths that one read completed.
type Batch struct {
	Paths []string

	// Unterminated says that the stream ended in the middle of these, its last
	// path: it may be cut, and so be another file's name.
	Unterminated bool
}

// ErrPathTooLong is returned for input in which no delimiter comes for longer than
// MaxPath.
var ErrPathTooLong = fmt.Errorf("a path of more than %d bytes", MaxPath)

// Reader reads delimited paths from a stream. The paths that one read completes
// are returned before the next read, but for the first lines that Detect meets.
type Reader struct {
	r     io.Reader
	delim Delimiter
	buf   []byte // what was read and not returned
	held  int    // how much of it is lines, if they are lines
	end   error  // what ended the stream
	err   error  // what Next returns from now on
}

// NewReader returns a Reader of paths that each end in d.
//
// Detect takes a NUL before the first newline, or anywhere in the first block
// read, to mean NUL. Otherwise the lines of the block with the first newline are
// held back until a later one has brought another newline, or the stream has
// ended: then they mean Newline. A writer may put "x\n" and "y\0" into a pipe in two
// pieces, and x be no path.
func NewReader(r io.Reader, d Delimiter) *Reader {
	return &Reader{r: r, delim: d, buf: make([]byte, 0, blockSize)}
}

// blockSize is how much is read at least at a time, if there is that much: some 200
// paths. One worker takes what comes of it, so where each path takes long there should
// be enough for many.
const blockSize = 16 << 10

// Next returns the next paths, at least one; empty ones are passed over. At the
// end of the stream the error is io.EOF. After an error it returns that error.
func (r *Reader) Next() (Batch, error) {
	for r.err == nil {
		if r.end != nil {
			return r.last()
		}
		fresh := len(r.buf)
		r.fill()
		if r.delim == Detect {
			if r.detect(fresh); r.delim == Detect {
				continue
			}
			fresh = 0
		}
		r.refuseNUL(fresh)
		if paths := r.cut(fresh); len(paths) > 0 {
			return Batch{Paths: paths}, nil
		}
	}
	return Batch{}, r.err
}

// last returns what the end of the stream left without a delimiter. After a
// failed read more was to come, so nothing is made of it.
func (r *Reader) last() (Batch, error) {
	r.err = r.end
	if r.err != io.EOF || len(r.buf) == 0 {
		return Batch{}, r.err
	}
	return Batch{Paths: []string{string(r.buf)}, Unterminated: true}, nil
}

// fill reads one block, after what is there.
func (r *Reader) fill() {
	r.buf = slices.Grow(r.buf, blockSize)
	for range 100 {
		n, err := r.r.Read(r.buf[len(r.buf):cap(r.buf)])
		r.buf = r.buf[:len(r.buf)+n]
		r.end = err
		if n > 0 || err != nil {
			return
		}
	}
	r.end = io.ErrNoProgress
}

// detect recognises the delimiter by what was just read. Nothing was returned yet.
func (r *Reader) detect(fresh int) {
	block := r.buf[fresh:]
	nul, newline := bytes.IndexByte(block, 0), bytes.IndexByte(block, '\n')
	switch {
	case nul >= 0 && (fresh == 0 || r.held == 0 && (newline < 0 || nul < newline)):
		r.delim = NUL
	case nul >= 0:
		r.err = ErrMixedDelimiters
	case newline >= 0 && r.held > 0, r.end == io.EOF && (newline >= 0 || r.held > 0):
		r.delim = Newline
	case newline >= 0:
		r.held = fresh + bytes.LastIndexByte(block, '\n') + 1
	}
	if len(r.buf)-r.held > MaxPath && r.err == nil && r.delim == Detect {
		r.err = ErrPathTooLong
	}
}

// refuseNUL ends lines at a NUL: what is complete before it counts, what is
// after it would be a guess.
func (r *Reader) refuseNUL(fresh int) {
	if r.delim != Newline {
		return
	}
	if i := bytes.IndexByte(r.buf[fresh:], 0); i >= 0 {
		r.buf = r.buf[:fresh+i]
		r.err = ErrMixedDelimiters
	}
}

// cut takes the complete paths out of the buffer. All are slices of one string.
// What was there before has no delimiter, and is not searched again: a long path
// that comes in small pieces would cost the square of its length.
func (r *Reader) cut(fresh int) []string {
	delim := byte(0)
	if r.delim == Newline {
		delim = '\n'
	}
	end := fresh + bytes.LastIndexByte(r.buf[fresh:], delim) + 1
	var paths []string
	if end > fresh {
		paths = r.split(string(r.buf[:end]), delim)
		r.buf = r.buf[:copy(r.buf, r.buf[end:])]
	}
	if len(r.buf) > MaxPath && r.err == nil {
		r.err = ErrPathTooLong
	}
	return paths
}

// split cuts a text that ends in a delimiter.
func (r *Reader) split(text string, delim byte) []string {
	paths := make([]string, 0, strings.Count(text, string(delim)))
	for len(text) > 0 {
		i := strings.IndexByte(text, delim)
		if i > MaxPath {
			r.err = ErrPathTooLong
			return paths
		}
		if i > 0 {
			paths = append(paths, text[:i])
		}
		text = text[i+1:]
	}
	return paths
}
