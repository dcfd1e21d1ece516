package format

import (
	"bytes"
	"errors"
)

// The form of the snapshot (FORMAT.md, "Snapshot"): a header, sections of
// entries, each in walk order, and a trailer of comments. The trailer seals the
// content in blocks, so that a lookup checks the few blocks that it reads and
// damage costs the stamps it hit, not the file.

// BlockSize is what one CRC of the trailer covers. A disk tears and loses
// sectors of 512 bytes or 4 KiB, so a larger block would give up more stamps
// than were hit; a smaller one would make the trailer longer (9 bytes a block).
const BlockSize = 4096

const (
	SnapshotHead = "# Written by treefilter. Safe to delete: every file is then processed again.\n"
	SumsHead     = "# crc32c of each 4096 bytes above:\n"
	EndHead      = "# end: "
	SumsPerLine  = 8
	EntryIndent  = "    "
)

// Bounds on what a snapshot may make us read and hold.
const (
	MaxSnapshot = 16 << 30 // bytes; its trailer then takes 50 MiB in memory
	maxTail     = 512      // bytes of the last line
	// MaxHandSnapshot bounds what goes to yaml.v3, which holds some 340 bytes
	// for every stamp it reads.
	MaxHandSnapshot = 64 << 20
	// MaxHandItems bounds how many nodes that may become: in flow style two
	// bytes make one, of some 200.
	MaxHandItems = 3 << 20
	// MaxImplicitKey is how long a key may be before the colon in YAML.
	MaxImplicitKey = 1024
)

// AppendEntry writes one stamp of the section timestamps.
func AppendEntry(b []byte, path string, s Stamp) []byte {
	b = appendKey(b, path)
	if !s.Exact && s.Target == (Time{}) && s.Settings == "" {
		b = s.Time.append(b)
		return append(b, '\n')
	}
	b = s.Time.append(append(b, richHead...))
	b = s.appendRest(b)
	return append(b, "}\n"...)
}

// richHead begins the value of a stamp that has more than a time.
const richHead = "{time: "

// ParseStampValue reads what AppendEntry writes after the key. like is what its
// Settings probably are: see cutSettings.
func ParseStampValue(value []byte, like string) (s Stamp, ok bool) {
	if s.Time, ok = ParseTime(value); ok {
		return s, true
	}
	value, open := bytes.CutPrefix(value, []byte(richHead))
	value, closed := bytes.CutSuffix(value, []byte{'}'})
	if !open || !closed {
		return Stamp{}, false
	}
	s, rest, ok := cutStamp(value, like)
	if !ok || len(rest) > 0 {
		return Stamp{}, false
	}
	return s, true
}

// AppendDropped writes one entry of the section dropped.
func AppendDropped(b []byte, path string) []byte {
	b = appendKey(b, path)
	return append(b, "null\n"...)
}

// AppendDigest writes one entry of the section digests.
func AppendDigest(b []byte, path string, d *Digest) []byte {
	b = appendKey(b, path)
	b = append(b, '{')
	b = d.appendFields(b)
	return append(b, "}\n"...)
}

// appendKey makes a long key an explicit one, on a line of its own: readers of
// YAML look no further than 1,024 characters for the colon of another.
func appendKey(b []byte, path string) []byte {
	b = append(b, EntryIndent...)
	start := len(b)
	b = AppendScalar(b, path)
	if len(b)-start <= MaxImplicitKey {
		return append(b, ": "...)
	}
	key := bytes.Clone(b[start:])
	b = append(b[:start], "? "...)
	b = append(b, key...)
	return append(b, "\n"+EntryIndent+": "...)
}

// ErrEntry is what no writer of ours wrote.
var ErrEntry = errors.New("not an entry")

// ErrMore asks for more bytes than the entry's beginning.
var ErrMore = errors.New("entry goes on")

// CutEntry reads one entry, as appendKey and its callers write it, from the
// front of b: its path, its value and the length of the whole.
func CutEntry(b []byte) (path, value []byte, n int, err error) {
	line, after, found := bytes.Cut(b, []byte{'\n'})
	if !found {
		return nil, nil, 0, ErrMore
	}
	text, ok := bytes.CutPrefix(line, []byte(EntryIndent))
	if !ok {
		return nil, nil, 0, ErrEntry
	}
	if long, explicit := bytes.CutPrefix(text, []byte("? ")); explicit {
		path, rest, ok := CutKey(long)
		if !ok || len(rest) > 0 {
			return nil, nil, 0, ErrEntry
		}
		second, _, found := bytes.Cut(after, []byte{'\n'})
		if !found {
			return nil, nil, 0, ErrMore
		}
		value, ok := bytes.CutPrefix(second, []byte(EntryIndent+": "))
		if !ok {
			return nil, nil, 0, ErrEntry
		}
		return path, value, len(line) + len(second) + 2, nil
	}
	path, rest, ok := CutKey(text)
	value, colon := bytes.CutPrefix(rest, []byte(": "))
	if !ok || !colon || len(text)-len(rest) > MaxImplicitKey {
		return nil, nil, 0, ErrEntry
	}
	return path, value, len(line) + 1, nil
}

// CutPlainEntry reads one entry as CutEntry does if its key is plain, else n is 0.
// It trusts that the entry was written by us, as the sum of its block says, and
// does not look at every byte of the key.
func CutPlainEntry(b []byte) (path, value []byte, n int) {
	const start = len(EntryIndent)
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

// CutKey reads a path in any of its three forms.
func CutKey(b []byte) (path, rest []byte, ok bool) {
	if len(b) > 0 && (b[0] == '"' || b[0] == '!') {
		return CutQuoted(b)
	}
	end := bytes.IndexByte(b, ':')
	if end < 0 {
		end = len(b)
	}
	return b[:end], b[end:], IsPlain(b[:end])
}

// ParseDigestValue reads what AppendDigest writes after the key.
func ParseDigestValue(value []byte) (*Digest, bool) {
	value, open := bytes.CutPrefix(value, []byte{'{'})
	value, closed := bytes.CutSuffix(value, []byte{'}'})
	if !open || !closed {
		return nil, false
	}
	return parseFields(value)
}
