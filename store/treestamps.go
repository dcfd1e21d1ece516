package store

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"

	"gopkg.in/yaml.v3"
)

// The Python package treestamps keeps its stamps under the names that our own
// files have, in another form: one flat mapping of path to seconds, in which
// the settings stand among the paths. What is here reads it; nothing writes it.

// Bounds on what such a file may make us read and hold.
const (
	// maxTreestamps bounds the file, maxTreestampsEntries what is kept of it: a
	// line may be much shorter than what it takes in memory.
	maxTreestamps        = 1 << 30
	maxTreestampsEntries = 10_000_000
	// maxTreestampsBad bounds how many of its entries are reported.
	maxTreestampsBad = 1000
)

// Treestamps is what a file of the Python package treestamps says.
type Treestamps struct {
	// File is its path.
	File string
	// Stamps are its entries in the order of the file. The path of a
	// directory, "" for that of the file itself, speaks for all below it.
	Stamps []TreestampsEntry
	// Config is the program config that its stamps were made under, unless
	// ConfigErr tells why there is no telling.
	Config    format.Config
	ConfigErr error
	// Made tells configs apart, also where there is no Config; "" is a file
	// that was cut before its config.
	Made string
	// Ignore and Follow are what its treestamps_config says, if it has one:
	// the patterns that it passed over, and whether it followed links.
	Ignore []string
	Follow bool
	// Bad are the entries that were left out, at most so many of them, and
	// Unread is how many there were.
	Bad    []error
	Unread int
}

// TreestampsEntry is one stamp: a time of the clock when all below a path, or
// the file that it is, had been processed.
type TreestampsEntry struct {
	Path string
	Time format.Time
}

// ReadTreestamps reads what the Python package treestamps wrote for a program
// into a directory, given by its absolute path: the snapshot, the WAL, or both,
// in this order. A file that cannot be read, or has another form, is an error
// and does not keep the other one from being read.
func ReadTreestamps(dir, program string) (files []*Treestamps, err error) {
	if err := disk.CheckProgram(program); err != nil {
		return nil, err
	}
	var errs []error
	for _, suffix := range []string{disk.SnapshotSuffix, disk.WalSuffix} {
		name := filepath.Join(dir, "."+program+suffix)
		t, err := readTreestamps(disk.OS{}, name)
		switch {
		case err == nil:
			files = append(files, t)
		case !disk.IsMissing(err):
			errs = append(errs, disk.Wrap(name, err))
		}
	}
	return files, errors.Join(errs...)
}

func readTreestamps(fsys disk.FS, name string) (t *Treestamps, err error) {
	f, info, err := disk.OpenState(fsys, name, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	switch {
	case info.Size > maxTreestamps:
		return nil, fmt.Errorf("larger than %d bytes", int64(maxTreestamps))
	case !format.IsTreestamps(f, info.Size):
		return nil, errors.New("not written by the Python package treestamps")
	}
	return parseTreestamps(io.NewSectionReader(f, 0, info.Size), name)
}

// TreestampsPrograms lists the programs whose files in a directory have the
// form of the Python package treestamps.
func TreestampsPrograms(dir string) (programs []string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	for _, e := range entries {
		program := ProgramOf(e.Name())
		if program != "" && !slices.Contains(programs, program) && hasTreestampsForm(filepath.Join(dir, e.Name())) {
			programs = append(programs, program)
		}
	}
	return programs
}

// ProgramOf returns the program that a snapshot or a WAL is named for, "" for
// any other name.
func ProgramOf(name string) string {
	rest, ok := strings.CutSuffix(name, disk.WalSuffix)
	if !ok {
		rest, ok = strings.CutSuffix(name, disk.SnapshotSuffix)
	}
	program, dot := strings.CutPrefix(rest, ".")
	if !ok || !dot {
		return ""
	}
	return program
}

func hasTreestampsForm(name string) bool {
	f, info, err := disk.OpenState(disk.OS{}, name, os.O_RDONLY)
	if err != nil {
		return false
	}
	defer f.Close()
	return format.IsTreestamps(f, info.Size)
}

// made names the config of a file. text is how it stands there, node what it
// says, nil where that cannot be read.
func (t *Treestamps) made(node *yaml.Node, text []byte) {
	again := t.Made != ""
	sum := sha256.Sum256(text)
	t.Made = hex.EncodeToString(sum[:])
	switch {
	case again:
		t.Config, t.ConfigErr = format.Config{}, errors.New("config stands twice")
		return
	case node == nil:
		t.ConfigErr = errors.New("its config cannot be read")
		return
	}
	if t.Config, t.ConfigErr = format.ConfigFromNode(node); t.ConfigErr == nil {
		t.Made = t.Config.Hash()
	}
}

// walked takes over which files were looked at.
func (t *Treestamps) walked(node *yaml.Node) {
	fields, err := format.StateFields(node)
	if err != nil {
		return
	}
	if follow := fields["symlinks"]; follow != nil {
		t.Follow = follow.Value == "true"
	}
	ignore := fields["ignore"]
	if ignore == nil {
		return
	}
	for i, item := range ignore.Content {
		if ignore.Kind == yaml.SequenceNode || i%2 == 0 { // a set is a mapping to nothing
			t.Ignore = append(t.Ignore, item.Value)
		}
	}
	slices.Sort(t.Ignore)
}

func (t *Treestamps) fail(line int, err error) {
	t.Unread++
	if len(t.Bad) < maxTreestampsBad {
		t.Bad = append(t.Bad, disk.Wrap(t.File, fmt.Errorf("line %d: %w", line, err)))
	}
}
