package format

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// The records that only a segment has, and the note of a dump (FORMAT.md, "Segments").
// The CRC of each stands on its line alone, which holds the id of the segment.

// SegmentRecord is one of them.
type SegmentRecord struct {
	Kind SegmentKind
	ID   string

	Begin           // who writes
	Folded string   // the mark of the newest log in the snapshot that the writer has read, "" for none
	Logs   []string // marks of segments that it has read
	WAL    string   // and of the WAL, "" where it said nothing
	Since  string   // when a dump began, by the clock of its machine
	Tally  Tally    // all that it has written
}

// Begin is what a segment, or a note, says of its writer.
type Begin struct {
	Program, Host, Boot string
	PID                 int
}

// SegmentKind is the kind of such a record.
type SegmentKind string

// The kinds.
const (
	SegmentBegin SegmentKind = "begin"
	SegmentRead  SegmentKind = "read"
	SegmentEnd   SegmentKind = "end"
	// DumpNote is no record of a segment: it says who dumps.
	DumpNote SegmentKind = "dump"
)

// LogMark is the id of a log and how many records it had: as none of them is ever
// changed, that is all it said.
func LogMark(id string, records int) string { return id + "/" + strconv.Itoa(records) }

// CutMark splits a mark.
func CutMark(mark string) (id string, records int, ok bool) {
	id, n, found := strings.Cut(mark, "/")
	records, err := strconv.Atoi(n)
	return id, records, found && id != "" && err == nil
}

// LogsPerRecord keeps a record far shorter than MaxRecord.
const LogsPerRecord = 4000

// Append writes the record.
func (r *SegmentRecord) Append(b []byte) []byte {
	start := len(b)
	b = append(append(append(b, "- "...), r.Kind...), ": {"...)
	switch r.Kind {
	case SegmentBegin:
		b = append(b, "version: 1, program: "...)
		b = AppendScalar(b, r.Program)
		b = r.Begin.append(append(b, ", "...))
	case DumpNote:
		b = r.Begin.append(b)
		b = fmt.Appendf(b, ", since: %q}", r.Since)
		return AppendCRC(b, Crc32Of(b[start:]))
	case SegmentRead:
		b = fmt.Appendf(b, "folded: %q, wal: %q, segments: [", r.Folded, r.WAL)
		for i, mark := range r.Logs {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = strconv.AppendQuote(b, mark)
		}
		b = append(b, ']')
	case SegmentEnd:
		b = fmt.Appendf(b, "sets: %d, takes: %d", r.Tally.Sets, r.Tally.Takes)
		if r.Tally.Under != "" {
			b = fmt.Appendf(b, ", under: %q", r.Tally.Under)
		}
	}
	b = fmt.Appendf(b, ", id: %q}", r.ID)
	return AppendCRC(b, Crc32Of(b[start:]))
}

func (w *Begin) append(b []byte) []byte {
	b = appendRecordPath(append(b, "host: "...), w.Host)
	b = appendRecordPath(append(b, ", boot: "...), w.Boot)
	return fmt.Appendf(b, ", pid: %d", w.PID)
}

// IsSegmentRecord reports whether a line of a log is such a record.
func IsSegmentRecord(body []byte) bool {
	for _, kind := range []SegmentKind{SegmentBegin, SegmentRead, SegmentEnd} {
		if rest, ok := bytes.CutPrefix(body, []byte("- "+kind)); ok && bytes.HasPrefix(rest, []byte(": ")) {
			return true
		}
	}
	return false
}

// ParseSegmentRecord reads one whose CRC fits.
func ParseSegmentRecord(body []byte) (r SegmentRecord, err error) {
	node, err := DecodeYAML(body)
	if err != nil {
		return r, err
	}
	if node == nil || node.Kind != yaml.SequenceNode || len(node.Content) != 1 {
		return r, errors.New("not a record")
	}
	kinds, err := StateFields(node.Content[0])
	if err != nil {
		return r, err
	}
	for kind, value := range kinds {
		r.Kind = SegmentKind(kind)
		fields, err := StateFields(value)
		if err != nil {
			return r, err
		}
		for name, field := range fields {
			if err := r.setField(name, field); err != nil {
				return r, err
			}
		}
	}
	if r.ID == "" && r.Kind != DumpNote {
		return r, errors.New("no id")
	}
	return r, nil
}

func (r *SegmentRecord) setField(name string, node *yaml.Node) error {
	if name == "segments" {
		marks, err := marksFromNode(node)
		r.Logs = marks
		return err
	}
	text, err := StateValue(node)
	if err != nil {
		return err
	}
	switch name {
	case "version":
		return checkVersion(node)
	case "id":
		r.ID = text
	case "program":
		r.Program = text
	case "host":
		r.Host = text
	case "boot":
		r.Boot = text
	case "folded":
		r.Folded = text
	case "wal":
		r.WAL = text
	case "since":
		r.Since = text
	case "under":
		r.Tally.Under = text
	case "pid":
		r.PID, err = strconv.Atoi(text)
	case "sets":
		r.Tally.Sets, err = strconv.Atoi(text)
	case "takes":
		r.Tally.Takes, err = strconv.Atoi(text)
	default:
		err = fmt.Errorf("unknown field %q", name)
	}
	return err
}

// marksFromNode reads a list of marks.
func marksFromNode(node *yaml.Node) (marks []string, err error) {
	if node.Kind != yaml.SequenceNode {
		return nil, fmt.Errorf("line %d: not a list", node.Line)
	}
	for _, item := range node.Content {
		mark, err := StateValue(item)
		if err != nil {
			return nil, err
		}
		marks = append(marks, mark)
	}
	return marks, nil
}
