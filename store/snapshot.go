package store

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strconv"
)

// The form of the snapshot (FORMAT.md, "Snapshot"): a header, the sections
// timestamps and digests, each in walk order, and a trailer of comments. The
// trailer seals the content in blocks, so that a lookup checks the few blocks
// that it reads and damage costs the stamps it hit, not the file.

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
func appendEntry(b []byte, path string, t Time) []byte {
	b = appendKey(b, path)
	b = t.append(b)
	return append(b, '\n')
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

// parseDigestValue reads what appendDigest writes behind the key.
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
	w.hash = h.config.Hash()
	b := append(w.buf, snapshotHead...)
	b = append(b, "version: "...)
	b = strconv.AppendInt(b, formatVersion, 10)
	b = append(b, "\nprogram: "...)
	b = appendScalar(b, h.program)
	if h.volume != "" {
		b = appendScalar(append(b, "\nfilesystem: "...), h.volume)
	}
	b = append(b, "\nconfig_hash: \""...)
	b = append(b, w.hash...)
	b = append(b, "\"\n"...)
	w.buf = appendSection(b, "config", h.config.Empty())
	w.buf = appendBlock(w.buf, h.config.values, len(entryIndent))
}

func appendSection(b []byte, name string, empty bool) []byte {
	b = append(b, name...)
	if empty {
		return append(b, ": {}\n"...)
	}
	return append(b, ":\n"...)
}

// beginTimes and endTimes stand around the entries of timestamps.
func (w *snapshotWriter) beginTimes(empty bool) {
	w.buf = appendSection(w.buf, "timestamps", empty)
	w.times.at = w.offset()
}

func (w *snapshotWriter) endTimes(stamps int64) {
	w.times.end = w.offset()
	w.digest = span{w.offset(), w.offset()}
	w.stamps = stamps
}

// beginDigests and endDigests stand around the entries of digests, where there
// are any.
func (w *snapshotWriter) beginDigests() {
	w.buf = appendSection(w.buf, "digests", false)
	w.digest.at = w.offset()
}

func (w *snapshotWriter) endDigests(n int64) {
	w.digest.end = w.offset()
	w.digests = n
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
