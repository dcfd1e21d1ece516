package store

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"strconv"

	"gopkg.in/yaml.v3"
)

// The codec of WAL records, one a line (FORMAT.md, "WAL"). Nothing here knows
// files.

// formatVersion is the version of both state files.
const formatVersion = 1

// maxRecord bounds a line: a path of maxPath bytes, all of it escaped, or an
// open record with a large config.
const maxRecord = 512 << 10

// errDamaged is a record or a block whose CRC does not fit: bent, or of another
// file.
var errDamaged = errors.New("checksum mismatch")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

type recordKind byte

const (
	recordOpen recordKind = iota + 1
	recordSet
	recordDrop
	recordPrune
)

// record is one decoded line. path points into the line where it can.
type record struct {
	kind    recordKind
	path    []byte
	stamp   Stamp
	session *session
}

// session is what an open record says: the records after it were made under
// its config.
type session struct {
	*terms
	program string
	id      string // of the WAL file, 16 hex digits; "" where written by hand
	seed    uint32
	volume  string // the file system that the tree lay on, "" where it is not known
	// after, where not nil, vouches for the records before it.
	after *tally
}

// tally counts the records of a WAL. An open record that carries one was
// written when they were durable: what is missing of them was lost.
type tally struct {
	sets  int    // set records
	takes int    // drop and prune records
	under string // the hash of the config that all sets were made under, "" where there are several
}

func (t tally) plus(o tally) tally {
	switch {
	case t.sets == 0:
		t.under = o.under
	case o.sets > 0 && o.under != t.under:
		t.under = ""
	}
	t.sets += o.sets
	t.takes += o.takes
	return t
}

func newSession(program, id string, c Config) *session {
	s := &session{terms: termsOf(c), program: program, id: id}
	s.seed = crc32Of([]byte(s.id + s.hash))
	return s
}

func crc32Of(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

// sum is the CRC of a record of this session: over the file's id, the config's
// hash and the line. So a line is believed only in the file and under the
// config that it was written for.
func (s *session) sum(line []byte) uint32 { return crc32.Update(s.seed, castagnoli, line) }

// crcLen is the length of " # 1a2b3c4d", what every line that we write ends in.
const crcLen = 3 + 8

func appendCRC(b []byte, crc uint32) []byte {
	b = append(b, " # "...)
	const digits = "0123456789abcdef"
	for shift := 28; shift >= 0; shift -= 4 {
		b = append(b, digits[crc>>shift&0xf])
	}
	return append(b, '\n')
}

// cutCRC splits a line, without its line end, into the record and its CRC.
func cutCRC(line []byte) (body []byte, crc uint32, ok bool) {
	n := len(line) - crcLen
	if n < 0 || string(line[n:n+3]) != " # " {
		return line, 0, false
	}
	crc, ok = parseHex(line[n+3:])
	return line[:n], crc, ok
}

// appendOpen writes the line that begins a session. Its CRC stands on the line
// alone, which holds the id.
func (s *session) appendOpen(b []byte) []byte {
	start := len(b)
	b = append(b, "- open: {version: 1, program: "...)
	b = appendScalar(b, s.program)
	if s.volume != "" {
		b = appendScalar(append(b, ", filesystem: "...), s.volume)
	}
	b = append(b, ", config_hash: \""...)
	b = append(b, s.hash...)
	b = append(b, "\", config: "...)
	b = append(b, s.config.String()...)
	b = append(b, ", id: \""...)
	b = append(b, s.id...)
	b = append(b, '"')
	if s.after != nil {
		b = s.after.append(b)
	}
	b = append(b, '}')
	return appendCRC(b, crc32Of(b[start:]))
}

const afterHead = ", after: {sets: "

func (t tally) append(b []byte) []byte {
	b = fmt.Appendf(b, afterHead+"%d, takes: %d", t.sets, t.takes)
	if t.under != "" {
		b = fmt.Appendf(b, ", under: %q", t.under)
	}
	return append(b, '}')
}

// cutAfter splits an open record as we write it into the one that it would be
// without the counts, and those. A run may write one every second for days, so
// they do not go to yaml.v3 each.
func cutAfter(body []byte) (plain []byte, told tally, ok bool) {
	i := bytes.LastIndex(body, []byte(afterHead))
	if i < 0 {
		return body, told, false
	}
	text := string(body[i+len(afterHead):])
	if n, err := fmt.Sscanf(text, "%d, takes: %d, under: %q}}", &told.sets, &told.takes, &told.under); err != nil && n < 2 {
		return body, told, false
	}
	if plain = body[:i:i]; string(append(told.append(plain), '}')) != string(body) {
		return body, told, false
	}
	return append(plain, '}'), told, true
}

func (s *session) appendSet(b []byte, e Entry) []byte {
	start := len(b)
	b = append(b, "- set: {path: "...)
	b = appendRecordPath(b, e.Path)
	b = append(b, ", time: "...)
	b = e.Time.append(b)
	b = e.Stamp.appendRest(b)
	if e.Digest != nil {
		b = append(b, ", "...)
		b = e.Digest.appendFields(b)
	}
	b = append(b, '}')
	return appendCRC(b, s.sum(b[start:]))
}

// appendRest writes what few stamps have beside a time.
func (s *Stamp) appendRest(b []byte) []byte {
	if s.Exact {
		b = append(b, exactField...)
	}
	if s.Target != (Time{}) {
		b = s.Target.append(append(b, targetField...))
	}
	return b
}

const (
	exactField  = ", exact: true"
	targetField = ", target: "
)

// cutStamp reads a time and what appendRest has written after it.
func cutStamp(b []byte) (s Stamp, rest []byte, ok bool) {
	end := bytes.IndexByte(b, ',')
	if end < 0 {
		end = len(b)
	}
	if s.Time, ok = parseTime(b[:end]); !ok {
		return s, nil, false
	}
	rest, s.Exact = bytes.CutPrefix(b[end:], []byte(exactField))
	if target, found := bytes.CutPrefix(rest, []byte(targetField)); found {
		if end = bytes.IndexByte(target, ','); end < 0 {
			end = len(target)
		}
		s.Target, ok = parseTime(target[:end])
		rest = target[end:]
	}
	return s, rest, ok
}

// appendTake writes a drop or a prune.
func (s *session) appendTake(b []byte, kind recordKind, path string) []byte {
	start := len(b)
	b = append(b, takeHeads[kind]...)
	b = appendRecordPath(b, path)
	b = append(b, '}')
	return appendCRC(b, s.sum(b[start:]))
}

var takeHeads = map[recordKind]string{recordDrop: "- drop: {path: ", recordPrune: "- prune: {path: "}

// appendRecordPath also escapes the brace that ends a record, so that no name
// is two flipped bits away from a record made by hand, which has no CRC: one
// that lets a quote end the path, and one that makes a line end after a brace.
func appendRecordPath(b []byte, path string) []byte {
	start := len(b)
	b = appendQuoted(b, path)
	if bytes.IndexByte(b[start:], '}') < 0 {
		return b
	}
	return append(b[:start], bytes.ReplaceAll(b[start:], []byte{'}'}, []byte(`\x7d`))...)
}

func (d *Digest) appendFields(b []byte) []byte {
	b = append(b, "size: "...)
	b = strconv.AppendInt(b, d.Size, 10)
	b = append(b, ", sha256: \""...)
	b = hex.AppendEncode(b, d.SHA256[:])
	return append(b, '"')
}

// parseFields reads what appendFields writes, up to the end of b.
func parseFields(b []byte) (*Digest, bool) {
	b, ok := bytes.CutPrefix(b, []byte("size: "))
	size, b, cut := bytes.Cut(b, []byte(", sha256: \""))
	sum, quoted := bytes.CutSuffix(b, []byte{'"'})
	if !ok || !cut || !quoted {
		return nil, false
	}
	return parseDigest(string(size), string(sum))
}

// parseRecord reads a set, a drop or a prune as we write it. Anything else, a
// record written by hand for one, is left to parseHandRecord.
func parseRecord(body []byte) (r record, ok bool) {
	rest, isSet := bytes.CutPrefix(body, []byte("- set: {path: "))
	if isSet {
		r.kind = recordSet
	} else if rest, ok = bytes.CutPrefix(body, []byte(takeHeads[recordDrop])); ok {
		r.kind = recordDrop
	} else if rest, ok = bytes.CutPrefix(body, []byte(takeHeads[recordPrune])); ok {
		r.kind = recordPrune
	} else {
		return r, false
	}
	if r.path, rest, ok = cutQuoted(rest); !ok {
		return r, false
	}
	if rest, ok = bytes.CutSuffix(rest, []byte{'}'}); !ok {
		return r, false
	}
	if !isSet {
		return r, len(rest) == 0
	}
	if rest, ok = bytes.CutPrefix(rest, []byte(", time: ")); !ok {
		return r, false
	}
	if r.stamp, rest, ok = cutStamp(rest); ok && len(rest) > 0 {
		if rest, ok = bytes.CutPrefix(rest, []byte(", ")); ok {
			r.stamp.Digest, ok = parseFields(rest)
		}
	}
	return r, ok
}

// parseHandRecord reads any YAML spelling of one record: a list of one
// mapping with one key.
func parseHandRecord(text []byte) (record, error) {
	if len(text) > maxRecord {
		return record{}, fmt.Errorf("record of %d bytes", len(text))
	}
	node, err := decodeYAML(text)
	if err != nil {
		return record{}, err
	}
	if node == nil || node.Kind != yaml.SequenceNode || len(node.Content) != 1 {
		return record{}, errors.New("not a record")
	}
	kinds, err := stateFields(node.Content[0])
	if err != nil {
		return record{}, err
	}
	if len(kinds) != 1 {
		return record{}, errors.New("not a record")
	}
	for kind, value := range kinds {
		fields, err := stateFields(value)
		if err != nil {
			return record{}, err
		}
		switch kind {
		case "open":
			return openFromFields(fields)
		case "set":
			return setFromFields(fields)
		case "drop":
			return takeFromFields(recordDrop, fields)
		case "prune":
			return takeFromFields(recordPrune, fields)
		}
	}
	return record{}, errors.New("unknown kind of record")
}

func openFromFields(fields map[string]*yaml.Node) (record, error) {
	var config Config
	var program, id, volume string
	var after *tally
	for name, node := range fields {
		var err error
		switch name {
		case "version":
			err = checkVersion(node)
		case "program":
			program, err = stateValue(node)
		case "id":
			id, err = stateValue(node)
		case "filesystem":
			if volume, err = stateValue(node); err == nil {
				volume, err = checkVolume(volume)
			}
		case "config":
			config, err = configFromNode(node)
		case "config_hash":
			// That of a config written by hand is what it hashes to.
			_, err = stateValue(node)
		case "after":
			after, err = tallyFromNode(node)
		default:
			err = fmt.Errorf("unknown field %q", name)
		}
		if err != nil {
			return record{}, err
		}
	}
	if fields["version"] == nil {
		return record{}, errors.New("open without a version")
	}
	open := newSession(program, id, config)
	open.volume, open.after = volume, after
	return record{kind: recordOpen, session: open}, nil
}

func checkVersion(node *yaml.Node) error {
	text, err := stateValue(node)
	if err == nil && text != strconv.Itoa(formatVersion) {
		err = fmt.Errorf("%w: version %q", errForeign, text)
	}
	return err
}

func tallyFromNode(node *yaml.Node) (*tally, error) {
	fields, err := stateFields(node)
	if err != nil {
		return nil, err
	}
	var t tally
	for name, node := range fields {
		text, err := stateValue(node)
		if err != nil {
			return nil, err
		}
		switch name {
		case "sets":
			t.sets, err = strconv.Atoi(text)
		case "takes":
			t.takes, err = strconv.Atoi(text)
		case "under":
			t.under = text
		default:
			err = fmt.Errorf("unknown field %q", name)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", node.Line, err)
		}
	}
	return &t, nil
}

func setFromFields(fields map[string]*yaml.Node) (record, error) {
	r, err := takeFromFields(recordSet, map[string]*yaml.Node{"path": fields["path"]})
	if err != nil {
		return r, err
	}
	for name, node := range fields {
		switch name {
		case "path":
		case "size", "sha256":
			_, err = stateValue(node)
		default:
			err = r.stamp.setField(name, node)
		}
		if err != nil {
			return r, err
		}
	}
	if fields["time"] == nil {
		return r, errors.New("set without a time")
	}
	size, sum := fields["size"], fields["sha256"]
	if size == nil && sum == nil {
		return r, nil
	}
	if size == nil || sum == nil {
		return r, errors.New("size and sha256 go together")
	}
	digest, ok := parseDigest(size.Value, sum.Value)
	if !ok {
		return r, errors.New("not a digest")
	}
	r.stamp.Digest = digest
	return r, nil
}

// setField takes a field of a stamp as YAML has it.
func (s *Stamp) setField(name string, node *yaml.Node) (err error) {
	switch name {
	case "time":
		s.Time, err = stateTime(node)
	case "target":
		s.Target, err = stateTime(node)
	case "exact":
		var text string
		if text, err = stateValue(node); err == nil && text != "true" {
			err = fmt.Errorf("line %d: not true", node.Line)
		}
		s.Exact = true
	default:
		err = fmt.Errorf("unknown field %q", name)
	}
	return err
}

func takeFromFields(kind recordKind, fields map[string]*yaml.Node) (record, error) {
	node := fields["path"]
	if node == nil {
		return record{}, errors.New("no path")
	}
	for name := range fields {
		if name != "path" {
			return record{}, fmt.Errorf("unknown field %q", name)
		}
	}
	path, err := stateValue(node)
	return record{kind: kind, path: []byte(path)}, err
}

// newID draws the id of a WAL.
func newID() string {
	var random [8]byte
	rand.Read(random[:])
	return hex.EncodeToString(random[:])
}
