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

// section is one of the lists of entries in a snapshot.
type section struct {
	kind    string // "timestamps", "digests" or "dropped"
	entries int64
	span
	hash string // of the config that its stamps were made under, "" for "dropped"
}

// The kinds of sections.
const (
	timesSection   = "timestamps"
	digestsSection = "digests"
	droppedSection = "dropped"
)

// maxSections bounds the table of sections: 500 configs with digests.
const maxSections = 1000

// trailer is what ends a snapshot: the sums of its blocks, where its sections
// lie, and a last line that seals both.
type trailer struct {
	sections []section
	size     int64 // of the content, which the sums cover
	sums     []uint32
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
	for _, s := range t.sections {
		b = fmt.Appendf(b, "# %s %d at %d-%d", s.kind, s.entries, s.at, s.end)
		if s.hash != "" {
			b = append(b, " config "+s.hash...)
		}
		b = append(b, '\n')
	}
	// The length of the trailer includes this line, which is as long as ever.
	const lastLine = len(endHead) + len("sections 0000, bytes 00000000000, trailer 000000000 crc32c 00000000\n")
	b = fmt.Appendf(b, endHead+"sections %04d, bytes %011d, trailer %09d crc32c ", len(t.sections), t.size, len(b)-start+lastLine)
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
		return nil, false, errNoTrailer // or lines were added after it
	}
	t = &trailer{}
	var sections int
	var length int64
	var sum uint32
	_, err = fmt.Sscanf(string(tail[i+1:]), endHead+"sections %d, bytes %d, trailer %d crc32c %x\n", &sections, &t.size, &length, &sum)
	last := int64(len(tail) - i - 1)
	if err != nil || sections < 0 || sections > maxSections || t.size < 0 || t.size > min(size, maxSnapshot) ||
		size != t.size+length || length < t.sumsLen()+last || length > t.sumsLen()+last+int64(sections)*maxSectionLine {
		return nil, false, errNoTrailer
	}
	table := make([]byte, size-t.size)
	if err := readFull(r, table, t.size); err != nil {
		return nil, false, err
	}
	t.parseSums(table)
	sealed := t.parseSections(table[t.sumsLen():int64(len(table))-last], sections)
	return t, sealed && bytes.Equal(t.append(nil), table), nil
}

// maxSectionLine bounds the length of a section's line in the trailer.
const maxSectionLine = 200

// parseSections reads where the sections lie. What is not as it must be makes
// the trailer a damaged one, without sections.
func (t *trailer) parseSections(lines []byte, n int) bool {
	marks := []int64{0}
	for range n {
		line, rest, found := bytes.Cut(lines, []byte{'\n'})
		var s section
		_, err := fmt.Sscanf(string(line), "# %s %d at %d-%d", &s.kind, &s.entries, &s.at, &s.end)
		if !found || err != nil || s.entries < 0 {
			t.sections = nil
			return false
		}
		if _, hash, found := bytes.Cut(line, []byte(" config ")); found {
			s.hash = string(hash)
		}
		t.sections = append(t.sections, s)
		marks = append(marks, s.at, s.end)
		lines = rest
	}
	if marks = append(marks, t.size); !slices.IsSorted(marks) {
		t.sections = nil
		return false
	}
	return true
}

// find returns the section of a kind whose stamps were made under a config,
// nil where there is none.
func (t *trailer) find(kind, hash string) *section {
	i := slices.IndexFunc(t.sections, func(s section) bool { return s.kind == kind && s.hash == hash })
	if i < 0 {
		return nil
	}
	return &t.sections[i]
}

func (t *trailer) blocks() int64 { return (t.size + blockSize - 1) / blockSize }

// sumsLen is the length of the sums in a trailer, with the line above them.
func (t *trailer) sumsLen() int64 {
	lines := (t.blocks() + sumsPerLine - 1) / sumsPerLine
	return int64(len(sumsHead)) + 9*t.blocks() + 2*lines
}

// parseSums reads the sums from the comment lines between content and sections:
// as many as the content has blocks.
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
