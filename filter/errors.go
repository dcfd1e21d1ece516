package filter

import (
	"errors"
	"path/filepath"

	"treefilter/store/state"
)

// Errors about which the user can do something.
var (
	// ErrConfigUnknown is an import of stamps whose config cannot be read.
	ErrConfigUnknown = errors.New("the config of its stamps is not known")
	// ErrNewline is a path that would be two lines.
	ErrNewline = errors.New("not printed: its name holds a newline")
)

// A ConfigNotGivenError is a tree whose stamps a forgotten config would void.
type ConfigNotGivenError struct{ Stored Given }

func (e *ConfigNotGivenError) Error() string { return "its stamps have a config and none was given" }

// DamageError is a snapshot that cannot be read as a whole; Dump.Repair leaves the
// rest out.
type DamageError = state.DamageError

// DumpingError reports that another process is dumping the tree, or ended in the middle of
// a dump.
type DumpingError = state.DumpingError

// ErrNoEnd is a segment that another process may write to.
var ErrNoEnd = state.ErrNoEnd

// An ImportError is an import that is not done, and what could be imported instead:
// the files of treestamps for these programs in Dir.
type ImportError struct {
	Err      error
	Dir      string
	Programs []string
}

func (e *ImportError) Error() string { return e.Err.Error() }
func (e *ImportError) Unwrap() error { return e.Err }

// Importable returns which files of treestamps could be imported where an error
// says that they are in the way, or not the ones asked for: those for some
// programs in a directory.
func Importable(err error) (dir string, programs []string) {
	if e, ok := errors.AsType[*ImportError](err); ok {
		return e.Dir, e.Programs
	}
	file, ok := errors.AsType[*state.StateError](err)
	if !ok || !errors.Is(err, state.ErrTreestamps) {
		return "", nil
	}
	return filepath.ToSlash(filepath.Dir(file.Path)), []string{state.ProgramOf(filepath.Base(file.Path))}
}

// A WalkNotice says how treestamps walked a tree, which an import does not take
// over: it changes no stamp.
type WalkNotice struct {
	Root   string
	Ignore []string // patterns
	Follow bool     // through symbolic links
}

func (n *WalkNotice) Error() string {
	return n.Root + ": how treestamps walked it is not taken over"
}

// An OutOfReachError is a prune that is refused, of a tree or a part of it: its files
// may only be out of reach. Prune.Force overrides it.
type OutOfReachError struct{ reason string }

func (e *OutOfReachError) Error() string { return e.reason }

// pathError is what is wrong with one path.
type pathError struct {
	path string
	err  error
}

func (e *pathError) Error() string { return e.path + ": " + e.err.Error() }
func (e *pathError) Unwrap() error { return e.err }

// errNotRegular is a path that stands for something other than a file.
var errNotRegular = errors.New("not a regular file")
