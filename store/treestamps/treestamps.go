// Package treestamps reads what the Python package treestamps wrote for a
// program into a directory: a snapshot, .PROGRAM_treestamps.yaml, which is one
// flat mapping of path to seconds in which the settings stand among the paths,
// and a WAL, which begins like a snapshot and goes on with a list of entries, one
// a line. Nothing here writes such a file.
//
// Each entry goes through yaml.v3. What could be the stamp of another file, or
// may be half of one, is left out and reported: without its stamp a file is
// processed once more, with a wrong one it never is. So is a name that yaml.v3
// does not read: one that is not UTF-8.
//
// A file of more than 256 MiB, with more than 10,000,000 entries, or with more
// than 10,000 that cannot be read, is refused.
package treestamps

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
	"treefilter/store/state"
)

// Bounds on what a file may make us read and hold. yaml.v3 takes up to 200 bytes
// of memory for one of text, so it gets a file in pieces.
const (
	maxFile   = 256 << 20 // bytes
	maxStamps = 10_000_000
	maxBad    = 10_000  // entries that cannot be read
	maxItem   = 1 << 20 // bytes of one entry, or of the settings
)

// File is what one file says.
type File struct {
	Path string
	// Stamps are its entries in the order of the file.
	Stamps []Stamp
	// Config is the program config that its stamps were made under, unless
	// ConfigErr says why that is not known.
	Config    state.Config
	ConfigErr error
	// Made identifies the config, also where there is no Config; "" is a file
	// that was cut before its config.
	Made string
	// Ignore and Follow are what its treestamps_config says, if it has one:
	// the patterns that it passed over, and whether it followed links.
	Ignore []string
	Follow bool
	// Bad are the entries that were left out.
	Bad []error
}

// Stamp is a time of the clock when the file at a path, or every file below it,
// had been processed. The path is relative to the directory of the file that
// holds the stamp, and "" is that directory.
type Stamp struct {
	Path string
	Time state.Time
}

// Read reads the files of a program in a directory, given by its absolute path:
// the snapshot, the WAL, or both, in this order. A file that cannot be read, or
// has another form, is an error and does not keep the other one from being read.
func Read(dir, program string) (files []*File, err error) {
	if err := disk.CheckProgram(program); err != nil {
		return nil, err
	}
	var errs []error
	for _, suffix := range []string{disk.SnapshotSuffix, disk.WalSuffix} {
		f, err := readFile(filepath.Join(dir, "."+program+suffix))
		switch {
		case err == nil:
			files = append(files, f)
		case !errors.Is(err, fs.ErrNotExist):
			errs = append(errs, err)
		}
	}
	return files, errors.Join(errs...)
}

func readFile(path string) (*File, error) {
	in, err := open(path)
	if err != nil {
		return nil, disk.Wrap(path, err)
	}
	text, err := io.ReadAll(io.LimitReader(in, maxFile+1))
	err = errors.Join(err, in.Close())
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("larger than %d MiB", maxFile>>20)
	}
	if err != nil {
		return nil, disk.Wrap(path, err)
	}
	return parse(text, path)
}

// open opens a file in the form of treestamps, and no other.
func open(path string) (disk.File, error) {
	f, info, err := disk.OpenState(disk.OS{}, path, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	if !format.IsTreestamps(f, info.Size) {
		return nil, errors.Join(errors.New("not written by the Python package treestamps"), f.Close())
	}
	return f, nil
}

// Programs lists the programs that have files of treestamps in a directory.
func Programs(dir string) (programs []string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	for _, e := range entries {
		program := disk.ProgramOf(e.Name())
		if program == "" || slices.Contains(programs, program) {
			continue
		}
		if f, err := open(filepath.Join(dir, e.Name())); err == nil {
			programs = append(programs, program)
			f.Close()
		}
	}
	return programs
}
