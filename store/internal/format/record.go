package format

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
)

// The codec of WAL records, one a line (FORMAT.md, "WAL"). Nothing here knows
// files.

// FormatVersion is the version of both state files.
const FormatVersion = 1

// MaxRecord bounds a line: a path of MaxPath bytes, all of it escaped, or an
// open record with a large config.
const MaxRecord = 512 << 10

// ErrDamaged is a record or a block whose CRC does not fit: bent, or of another
// file.
var ErrDamaged = errors.New("checksum mismatch")

var Castagnoli = crc32.MakeTable(crc32.Castagnoli)

type RecordKind byte

const (
	RecordOpen RecordKind = iota + 1
	RecordSet
	RecordDrop
	RecordPrune
)

// Record is one decoded line. path points into the line where it can.
type Record struct {
	Kind    RecordKind
	Path    []byte
	Stamp   Stamp
	Failure *Failure // of a drop, nil for most
	Session *Session
}

// Session is what an open record says: the records after it were made under
// its config.
type Session struct {
	*Terms
	Program string
	ID      string // of the WAL file, 16 hex digits; "" where written by hand
	seed    uint32
	Volume  string // the file system that the tree lay on, "" where it is not known
	Root    string // that of the tree, where its folder in a state directory does not name it whole
	// After, where not nil, vouches for the records before it.
	After *Tally
}

// Tally counts the records of a WAL. An open record that carries one was
// written when they were durable: what is missing of them was lost.
type Tally struct {
	Sets  int    // set records
	Takes int    // drop and prune records
	Under string // the hash of the config that all sets were made under, "" where there are several
}

func (t Tally) Plus(o Tally) Tally {
	switch {
	case t.Sets == 0:
		t.Under = o.Under
	case o.Sets > 0 && o.Under != t.Under:
		t.Under = ""
	}
	t.Sets += o.Sets
	t.Takes += o.Takes
	return t
}

func NewSession(program, id string, c Config) *Session {
	s := &Session{Terms: TermsOf(c), Program: program, ID: id}
	s.seed = Crc32Of([]byte(s.ID + s.Hash))
	return s
}

func Crc32Of(b []byte) uint32 { return crc32.Checksum(b, Castagnoli) }

// Sum is the CRC of a record of this session: over the file's id, the config's
// hash and the line. So a line is believed only in the file and under the
// config that it was written for.
func (s *Session) Sum(line []byte) uint32 { return crc32.Update(s.seed, Castagnoli, line) }

// crcLen is the length of " # 1a2b3c4d", what every line that we write ends in.
const crcLen = 3 + 8

func AppendCRC(b []byte, crc uint32) []byte {
	b = append(b, " # "...)
	const digits = "0123456789abcdef"
	for shift := 28; shift >= 0; shift -= 4 {
		b = append(b, digits[crc>>shift&0xf])
	}
	return append(b, '\n')
}

// CutCRC splits a line, without its line end, into the record and its CRC.
func CutCRC(line []byte) (body []byte, crc uint32, ok bool) {
	n := len(line) - crcLen
	if n < 0 || string(line[n:n+3]) != " # " {
		return line, 0, false
	}
	crc, ok = ParseHex(line[n+3:])
	return line[:n], crc, ok
}

// AppendOpen writes the line that begins a session. Its CRC stands on the line
// alone, which holds the id.
func (s *Session) AppendOpen(b []byte) []byte {
	start := len(b)
	b = append(b, "- open: {version: 1, program: "...)
	b = AppendScalar(b, s.Program)
	if s.Volume != "" {
		b = AppendScalar(append(b, ", filesystem: "...), s.Volume)
	}
	if s.Root != "" {
		b = AppendScalar(append(b, ", root: "...), s.Root)
	}
	b = append(b, ", config_hash: \""...)
	b = append(b, s.Hash...)
	b = append(b, "\", config: "...)
	b = append(b, s.Config.String()...)
	b = append(b, ", id: \""...)
	b = append(b, s.ID...)
	b = append(b, '"')
	if s.After != nil {
		b = s.After.append(b)
	}
	b = append(b, '}')
	return AppendCRC(b, Crc32Of(b[start:]))
}

const AfterHead = ", after: {sets: "

func (t Tally) append(b []byte) []byte {
	b = fmt.Appendf(b, AfterHead+"%d, takes: %d", t.Sets, t.Takes)
	if t.Under != "" {
		b = fmt.Appendf(b, ", under: %q", t.Under)
	}
	return append(b, '}')
}

// CutAfter splits an open record as we write it into the one that it would be
// without the counts, and those. A run may write one every second for days, so
// they do not go to yaml.v3 each.
func CutAfter(body []byte) (plain []byte, vouched Tally, ok bool) {
	i := bytes.LastIndex(body, []byte(AfterHead))
	if i < 0 {
		return body, vouched, false
	}
	text := string(body[i+len(AfterHead):])
	if n, err := fmt.Sscanf(text, "%d, takes: %d, under: %q}}", &vouched.Sets, &vouched.Takes, &vouched.Under); err != nil && n < 2 {
		return body, vouched, false
	}
	if plain = body[:i:i]; string(append(vouched.append(plain), '}')) != string(body) {
		return body, vouched, false
	}
	return append(plain, '}'), vouched, true
}

func (s *Session) AppendSet(b []byte, e Entry) []byte {
	start := len(b)
	b = append(b, "- set: {path: "...)
	b = appendRecordPath(b, e.Path)
	b = e.Stamp.appendFields(append(b, ", "...))
	b = append(b, '}')
	return AppendCRC(b, s.Sum(b[start:]))
}

// AppendTake writes a drop or a prune.
func (s *Session) AppendTake(b []byte, kind RecordKind, path string) []byte {
	start := len(b)
	b = append(b, takeHeads[kind]...)
	b = appendRecordPath(b, path)
	b = append(b, '}')
	return AppendCRC(b, s.Sum(b[start:]))
}

var takeHeads = map[RecordKind]string{RecordDrop: "- drop: {path: ", RecordPrune: "- prune: {path: "}

// appendRecordPath also escapes the brace that ends a record, so that no name
// is two flipped bits away from a record made by hand, which has no CRC: one
// that lets a quote end the path, and one that makes a line end after a brace.
func appendRecordPath(b []byte, path string) []byte {
	start := len(b)
	b = AppendQuoted(b, path)
	if bytes.IndexByte(b[start:], '}') < 0 {
		return b
	}
	return append(b[:start], bytes.ReplaceAll(b[start:], []byte{'}'}, []byte(`\x7d`))...)
}

// ParseRecord reads a set, a drop or a prune as we write it. Anything else, a
// record written by hand for one, is left to ParseHandRecord.
func ParseRecord(body []byte) (r Record, ok bool) {
	rest, isSet := bytes.CutPrefix(body, []byte("- set: {path: "))
	if isSet {
		r.Kind = RecordSet
	} else if rest, ok = bytes.CutPrefix(body, []byte(takeHeads[RecordDrop])); ok {
		r.Kind = RecordDrop
	} else if rest, ok = bytes.CutPrefix(body, []byte(takeHeads[RecordPrune])); ok {
		r.Kind = RecordPrune
	} else {
		return r, false
	}
	if r.Path, rest, ok = CutQuoted(rest); !ok {
		return r, false
	}
	if rest, ok = bytes.CutSuffix(rest, []byte{'}'}); !ok {
		return r, false
	}
	if !isSet && len(rest) == 0 {
		return r, true
	}
	if rest, ok = bytes.CutPrefix(rest, []byte(", ")); !ok {
		return r, false
	}
	switch r.Kind {
	case RecordSet:
		r.Stamp, ok = parseStamp(rest, "")
	case RecordDrop:
		r.Failure, ok = parseFailure(rest)
	default:
		return r, false
	}
	return r, ok
}

// NewID draws the id of a WAL.
func NewID() string {
	var random [8]byte
	rand.Read(random[:])
	return hex.EncodeToString(random[:])
}
