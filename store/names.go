package store

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
	snapshotSuffix = "_treestamps.yaml"
	walSuffix      = "_treestamps.wal.yaml"
	tempSuffix     = ".tmp"    // of a dump that is being written
	brokenSuffix   = ".broken" // of a snapshot that was moved aside
)

// names are the paths of a tree's state files.
type names struct {
	dir, snapshot, wal string
	base               string // the state directory, "" where dir is the tree's root
	err                error  // why the state directory cannot be used
}

func stateNames(dir, program string) names {
	return names{
		dir:      dir,
		snapshot: filepath.Join(dir, "."+program+snapshotSuffix),
		wal:      filepath.Join(dir, "."+program+walSuffix),
	}
}

// CheckProgram refuses a program name that cannot be part of a file name.
func CheckProgram(program string) error {
	if program == "" || strings.ContainsAny(program, "/\\\x00") || len(program) > 200 {
		return fmt.Errorf("program name %q cannot be part of a file name", program)
	}
	return nil
}

// IsStateName reports whether a file name is that of a snapshot, a WAL, or one of
// their temporary files, of any program. Such a file is never work to be done.
func IsStateName(name string) bool {
	if len(name) == 0 || name[0] != '.' {
		return false
	}
	name = strings.TrimSuffix(strings.TrimSuffix(name, tempSuffix), brokenSuffix)
	return strings.HasSuffix(name, snapshotSuffix) || strings.HasSuffix(name, walSuffix)
}

// StateError is what is wrong with a state file.
type StateError struct {
	Path string
	Err  error
}

// stateError wraps err, once, without the path that it may name itself.
func stateError(path string, err error) error {
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
