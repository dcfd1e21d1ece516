package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
)

// DefaultProgram is the program that state files are named for unless another
// is given.
const DefaultProgram = "treefilter"

const (
	SnapshotSuffix = "_treestamps.yaml"
	WalSuffix      = "_treestamps.wal.yaml"
	TempSuffix     = ".tmp"    // of a dump that is being written
	BrokenSuffix   = ".broken" // of a snapshot that was moved aside
)

// TreeSuffixes are those of what makes a directory a tree.
var TreeSuffixes = []string{SnapshotSuffix, WalSuffix, SegmentsSuffix}

// Names are the paths of a tree's state files.
type Names struct {
	Dir, Snapshot, WAL string
	Segments           string // the directory of segments
	Base               string // the state directory, "" where dir is the tree's root
	Root               string // what dir is named for, where its name does not say all of it; else ""
	Err                error  // why the state directory cannot be used
	program            string
}

func NamesOf(dir, program string) Names {
	return Names{
		Dir:      dir,
		Snapshot: filepath.Join(dir, "."+program+SnapshotSuffix),
		WAL:      filepath.Join(dir, "."+program+WalSuffix),
		Segments: filepath.Join(dir, "."+program+SegmentsSuffix),
		program:  program,
	}
}

// CheckProgram refuses a program name that cannot be part of a file name.
func CheckProgram(program string) error {
	if program == "" || strings.ContainsAny(program, "/\\\x00") || len(program) > 200 {
		return fmt.Errorf("program name %q cannot be part of a file name", program)
	}
	return nil
}

// IsStateName reports whether a file name is that of a snapshot, a WAL, a segment, or
// of what goes with them, of any program. Such a file is never work to be done.
func IsStateName(name string) bool {
	if len(name) == 0 || name[0] != '.' {
		return false
	}
	name = strings.TrimSuffix(strings.TrimSuffix(name, TempSuffix), BrokenSuffix)
	for _, suffix := range []string{SnapshotSuffix, WalSuffix, SegmentsSuffix, dumpSuffix, noteSuffix} {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	i := strings.LastIndex(name, segmentMark)
	return i >= 0 && isSegmentName(name, name[1:i])
}

// ProgramOf returns the program that a snapshot or a WAL is named for, "" for
// any other name.
func ProgramOf(name string) string {
	rest, ok := strings.CutSuffix(name, WalSuffix)
	if !ok {
		rest, ok = strings.CutSuffix(name, SnapshotSuffix)
	}
	program, dot := strings.CutPrefix(rest, ".")
	if !ok || !dot {
		return ""
	}
	return program
}

// StateError is what is wrong with a state file.
type StateError struct {
	Path string
	Err  error
}

// Wrap wraps err, once, without the path that it may name itself.
func Wrap(path string, err error) error {
	var done *StateError
	if errors.As(err, &done) {
		return err
	}
	if pe, ok := err.(*fs.PathError); ok {
		err = fmt.Errorf("%w (%s)", pe.Err, pe.Op)
	}
	return &StateError{path, err}
}

func (e *StateError) Error() string { return e.Path + ": " + e.Err.Error() }
func (e *StateError) Unwrap() error { return e.Err }

// DamageError is a snapshot that cannot be read, or not as a whole. A dump refuses
// to replace it, unless it is to repair it.
type DamageError struct{ Err error }

func (e *DamageError) Error() string { return e.Err.Error() }
func (e *DamageError) Unwrap() error { return e.Err }
