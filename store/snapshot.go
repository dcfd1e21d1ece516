package store

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strconv"
)

// The form of the snapshot (FORMAT.md, "Snapshot"): a header, sections of
// entries, each in walk order, and a trailer of comments. The trailer seals the
// content in blocks, so that a lookup checks the few blocks that it reads and
// damage costs the stamps it hit, not the file.

// blockSize is what one CRC of the trailer covers. A disk tears and loses
// sectors of 512 bytes or 4 KiB, so a larger block would give up more stamps
// than were hit; a smaller one would make the trailer longer (9 bytes a block).
const blockSize = 4096

const (
	snapshotHead = "# Written by treefilter. Safe to delete: every file is then processed again.\n"
	sumsHead     = "# crc32c of each 4096 bytes above:\n"
	endHead      = "# end: "
	sumsPerLine  = 8
	entryIndent  = "    "
)

// Bounds on what a snapshot may make us read and hold.
const (
	maxSnapshot = 16 << 30 // bytes; its trailer then takes 50 MiB in memory
	maxTail     = 512      // bytes of the last line
	// maxHandSnapshot bounds what goes to yaml.v3, which holds some 340 bytes
	// for every stamp it reads.
	maxHandSnapshot = 64 << 20
	// maxHandItems bounds how many nodes that may become: in flow style two
	// bytes make one, of some 200.
	maxHandItems = 3 << 20
	// maxImplicitKey is how long a key may be before the colon in YAML.
	maxImplicitKey = 1024
)

// appendEntry writes one stamp of the section timestamps.
func appendEntry(b []byte, path string, s Stamp) []byte {
	b = appendKey(b, path)
	if !s.Exact && s.Target == (Time{}) {
		b = s.Time.append(b)
		return append(b, '\n')
	}
	b = s.Time.append(append(b, richHead...))
	b = s.appendRest(b)
	return append(b, "}\n"...)
}

// richHead begins the value of a stamp that has more than a time.
const richHead = "{time: "

// parseStampValue reads what appendEntry writes after the key.
func parseStampValue(value []byte) (s Stamp, ok bool) {
	if s.Time, ok = parseTime(value); ok {
		return s, true
	}
	value, open := bytes.CutPrefix(value, []byte(richHead))
	value, closed := bytes.CutSuffix(value, []byte{'}'})
	if !open || !closed {
		return Stamp{}, false
	}
	s, rest, ok := cutStamp(value)
	if !ok || len(rest) > 0 {
		return Stamp{}, false
	}
	return s, true
}

// appendDropped writes one entry of the section dropped.
func appendDropped(b []byte, path string) []byte {
	b = appendKey(b, path)
	return append(b, "null\n"...)
}

// appendDigest writes one entry of the section digests.
func appendDigest(b []byte, path string, d *Digest) []byte {
	b = appendKey(b, path)
	b = append(b, '{')
	b = d.appendFields(b)
	return append(b, "}\n"...)
}

// appendKey makes a long key an explicit one, on a line of its own: readers of
// YAML look no further than 1,024 characters for the colon of another.
func appendKey(b []byte, path string) []byte {
	b = append(b, entryIndent...)
	start := len(b)
	b = appendScalar(b, path)
	if len(b)-start <= maxImplicitKey {
		return append(b, ": "...)
	}
	key := bytes.Clone(b[start:])
	b = append(b[:start], "? "...)
	b = append(b, key...)
	return append(b, "\n"+entryIndent+": "...)
}

// errEntry is what no writer of ours wrote.
var errEntry = errors.New("not an entry")

// errMore asks for more bytes than the entry's beginning.
var errMore = errors.New("entry goes on")

// cutEntry reads one entry, as appendKey and its callers write it, from the
// front of b: its path, its value and the length of the whole.
func cutEntry(b []byte) (path, value []byte, n int, err error) {
	line, after, found := bytes.Cut(b, []byte{'\n'})
	if !found {
		return nil, nil, 0, errMore
	}
	text, ok := bytes.CutPrefix(line, []byte(entryIndent))
	if !ok {
		return nil, nil, 0, errEntry
	}
	if long, explicit := bytes.CutPrefix(text, []byte("? ")); explicit {
		path, rest, ok := cutKey(long)
		if !ok || len(rest) > 0 {
			return nil, nil, 0, errEntry
		}
		second, _, found := bytes.Cut(after, []byte{'\n'})
		if !found {
			return nil, nil, 0, errMore
		}
		value, ok := bytes.CutPrefix(second, []byte(entryIndent+": "))
		if !ok {
			return nil, nil, 0, errEntry
		}
		return path, value, len(line) + len(second) + 2, nil
	}
	path, rest, ok := cutKey(text)
	value, colon := bytes.CutPrefix(rest, []byte(": "))
	if !ok || !colon || len(text)-len(rest) > maxImplicitKey {
		return nil, nil, 0, errEntry
	}
	return path, value, len(line) + 1, nil
}

// cutPlainEntry reads one entry as cutEntry does if its key is plain, else n is 0.
// It trusts that the entry was written by us, as the sum of its block says, and
// does not look at every byte of the key.
func cutPlainEntry(b []byte) (path, value []byte, n int) {
	const start = len(entryIndent)
	if len(b) <= start || b[start] == '"' || b[start] == '!' || b[start] == '?' {
		return nil, nil, 0
	}
	end := bytes.IndexByte(b, ':')
	if end <= start || end+2 >= len(b) || b[end+1] != ' ' {
		return nil, nil, 0
	}
	value = b[end+2:]
	line := bytes.IndexByte(value, '\n')
	if line < 0 {
		return nil, nil, 0
	}
	return b[start:end], value[:line], end + 2 + line + 1
}

// cutKey reads a path in any of its three forms.
func cutKey(b []byte) (path, rest []byte, ok bool) {
	if len(b) > 0 && (b[0] == '"' || b[0] == '!') {
		return cutQuoted(b)
	}
	end := bytes.IndexByte(b, ':')
	if end < 0 {
		end = len(b)
	}
	return b[:end], b[end:], isPlain(b[:end])
}

// parseDigestValue reads what appendDigest writes after the key.
func parseDigestValue(value []byte) (*Digest, bool) {
	value, open := bytes.CutPrefix(value, []byte{'{'})
	value, closed := bytes.CutSuffix(value, []byte{'}'})
	if !open || !closed {
		return nil, false
	}
	return parseFields(value)
}

// snapshotWriter writes a snapshot from front to back. Its methods are called
// in the order in which they stand here.
type snapshotWriter struct {
	w       io.Writer
	buf     []byte
	written int64  // bytes given to w
	sum     uint32 // of the block that is not full yet
	trailer
}

// writeChunk is how much is gathered for one write.
const writeChunk = 256 << 10

func newSnapshotWriter(w io.Writer) *snapshotWriter {
	return &snapshotWriter{w: w, buf: make([]byte, 0, writeChunk+maxRecord)}
}

func (w *snapshotWriter) header(h header) {
	b := append(w.buf, snapshotHead...)
	b = append(b, "version: "...)
	b = strconv.AppendInt(b, formatVersion, 10)
	b = append(b, "\nprogram: "...)
	b = appendScalar(b, h.program)
	if h.volume != "" {
		b = appendScalar(append(b, "\nfilesystem: "...), h.volume)
	}
	for i, f := range h.folded {
		if i == 0 {
			b = append(b, "\nfolded:"...)
		}
		b = append(append(append(b, "\n    - {id: \""...), f.id...), '"')
		if f.under != "" {
			b = append(append(append(b, ", under: \""...), f.under...), '"')
		}
		b = append(b, '}')
	}
	w.buf = append(b, '\n')
	w.config("", h.terms)
}

// otherConfigs begins the list of the configs other than the newest.
func (w *snapshotWriter) otherConfigs() { w.buf = append(w.buf, "other_configs:\n"...) }

// otherConfig begins the part of one of them.
func (w *snapshotWriter) otherConfig(t *terms) {
	w.buf = append(w.buf, "- "...)
	w.config(otherIndent, t)
}

// otherIndent stands before the fields of a config other than the newest. The
// entries of its sections are indented like all others, which is deep enough.
const otherIndent = "  "

func (w *snapshotWriter) config(indent string, t *terms) {
	b := append(w.buf, "config_hash: \""...)
	b = append(b, t.hash...)
	b = append(b, "\"\n"+indent...)
	w.buf = appendSection(b, "config", t.config.Empty())
	w.buf = appendBlock(w.buf, t.config.values, len(entryIndent))
}

func appendSection(b []byte, name string, empty bool) []byte {
	b = append(b, name...)
	if empty {
		return append(b, ": {}\n"...)
	}
	return append(b, ":\n"...)
}

// begin and end stand around the entries of a section; empty says that there
// will be none.
func (w *snapshotWriter) begin(kind, hash, indent string, empty bool) {
	w.buf = append(w.buf, indent...)
	w.buf = appendSection(w.buf, kind, empty)
	w.sections = append(w.sections, section{kind: kind, hash: hash, span: span{at: w.offset()}})
}

func (w *snapshotWriter) end(entries int64) {
	s := &w.sections[len(w.sections)-1]
	s.span.end, s.entries = w.offset(), entries
}

func (w *snapshotWriter) offset() int64 { return w.written + int64(len(w.buf)) }

// raw writes entries as they stand in another snapshot.
func (w *snapshotWriter) raw(lines []byte) error {
	for len(lines) > 0 {
		n := min(len(lines), writeChunk)
		w.buf = append(w.buf, lines[:n]...)
		lines = lines[n:]
		if err := w.spill(); err != nil {
			return err
		}
	}
	return nil
}

// spill writes out what was gathered once there is enough of it.
func (w *snapshotWriter) spill() error {
	if len(w.buf) < writeChunk {
		return nil
	}
	return w.flush()
}

// flush seals and writes out all that was gathered.
func (w *snapshotWriter) flush() error {
	for rest, at := w.buf, w.written; len(rest) > 0; {
		n := min(len(rest), int(blockSize-at%blockSize))
		w.sum = crc32.Update(w.sum, castagnoli, rest[:n])
		rest, at = rest[n:], at+int64(n)
		if at%blockSize == 0 {
			w.sums, w.sum = append(w.sums, w.sum), 0
		}
	}
	n, err := w.w.Write(w.buf)
	w.written += int64(n)
	w.buf = w.buf[:0]
	return err
}

// finish writes the trailer.
func (w *snapshotWriter) finish() error {
	if err := w.flush(); err != nil {
		return err
	}
	if w.written%blockSize != 0 {
		w.sums = append(w.sums, w.sum)
	}
	if w.size = w.written; w.size > maxSnapshot-maxSnapshot/256 {
		return fmt.Errorf("snapshot of %d bytes", w.size)
	}
	_, err := w.w.Write(w.trailer.append(nil))
	return err
}
