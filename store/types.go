package store

import (
	"time"

	"treefilter/store/state"
)

// Time is an mtime: seconds since 1970 and nanoseconds, as Sec and Nsec. Compare
// orders two, String writes one as the state files do.
type Time = state.Time

// TimeOf converts a time.Time.
func TimeOf(t time.Time) Time { return state.TimeOf(t) }

// Stamp is what is remembered of one processed file: its mtime then, as Time. The
// other fields say how it was known: see FORMAT.md.
type Stamp = state.Stamp

// Config is a program config: settings, as they were written, so that 1.10 is not
// 1.1. With returns it with one more setting, Diff how it differs from another, String
// its canonical form. The zero Config has no settings.
type Config = state.Config

// NewConfig makes a config from Go values: those that yaml.v3 can marshal to a
// mapping.
func NewConfig(values map[string]any) (Config, error) { return state.NewConfig(values) }

// ParseConfig reads a config from YAML text: one mapping, or nothing at all. Anchors
// and aliases are resolved.
func ParseConfig(text []byte) (Config, error) { return state.ParseConfig(text) }

// IsStateFile reports whether a file name is that of a state file, of any program:
// such a file is never work to be done.
func IsStateFile(name string) bool { return state.IsStateName(name) }

// Errors.
var (
	// ErrNoTree is a path that lies in no tree, and below no root that could become
	// one.
	ErrNoTree = state.ErrNoTree
	// ErrLocked is that another process held a tree's lock for longer than LockWait.
	ErrLocked = state.ErrLocked
)

// StateError is what is wrong with a state file, and the Path of that.
type StateError = state.StateError

// DamageError is a snapshot that cannot be read, or not as a whole, so that a Dump
// refuses to replace it: "treefilter dump --repair" does.
type DamageError = state.DamageError
