package filter

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"

	"treefilter/store"
)

// Line is what --json prints of a file: one object a line. Times are numbers of
// seconds with nine digits after the point, which many a reader rounds: to the
// nanosecond they are only for one that keeps the digits.
type Line struct {
	// Path is the path as it is printed without --json. Where that is not
	// UTF-8 its odd bytes are U+FFFD here, and Raw, base64, has all of them.
	Path   string       `json:"path"`
	Raw    []byte       `json:"path_base64,omitempty"`
	Mtime  json.Number  `json:"mtime"`
	Stamp  *json.Number `json:"stamp"` // null where the file has none that counts
	Reason string       `json:"reason"`
}

// newLine returns the line of a file of the given path.
func newLine(path string, f *finding) Line {
	l := Line{Path: path, Mtime: number(f.Mtime), Reason: f.Reason.String()}
	if !utf8.ValidString(path) {
		l.Raw = []byte(path)
	}
	if f.Standing == store.Stamped {
		stamp := number(f.Stamp.Time)
		l.Stamp = &stamp
	}
	return l
}

func number(t store.Time) json.Number { return json.Number(t.String()) }

// appendLine appends the line of a file.
func appendLine(b []byte, f *finding) []byte {
	line, err := marshal(newLine(f.path(), f))
	if err != nil {
		panic(err) // a struct of strings and numbers
	}
	return append(append(b, line...), '\n')
}

// marshal leaves "<" and "&" as they are: this is not for a page of HTML.
func marshal(v any) ([]byte, error) {
	var out bytes.Buffer
	to := json.NewEncoder(&out)
	to.SetEscapeHTML(false)
	err := to.Encode(v)
	return bytes.TrimSuffix(out.Bytes(), []byte{'\n'}), err
}
