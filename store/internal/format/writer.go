package format

import (
	"fmt"
	"hash/crc32"
	"io"
	"strconv"
)

// SnapshotWriter writes a snapshot from front to back. Its methods are called
// in the order in which they stand here.
type SnapshotWriter struct {
	w       io.Writer
	Buf     []byte
	written int64  // bytes given to w
	sum     uint32 // of the block that is not full yet
	Trailer
}

// writeChunk is how much is gathered for one write.
const writeChunk = 256 << 10

func NewSnapshotWriter(w io.Writer) *SnapshotWriter {
	return &SnapshotWriter{w: w, Buf: make([]byte, 0, writeChunk+MaxRecord)}
}

func (w *SnapshotWriter) Header(h Header) {
	b := append(w.Buf, SnapshotHead...)
	b = append(b, "version: "...)
	b = strconv.AppendInt(b, FormatVersion, 10)
	b = append(b, "\nprogram: "...)
	b = AppendScalar(b, h.Program)
	if h.Volume != "" {
		b = AppendScalar(append(b, "\nfilesystem: "...), h.Volume)
	}
	if h.Root != "" {
		b = AppendScalar(append(b, "\nroot: "...), h.Root)
	}
	for i, f := range h.Folded {
		if i == 0 {
			b = append(b, "\nfolded:"...)
		}
		b = append(append(append(b, "\n    - {id: \""...), f.ID...), "\", records: "...)
		b = strconv.AppendInt(b, int64(f.Records), 10)
		if f.Under != "" {
			b = append(append(append(b, ", under: \""...), f.Under...), '"')
		}
		b = append(b, '}')
	}
	if h.Boot != "" {
		b = AppendQuoted(append(b, "\nboot: "...), h.Boot)
	}
	w.Buf = append(b, '\n')
	w.config("", h.Terms)
}

// OtherConfigs begins the list of the configs other than the newest.
func (w *SnapshotWriter) OtherConfigs() { w.Buf = append(w.Buf, "other_configs:\n"...) }

// OtherConfig begins the part of one of them.
func (w *SnapshotWriter) OtherConfig(t *Terms) {
	w.Buf = append(w.Buf, "- "...)
	w.config(OtherIndent, t)
}

// OtherIndent stands before the fields of a config other than the newest. The
// entries of its sections are indented like all others, which is deep enough.
const OtherIndent = "  "

func (w *SnapshotWriter) config(indent string, t *Terms) {
	b := append(w.Buf, "config_hash: \""...)
	b = append(b, t.Hash...)
	b = append(b, "\"\n"+indent...)
	w.Buf = appendSection(b, "config", t.Config.Empty())
	w.Buf = AppendBlock(w.Buf, t.Config.Values, len(EntryIndent))
}

func appendSection(b []byte, name string, empty bool) []byte {
	b = append(b, name...)
	if empty {
		return append(b, ": {}\n"...)
	}
	return append(b, ":\n"...)
}

// Begin and end stand around the entries of a section; empty says that there
// will be none.
func (w *SnapshotWriter) Begin(kind, hash, indent string, empty bool) {
	w.Buf = append(w.Buf, indent...)
	w.Buf = appendSection(w.Buf, kind, empty)
	w.Sections = append(w.Sections, Section{Kind: kind, Hash: hash, Span: Span{At: w.offset()}})
}

func (w *SnapshotWriter) End(entries int64) {
	s := &w.Sections[len(w.Sections)-1]
	s.Span.End, s.Entries = w.offset(), entries
}

func (w *SnapshotWriter) offset() int64 { return w.written + int64(len(w.Buf)) }

// Raw writes entries as they stand in another snapshot.
func (w *SnapshotWriter) Raw(lines []byte) error {
	for len(lines) > 0 {
		n := min(len(lines), writeChunk)
		w.Buf = append(w.Buf, lines[:n]...)
		lines = lines[n:]
		if err := w.Spill(); err != nil {
			return err
		}
	}
	return nil
}

// Spill writes out what was gathered once there is enough of it.
func (w *SnapshotWriter) Spill() error {
	if len(w.Buf) < writeChunk {
		return nil
	}
	return w.flush()
}

// flush seals and writes out all that was gathered.
func (w *SnapshotWriter) flush() error {
	for rest, at := w.Buf, w.written; len(rest) > 0; {
		n := min(len(rest), int(BlockSize-at%BlockSize))
		w.sum = crc32.Update(w.sum, Castagnoli, rest[:n])
		rest, at = rest[n:], at+int64(n)
		if at%BlockSize == 0 {
			w.Sums, w.sum = append(w.Sums, w.sum), 0
		}
	}
	n, err := w.w.Write(w.Buf)
	w.written += int64(n)
	w.Buf = w.Buf[:0]
	return err
}

// Finish writes the trailer.
func (w *SnapshotWriter) Finish() error {
	if err := w.flush(); err != nil {
		return err
	}
	if w.written%BlockSize != 0 {
		w.Sums = append(w.Sums, w.sum)
	}
	if w.Size = w.written; w.Size > MaxSnapshot-MaxSnapshot/256 {
		return fmt.Errorf("snapshot of %d bytes", w.Size)
	}
	_, err := w.w.Write(w.Trailer.Append(nil))
	return err
}
