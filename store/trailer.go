package store

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
)

// span is a part of a file: bytes from at up to end.
type span struct{ at, end int64 }

// trailer is the last line of a snapshot, and the sums above it.
type trailer struct {
	stamps  int64
	digests int64
	times   span   // the entries of timestamps
	digest  span   // the entries of digests
	size    int64  // of the content, which the sums cover
	hash    string // of the config
	sums    []uint32
}

func (t *trailer) append(b []byte) []byte {
	start := len(b)
	b = append(b, sumsHead...)
	for i, sum := range t.sums {
		if i%sumsPerLine == 0 {
			b = append(b, '#')
		}
		b = append(b, ' ')
		b = hex.AppendEncode(b, []byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)})
		if i%sumsPerLine == sumsPerLine-1 || i == len(t.sums)-1 {
			b = append(b, '\n')
		}
	}
	b = fmt.Appendf(b, endHead+"stamps %d at %d-%d, digests %d at %d-%d, bytes %d, config %s crc32c ",
		t.stamps, t.times.at, t.times.end, t.digests, t.digest.at, t.digest.end, t.size, t.hash)
	return fmt.Appendf(b, "%08x\n", crc32Of(b[start:]))
}

// errNoTrailer is a snapshot that was written or edited by hand: no trailer
// ends it, or one that was made for another length.
var errNoTrailer = errors.New("no trailer")

// readTrailer reads the trailer of a file of the given size. intact is false
// where the trailer itself does not bear its own sum: its block sums still
// hold, each for itself.
func readTrailer(r io.ReaderAt, size int64) (t *trailer, intact bool, err error) {
	tail := make([]byte, min(size, maxTail))
	if err := readFull(r, tail, size-int64(len(tail))); err != nil {
		return nil, false, err
	}
	i := bytes.LastIndex(tail, []byte("\n"+endHead))
	if i < 0 || bytes.IndexByte(tail[i+1:len(tail)-1], '\n') >= 0 {
		return nil, false, errNoTrailer // or lines were added behind it
	}
	t = &trailer{}
	var sum uint32
	_, err = fmt.Sscanf(string(tail[i+1:]), endHead+"stamps %d at %d-%d, digests %d at %d-%d, bytes %d, config %64s crc32c %x\n",
		&t.stamps, &t.times.at, &t.times.end, &t.digests, &t.digest.at, &t.digest.end, &t.size, &t.hash, &sum)
	if err != nil || !t.plausible(size, len(tail)-i-1) {
		return nil, false, errNoTrailer
	}
	table := make([]byte, size-t.size)
	if err := readFull(r, table, t.size); err != nil {
		return nil, false, err
	}
	t.parseSums(table)
	return t, bytes.Equal(t.append(nil), table), nil
}

// plausible tells whether the numbers of a trailer, whose last line has that
// length, can belong to a file of that size.
func (t *trailer) plausible(size int64, last int) bool {
	marks := []int64{0, t.times.at, t.times.end, t.digest.at, t.digest.end, t.size, min(size, maxSnapshot)}
	if t.stamps < 0 || t.digests < 0 || !slices.IsSorted(marks) {
		return false
	}
	return size-t.size == t.sumsLen()+int64(last)
}

func (t *trailer) blocks() int64 { return (t.size + blockSize - 1) / blockSize }

// sumsLen is the length of a trailer without its last line.
func (t *trailer) sumsLen() int64 {
	lines := (t.blocks() + sumsPerLine - 1) / sumsPerLine
	return int64(len(sumsHead)) + 9*t.blocks() + 2*lines
}

// parseSums reads the sums from the comment lines between content and last
// line: as many as the content has blocks.
func (t *trailer) parseSums(table []byte) {
	lines := table[len(sumsHead):]
	t.sums = make([]uint32, 0, t.blocks())
	for len(t.sums) < cap(t.sums) {
		n := min(sumsPerLine, cap(t.sums)-len(t.sums))
		line := lines[1 : 1+9*n]
		for i := range n {
			// A sum that is damaged fits no block.
			sum, _ := parseHex(line[9*i+1 : 9*i+9])
			t.sums = append(t.sums, sum)
		}
		lines = lines[len(line)+2:]
	}
}

// readFull reads exactly len(b) bytes at an offset.
func readFull(r io.ReaderAt, b []byte, at int64) error {
	n, err := r.ReadAt(b, at)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return err
}
