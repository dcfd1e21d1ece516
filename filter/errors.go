package filter

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"treefilter/store"
)

// pathError is what is wrong with one path.
type pathError struct {
	path string
	err  error
}

func (e *pathError) Error() string { return e.path + ": " + e.err.Error() }
func (e *pathError) Unwrap() error { return e.err }

// errNotRegular is a path that stands for something other than a file.
var errNotRegular = errors.New("not a regular file")

// hintError is an error about which the user can do something.
type hintError struct {
	error
	hint string
}

func (e *hintError) Unwrap() error { return e.error }

// Hint returns what the user could do about an error, "" for most.
func Hint(err error) string {
	if e, ok := errors.AsType[*hintError](err); ok {
		return e.hint
	}
	state, ok := errors.AsType[*store.StateError](err)
	if !ok || !errors.Is(err, store.ErrTreestamps) {
		return ""
	}
	program := store.ProgramOf(filepath.Base(state.Path))
	return importLine(program, filepath.ToSlash(filepath.Dir(state.Path))) + " takes over what it says"
}

// importLine is a command line that imports what treestamps wrote for a program
// into a directory, beside it.
func importLine(program, dir string) string {
	line := "treefilter import"
	if program == store.DefaultProgram {
		line = "treefilter --program NAME import"
	}
	return fmt.Sprintf("%s --from %s %s", line, shellWord(program), shellWord(dir))
}

// shellWord quotes what a shell would not take for one word as it is.
func shellWord(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_./+=@%^,:-", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
