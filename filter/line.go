package filter

import (
	"bytes"
	"encoding/json"
	"io"
	"unicode/utf8"

	"treefilter/store/rule"
	"treefilter/store/state"
)

// Line is what --json prints of a file: one object a line.
type Line struct {
	// Path is the path as it is printed without --json. Where that is not
	// UTF-8 its odd bytes are U+FFFD here, and Raw, base64, has all of them.
	Path   string      `json:"path"`
	Raw    []byte      `json:"path_base64,omitempty"`
	Mtime  state.Time  `json:"mtime"`
	Stamp  *state.Time `json:"stamp"` // null where the file has none that counts
	Reason rule.Reason `json:"reason"`
}

// newLine returns the line of a file of the given path.
func newLine(path string, f *finding) Line {
	l := Line{Path: path, Mtime: f.Mtime, Reason: f.Reason}
	if !utf8.ValidString(path) {
		l.Raw = []byte(path)
	}
	if f.Standing == state.Stamped {
		l.Stamp = &f.Stamp.Time
	}
	return l
}

// appendLine appends the line of a file.
func appendLine(b []byte, f *finding) []byte {
	to := bytes.NewBuffer(b)
	if err := WriteJSON(to, newLine(f.path(), f)); err != nil {
		panic(err) // a struct of strings and numbers, into memory
	}
	return to.Bytes()
}

// WriteJSON writes one line. It leaves "<" and "&" as they are: this is not for a
// page of HTML.
func WriteJSON(w io.Writer, v any) error {
	to := json.NewEncoder(w)
	to.SetEscapeHTML(false)
	return to.Encode(v)
}
