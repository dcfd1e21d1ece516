package main

// Everything that treefilter says to its user on stderr goes through this file.
//
//   - A message is one line: "treefilter: PATH: reason". What has no path is
//     "treefilter: reason".
//   - No capital at the beginning, no full stop at the end.
//   - Say what is wrong and with what; the operating system's own words come
//     last, with the operation in parentheses.
//   - What the user could do about it stands on a line of its own:
//     "treefilter: hint: ...".
//   - Nothing in a message can act as more than text: control characters,
//     escape sequences, invalid UTF-8 and runes that do not print or that turn
//     the direction of writing are shown escaped, so that the name of a file
//     can forge neither a line nor a terminal command.
//   - Stderr is for people: when it is closed or full, work goes on.

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/schollz/progressbar/v3"
)

// A voice speaks on stderr. Its methods may be called concurrently.
type voice struct {
	mu       sync.Mutex
	w        io.Writer
	progress *progressbar.ProgressBar // what is drawn at present, or nil
	hint     string                   // given last
}

func newVoice(w io.Writer) *voice { return &voice{w: w} }

// say prints one message about err, and the hint that goes with it, unless it
// was given just before.
func (v *voice) say(err error) {
	v.line(describe(err))
	hint := adviceOn(err)
	v.mu.Lock()
	news := hint != "" && hint != v.hint
	v.hint = hint
	v.mu.Unlock()
	if news {
		v.line("hint: " + hint)
	}
}

// fail prints the error that ends a run, and the hint that goes with it. There
// is nothing to say about a signal: who sent it knows.
func (v *voice) fail(err error) {
	if _, bySignal := err.(*ended); err == nil || bySignal {
		return
	}
	for _, e := range unjoin(err) {
		v.say(e)
	}
}

// line prints one line, above the progress if there is any.
func (v *voice) line(text string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.progress != nil {
		_ = v.progress.Clear()
	}
	_, _ = io.WriteString(v.w, "treefilter: "+printable(text)+"\n")
}

// unjoin takes apart what errors.Join has put together: one message each.
func unjoin(err error) []error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var all []error
	var lines []string
	for _, e := range joined.Unwrap() {
		all = append(all, unjoin(e)...)
		lines = append(lines, e.Error())
	}
	if strings.Join(lines, "\n") != err.Error() {
		return []error{err} // several wrapped in one text
	}
	return all
}

// describe words err as "PATH: reason (operation)" where it is, or wraps, an
// error of the file system, which by itself reads "operation PATH: reason".
func describe(err error) string {
	var (
		text = err.Error()
		path *fs.PathError
		link *os.LinkError
		call *os.SyscallError
	)
	switch {
	case errors.As(err, &path):
		return reword(text, path.Error(), path.Path, path.Err, path.Op)
	case errors.As(err, &link):
		return reword(text, link.Error(), link.Old+" -> "+link.New, link.Err, link.Op)
	case errors.As(err, &call):
		return reword(text, call.Error(), "", call.Err, call.Syscall)
	}
	return text
}

// reword puts the pieces of an error in our order in place of its own words,
// which may be part of a longer text; a path that stands right before them is
// not said again.
func reword(text, own, path string, reason error, op string) string {
	before, after, found := strings.Cut(text, own)
	if !found {
		return text
	}
	name := path + ": "
	if path == "" || before == name || strings.HasSuffix(before, " "+name) {
		name = ""
	}
	return fmt.Sprintf("%s%s%s (%s)%s", before, name, describe(reason), op, after)
}

// printable returns text with all escaped that would not print as itself.
func printable(text string) string {
	var b strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, text[0])
		case strconv.IsPrint(r):
			b.WriteRune(r)
		default:
			quoted := strconv.QuoteRune(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		text = text[size:]
	}
	return b.String()
}
