package format

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Span is a part of a file: bytes from at up to end.
type Span struct{ At, End int64 }

// Section is one of the lists of entries in a snapshot.
type Section struct {
	Kind    string // "timestamps", "digests", "dropped" or "listings"
	Entries int64
	Span
	Hash string // of the config that its stamps were made under, "" where it holds none
}

// The kinds of sections.
const (
	TimesSection    = "timestamps"
	DigestsSection  = "digests"
	DroppedSection  = "dropped"
	ListingsSection = "listings"
)

// MaxSections bounds the table of sections: 499 configs with digests, and two more.
const MaxSections = 1000

// Trailer is what ends a snapshot: the sums of its blocks, where its sections
// lie, and a last line that seals both.
type Trailer struct {
	Sections []Section
	Size     int64 // of the content, which the sums cover
	Sums     []uint32
}

func (t *Trailer) Append(b []byte) []byte {
	start := len(b)
	b = append(b, SumsHead...)
	for i, sum := range t.Sums {
		if i%SumsPerLine == 0 {
			b = append(b, '#')
		}
		b = append(b, ' ')
		b = hex.AppendEncode(b, []byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)})
		if i%SumsPerLine == SumsPerLine-1 || i == len(t.Sums)-1 {
			b = append(b, '\n')
		}
	}
	for _, s := range t.Sections {
		b = fmt.Appendf(b, "# %s %d at %d-%d", s.Kind, s.Entries, s.At, s.End)
		if s.Hash != "" {
			b = append(b, " config "+s.Hash...)
		}
		b = append(b, '\n')
	}
	// The length of the trailer includes this line, which is as long as ever.
	const lastLine = len(EndHead) + len("sections 0000, bytes 00000000000, trailer 000000000 crc32c 00000000\n")
	b = fmt.Appendf(b, EndHead+"sections %04d, bytes %011d, trailer %09d crc32c ", len(t.Sections), t.Size, len(b)-start+lastLine)
	return fmt.Appendf(b, "%08x\n", Crc32Of(b[start:]))
}

// ErrNoTrailer is a snapshot that was written or edited by hand: no trailer
// ends it, or one that was made for another length.
var ErrNoTrailer = errors.New("no trailer")

// ReadTrailer reads the trailer of a file of the given size. intact is false
// where the trailer itself does not bear its own sum: its block sums still
// hold, each for itself.
func ReadTrailer(r io.ReaderAt, size int64) (t *Trailer, intact bool, err error) {
	tail := make([]byte, min(size, maxTail))
	if err := ReadFull(r, tail, size-int64(len(tail))); err != nil {
		return nil, false, err
	}
	i := bytes.LastIndex(tail, []byte("\n"+EndHead))
	if i < 0 || bytes.IndexByte(tail[i+1:len(tail)-1], '\n') >= 0 {
		return nil, false, ErrNoTrailer // or lines were added after it
	}
	t = &Trailer{}
	var sections int
	var length int64
	var sum uint32
	_, err = fmt.Sscanf(string(tail[i+1:]), EndHead+"sections %d, bytes %d, trailer %d crc32c %x\n", &sections, &t.Size, &length, &sum)
	last := int64(len(tail) - i - 1)
	if err != nil || sections < 0 || sections > MaxSections || t.Size < 0 || t.Size > min(size, MaxSnapshot) ||
		size != t.Size+length || length < t.SumsLen()+last || length > t.SumsLen()+last+int64(sections)*maxSectionLine {
		return nil, false, ErrNoTrailer
	}
	table := make([]byte, size-t.Size)
	if err := ReadFull(r, table, t.Size); err != nil {
		return nil, false, err
	}
	t.parseSums(table)
	sealed := t.parseSections(table[t.SumsLen():int64(len(table))-last], sections)
	return t, sealed && bytes.Equal(t.Append(nil), table), nil
}

// maxSectionLine bounds the length of a section's line in the trailer.
const maxSectionLine = 200

// parseSections reads where the sections lie. What is not as it must be makes
// the trailer a damaged one, without sections.
func (t *Trailer) parseSections(lines []byte, n int) bool {
	marks := []int64{0}
	for range n {
		line, rest, found := bytes.Cut(lines, []byte{'\n'})
		var s Section
		_, err := fmt.Sscanf(string(line), "# %s %d at %d-%d", &s.Kind, &s.Entries, &s.At, &s.End)
		if !found || err != nil || s.Entries < 0 {
			t.Sections = nil
			return false
		}
		if _, hash, found := bytes.Cut(line, []byte(" config ")); found {
			s.Hash = string(hash)
		}
		t.Sections = append(t.Sections, s)
		marks = append(marks, s.At, s.End)
		lines = rest
	}
	if marks = append(marks, t.Size); !slices.IsSorted(marks) {
		t.Sections = nil
		return false
	}
	return true
}

// Find returns the section of a kind whose stamps were made under a config,
// nil where there is none.
func (t *Trailer) Find(kind, hash string) *Section {
	i := slices.IndexFunc(t.Sections, func(s Section) bool { return s.Kind == kind && s.Hash == hash })
	if i < 0 {
		return nil
	}
	return &t.Sections[i]
}

func (t *Trailer) Blocks() int64 { return (t.Size + BlockSize - 1) / BlockSize }

// SumsLen is the length of the sums in a trailer, with the line above them.
func (t *Trailer) SumsLen() int64 {
	lines := (t.Blocks() + SumsPerLine - 1) / SumsPerLine
	return int64(len(SumsHead)) + 9*t.Blocks() + 2*lines
}

// parseSums reads the sums from the comment lines between content and sections:
// as many as the content has blocks.
func (t *Trailer) parseSums(table []byte) {
	lines := table[len(SumsHead):]
	t.Sums = make([]uint32, 0, t.Blocks())
	for len(t.Sums) < cap(t.Sums) {
		n := min(SumsPerLine, cap(t.Sums)-len(t.Sums))
		line := lines[1 : 1+9*n]
		for i := range n {
			// A sum that is damaged fits no block.
			sum, _ := ParseHex(line[9*i+1 : 9*i+9])
			t.Sums = append(t.Sums, sum)
		}
		lines = lines[len(line)+2:]
	}
}

// ReadFull reads exactly len(b) bytes at an offset.
func ReadFull(r io.ReaderAt, b []byte, at int64) error {
	n, err := r.ReadAt(b, at)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return err
}
