package store

import (
	"bytes"
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

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

type recordKind byte

const (
	recordOpen recordKind = iota + 1
	recordSet
	recordDrop
)

// record is one decoded line. path points into the line where it can.
type record struct {
	kind    recordKind
	path    []byte
	time    Time
	digest  *Digest
	session *session
}

// session is what an open record says: the records after it were made under
// its config.
type session struct {
	program string
	config  Config
	hash    string // of config, hex
	id      string // of the WAL file, 16 hex digits; "" where written by hand
	seed    uint32
	volume  string // the file system that the tree lay on, "" where it is not known
}

func newSession(program, id string, c Config) *session {
	s := &session{program: program, config: c, hash: c.Hash(), id: id}
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
	b = append(b, "\"}"...)
	return appendCRC(b, crc32Of(b[start:]))
}

func (s *session) appendSet(b []byte, e Entry) []byte {
	start := len(b)
	b = append(b, "- set: {path: "...)
	b = appendRecordPath(b, e.Path)
	b = append(b, ", time: "...)
	b = e.Time.append(b)
	if e.Digest != nil {
		b = append(b, ", "...)
		b = e.Digest.appendFields(b)
	}
	b = append(b, '}')
	return appendCRC(b, s.sum(b[start:]))
}

func (s *session) appendDrop(b []byte, path string) []byte {
	start := len(b)
	b = append(b, "- drop: {path: "...)
	b = appendRecordPath(b, path)
	b = append(b, '}')
	return appendCRC(b, s.sum(b[start:]))
}

// appendRecordPath also escapes the brace that ends a record, so that no name
// is two flipped bits away from a record made by hand, which has no CRC: one
// that lets a quote end the path, and one that makes a line end behind a brace.
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

// parseRecord reads a set or a drop as we write it. Anything else, a record
// written by hand for one, is left to parseHandRecord.
func parseRecord(body []byte) (r record, ok bool) {
	rest, isSet := bytes.CutPrefix(body, []byte("- set: {path: "))
	if !isSet {
		if rest, ok = bytes.CutPrefix(body, []byte("- drop: {path: ")); !ok {
			return r, false
		}
	}
	if r.path, rest, ok = cutQuoted(rest); !ok {
		return r, false
	}
	rest, ok = bytes.CutSuffix(rest, []byte{'}'})
	if !isSet {
		r.kind = recordDrop
		return r, ok && len(rest) == 0
	}
	r.kind = recordSet
	rest, hasTime := bytes.CutPrefix(rest, []byte(", time: "))
	if !ok || !hasTime {
		return r, false
	}
	number, fields, hasDigest := bytes.Cut(rest, []byte(", "))
	if r.time, ok = parseTime(number); ok && hasDigest {
		r.digest, ok = parseFields(fields)
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
			return dropFromFields(fields)
		}
	}
	return record{}, errors.New("unknown kind of record")
}

func openFromFields(fields map[string]*yaml.Node) (record, error) {
	s := &session{}
	for name, node := range fields {
		var err error
		var text string
		if name == "config" {
			s.config, err = configFromNode(node)
		} else {
			text, err = stateValue(node)
		}
		if err != nil {
			return record{}, err
		}
		switch name {
		case "version":
			if text != strconv.Itoa(formatVersion) {
				return record{}, fmt.Errorf("version %q is not known", text)
			}
		case "program":
			s.program = text
		case "id":
			s.id = text
		case "filesystem":
			s.volume, err = checkVolume(text)
			if err != nil {
				return record{}, err
			}
		case "config", "config_hash":
			// The hash of a config written by hand is what it hashes to.
		default:
			return record{}, fmt.Errorf("unknown field %q", name)
		}
	}
	if fields["version"] == nil {
		return record{}, errors.New("open without a version")
	}
	open := newSession(s.program, s.id, s.config)
	open.volume = s.volume
	return record{kind: recordOpen, session: open}, nil
}

func setFromFields(fields map[string]*yaml.Node) (record, error) {
	r, err := dropFromFields(map[string]*yaml.Node{"path": fields["path"]})
	if err != nil {
		return r, err
	}
	r.kind = recordSet
	for name, node := range fields {
		switch name {
		case "path":
		case "time":
			r.time, err = stateTime(node)
		case "size", "sha256":
			_, err = stateValue(node)
		default:
			err = fmt.Errorf("unknown field %q", name)
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
	r.digest = digest
	return r, nil
}

func dropFromFields(fields map[string]*yaml.Node) (record, error) {
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
	return record{kind: recordDrop, path: []byte(path)}, err
}
