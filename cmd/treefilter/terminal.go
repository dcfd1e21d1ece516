package main

import (
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// isTerminal reports whether a stream, either way, is a terminal.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// terminal shows paths to a person: what does not print is escaped as in a
// message, so that the name of a file cannot command the terminal. Into pipes
// and files paths go as they are.
type terminal struct {
	w     io.Writer
	lines bool // paths end in a newline, else in NUL
}

// Write takes whole paths, each with its delimiter.
func (t *terminal) Write(p []byte) (int, error) {
	end := "\x00"
	if t.lines {
		end = "\n"
	}
	var text strings.Builder
	for path := range strings.SplitAfterSeq(string(p), end) {
		name, ended := strings.CutSuffix(path, end)
		text.WriteString(printable(name))
		if ended {
			text.WriteString(end)
		}
	}
	if _, err := io.WriteString(t.w, text.String()); err != nil {
		return 0, err
	}
	return len(p), nil
}
