package format

import (
	"bytes"
	"fmt"
	"strconv"

	"gopkg.in/yaml.v3"
)

// Failure is what is remembered of a file that the command has failed on. It stands
// with the word that takes the file's stamp away, and so is gone with the next one.
type Failure struct {
	Runs int   // that failed in a row, at least one
	At   Time  // when the last of them did
	File Stamp // what the file was then
	// Under is the hash of the config of these runs.
	Under string
}

// SameFile reports whether a file is still the one that the runs failed on.
func (f *Failure) SameFile(now Stamp) bool {
	if f.File.Time == now.Time && f.File.Target == now.Target {
		return true
	}
	return f.File.Digest != nil && now.Digest != nil && *f.File.Digest == *now.Digest
}

func (f *Failure) appendFields(b []byte) []byte {
	b = strconv.AppendInt(append(b, "failed: "...), int64(f.Runs), 10)
	b = f.At.append(append(b, ", at: "...))
	return f.File.appendFields(append(b, ", "...))
}

// parseFailure reads what appendFields writes, up to the end of b.
func parseFailure(b []byte) (*Failure, bool) {
	b, ok := bytes.CutPrefix(b, []byte("failed: "))
	runs, b, hasAt := bytes.Cut(b, []byte(", at: "))
	at, b, hasTime := bytes.Cut(b, []byte(", "))
	if !ok || !hasAt || !hasTime {
		return nil, false
	}
	f := &Failure{}
	if f.Runs, ok = parseRuns(string(runs)); !ok {
		return nil, false
	}
	if f.At, ok = ParseTime(at); !ok {
		return nil, false
	}
	f.File, ok = parseStamp(b, "")
	return f, ok
}

func parseRuns(s string) (int, bool) {
	n, err := strconv.ParseUint(s, 10, 31)
	return int(n), err == nil && n > 0
}

// AppendFailure writes the drop of a file that the command has failed on.
func (s *Session) AppendFailure(b []byte, path string, f *Failure) []byte {
	start := len(b)
	b = append(b, takeHeads[RecordDrop]...)
	b = appendRecordPath(b, path)
	b = f.appendFields(append(b, ", "...))
	b = append(b, '}')
	return AppendCRC(b, s.Sum(b[start:]))
}

const underField = `, under: "`

// AppendDroppedFailure writes one entry of the section dropped, of a file that the
// command has failed on.
func AppendDroppedFailure(b []byte, path string, f *Failure) []byte {
	b = append(appendKey(b, path), '{')
	b = append(f.appendFields(b), underField...)
	b = append(b, f.Under...)
	return append(b, "\"}\n"...)
}

// ParseDroppedValue reads the value of an entry of the section dropped: nil is an
// entry without a failure, and one whose failure cannot be read.
func ParseDroppedValue(value []byte) *Failure {
	value, open := bytes.CutPrefix(value, []byte{'{'})
	value, closed := bytes.CutSuffix(value, []byte(`"}`))
	i := bytes.LastIndex(value, []byte(underField))
	if !open || !closed || i < 0 {
		return nil
	}
	f, ok := parseFailure(value[:i])
	if !ok {
		return nil
	}
	f.Under = string(value[i+len(underField):])
	return f
}

// FailureFromNode reads such a value as YAML has it.
func FailureFromNode(node *yaml.Node) *Failure {
	if node.Kind != yaml.MappingNode {
		return nil
	}
	fields, err := StateFields(node)
	if err != nil || fields["under"] == nil {
		return nil
	}
	under, err := StateValue(fields["under"])
	if err != nil {
		return nil
	}
	delete(fields, "under")
	f, err := failureFromFields(fields)
	if err != nil {
		return nil
	}
	f.Under = under
	return f
}

// dropFromFields reads a drop, with or without a failure.
func dropFromFields(fields map[string]*yaml.Node) (Record, error) {
	r, err := takeFromFields(RecordDrop, map[string]*yaml.Node{"path": fields["path"]})
	if delete(fields, "path"); err == nil && len(fields) > 0 {
		r.Failure, err = failureFromFields(fields)
	}
	return r, err
}

func failureFromFields(fields map[string]*yaml.Node) (*Failure, error) {
	f := &Failure{}
	for _, name := range []string{"failed", "at"} {
		if fields[name] == nil {
			return nil, fmt.Errorf("no field %q", name)
		}
	}
	runs, err := StateValue(fields["failed"])
	if err != nil {
		return nil, err
	}
	var ok bool
	if f.Runs, ok = parseRuns(runs); !ok {
		return nil, fmt.Errorf("line %d: not a number of runs", fields["failed"].Line)
	}
	if f.At, err = stateTime(fields["at"]); err != nil {
		return nil, err
	}
	delete(fields, "failed")
	delete(fields, "at")
	f.File, err = stampFromFields(fields)
	return f, err
}
