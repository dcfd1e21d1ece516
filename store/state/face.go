package state

import (
	"time"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
	"treefilter/store/internal/segment"
	"treefilter/store/internal/wal"
)

// Time is an mtime: seconds since 1970, and nanoseconds. TimeOf makes one of a
// time.Time, ParseTime of its text; Add, Compare and String do what they say.
type Time = format.Time

// Stamp is what is remembered of one processed file: the mtime that it had.
type Stamp = format.Stamp

// Digest identifies a file's content: its size and SHA-256.
type Digest = format.Digest

// Failure is what is remembered of a file that the command has failed on.
type Failure = format.Failure

// Entry is the stamp of one file, keyed by its path relative to the tree.
type Entry = format.Entry

// Config is a program config: settings, as they were written. Stamps count only
// under the config that they were made under. With returns it with one more
// setting, Diff what another has otherwise, Hash its hash.
type Config = format.Config

// Dependency is a file whose content decided how files were processed.
type Dependency = format.Dependency

// Standing is what a tree says of a file.
type Standing = format.Standing

// The standings.
const (
	Unknown     = format.Unknown     // nothing was ever said of it
	Stamped     = format.Stamped     // it has a stamp that counts
	OtherConfig = format.OtherConfig // it has a stamp made under another config
	Dropped     = format.Dropped     // its stamp was taken away: the work failed, or is in doubt
)

// DirStat is what a directory is, and when its names last changed.
type DirStat = format.DirStat

// DefaultProgram is the program that state files are named for unless another
// is given.
const DefaultProgram = disk.DefaultProgram

// DependsKey is the setting that a config's dependencies make up.
const DependsKey = format.DependsKey

// StateError is what is wrong with a state file, and its path.
type StateError = disk.StateError

// DamageError is a snapshot that cannot be read, or not as a whole. A Dump refuses
// to replace it; DumpOptions.Repair moves it aside.
type DamageError = disk.DamageError

// DumpingError reports that another process is dumping the tree, or ended in the middle of
// a dump.
type DumpingError = segment.DumpingError

// Errors of a tree's state files.
var (
	// ErrLocked is that another process held a tree's lock for too long.
	ErrLocked = wal.ErrLocked
	// ErrNoEnd is a segment that another process may write to.
	ErrNoEnd = errNoEnd
	// ErrTreestamps is a state file in the form of the Python package treestamps.
	ErrTreestamps = format.ErrTreestamps
)

// TimeOf converts a time.Time.
func TimeOf(t time.Time) Time { return format.TimeOf(t) }

// ParseTime reads a decimal number of seconds since 1970: an optional minus,
// digits, and optionally a point and more digits. Digits past the ninth are
// rounded down, to the earlier moment, so that a stamp never hides more than
// it says. Exponents, .inf and .nan are not times.
func ParseTime(s string) (Time, bool) { return format.ParseTime(s) }

// ParseConfig reads a config from YAML text: one mapping, or nothing at all.
// Anchors and aliases are resolved.
func ParseConfig(text []byte) (Config, error) { return format.ParseConfig(text) }

// NewConfig makes a config from Go values: those that yaml.v3 can marshal to a
// mapping.
func NewConfig(values map[string]any) (Config, error) { return format.NewConfig(values) }

// IsStateName reports whether a file name is that of a snapshot, a WAL, or one of
// their temporary files, of any program. Such a file is never work to be done.
func IsStateName(name string) bool { return disk.IsStateName(name) }

// ProgramOf returns the program that a snapshot or a WAL is named for, "" for
// any other name.
func ProgramOf(name string) string { return disk.ProgramOf(name) }

// Below returns the path of an absolute path relative to a directory, "" for the
// directory's own, and whether it lies there at all.
func Below(path, dir string) (rel string, ok bool) { return format.Below(path, dir) }

// CompareDirs orders directories as a walk enters them.
func CompareDirs(a, b string) int { return format.CompareDirs(a, b) }

// Unlocked calls f while this process holds the lock of no WAL, and takes none:
// a process that is stopped with one would keep all others waiting.
func Unlocked(f func()) { wal.Unlocked(f) }
