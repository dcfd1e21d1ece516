package snapshot

import (
	"fmt"
	"io"
	"slices"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
)

// Scratch is lines that are too many to be kept in memory. They are written once, to a
// temporary file, and read through cursors, which check each block against its sum.
// Where there is no room for such a file, they stay in memory all the same.
type Scratch struct {
	// Buf is what was gathered last. Callers append whole lines to it, and call Spill.
	Buf []byte

	fsys disk.FS
	file disk.TempFile // nil while there is little
	size int64         // of what lies there, in whole blocks
	sums []uint32      // of these
	full bool          // nothing more can be written to the file
}

// NewScratch returns an empty one.
func NewScratch(fsys disk.FS) *Scratch { return &Scratch{fsys: fsys} }

// Offset is where the next line begins.
func (s *Scratch) Offset() int64 { return s.size + int64(len(s.Buf)) }

// Spill writes out what was gathered once there is enough of it.
func (s *Scratch) Spill() {
	if len(s.Buf) >= 4*ChunkSize {
		s.flush()
	}
}

// flush writes all whole blocks to the file. What could not be written is read from
// memory, so it costs nothing but that.
func (s *Scratch) flush() {
	if s.full {
		return
	}
	var err error
	if s.file == nil {
		s.file, err = s.fsys.Temp()
	}
	whole := s.Buf[:len(s.Buf)-len(s.Buf)%format.BlockSize]
	if err == nil {
		_, err = s.file.Write(whole)
	}
	if err != nil {
		s.full = true
		return
	}
	s.sums = appendSums(s.sums, whole)
	s.size += int64(len(whole))
	s.Buf = append(s.Buf[:0], s.Buf[len(whole):]...)
}

func appendSums(sums []uint32, b []byte) []uint32 {
	for ; len(b) > 0; b = b[min(format.BlockSize, len(b)):] {
		sums = append(sums, format.Crc32Of(b[:min(format.BlockSize, len(b))]))
	}
	return sums
}

// End ends a part of the lines, which can then be read, and returns its end.
func (s *Scratch) End() (end int64) {
	end = s.Offset()
	for s.Offset()%format.BlockSize != 0 {
		s.Buf = append(s.Buf, '\n')
	}
	return end
}

// Cursors returns how to open parts that have ended. More parts may be written
// meanwhile.
func (s *Scratch) Cursors() func(format.Span) *Cursor {
	if s.file != nil {
		s.flush()
	}
	src := &source{r: &written{s.file, s.size, s.Buf}, size: s.Offset()}
	src.sums = appendSums(slices.Clip(s.sums), s.Buf)
	if !s.full {
		s.Buf = slices.Clone(s.Buf) // flush uses it again
	}
	return func(sp format.Span) *Cursor { return NewCursor(src, sp) }
}

// Failed words an error of a cursor: no snapshot is damaged.
func (s *Scratch) Failed(err error) error { return fmt.Errorf("temporary file: %v", err) }

// Close gives the file up.
func (s *Scratch) Close() error {
	if s.file == nil {
		return nil
	}
	f := s.file
	s.file = nil
	return f.Close()
}

// written is what a Scratch held at one moment.
type written struct {
	file io.ReaderAt
	size int64
	rest []byte
}

// ReadAt implements io.ReaderAt.
func (w *written) ReadAt(p []byte, at int64) (n int, err error) {
	if at < w.size {
		if n, err = w.file.ReadAt(p[:min(int64(len(p)), w.size-at)], at); err != nil {
			return n, err
		}
	}
	if n += copy(p[n:], w.rest[max(0, at-w.size):]); n < len(p) {
		err = io.EOF
	}
	return n, err
}
