package filter

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"treefilter/store/state"
	"treefilter/walk"
)

// Settings are what was given as the program config of a run.
type Settings struct {
	Config state.Config
	// Depends become part of the config tree by tree: see state.Tree.Config.
	Depends []state.Dependency
	// Files are those that were read for either.
	Files []ConfigFile
}

// ConfigFile is a file that decides the outcome.
type ConfigFile struct {
	Name  string     // as given
	mtime state.Time // when it was modified, or made to lead to another file
	read  fs.FileInfo
}

// ReadConfig makes settings of what the command line gives: a YAML mapping in a
// file ("" for none), pairs of KEY=VALUE (the value is YAML) that override it, and
// files whose content decides the outcome.
func ReadConfig(pairs []string, file string, depends []string) (s Settings, err error) {
	if file != "" {
		if err := s.readFile(file); err != nil {
			return s, err
		}
	}
	if s.Config, err = with(s.Config, pairs); err != nil {
		return s, fmt.Errorf("config %w", err)
	}
	if len(depends) > 0 && s.Config.Has(state.DependsKey) {
		return s, errors.New("depends: the config has a setting of that name")
	}
	for _, file := range depends {
		if err := s.readDependency(file); err != nil {
			return s, err
		}
	}
	return s, nil
}

// ReadDefaults makes what settings count as where a config lacks them of pairs of
// KEY=VALUE (the value is YAML).
func ReadDefaults(pairs []string) (state.Config, error) {
	c, err := with(state.Config{}, pairs)
	if err != nil {
		err = fmt.Errorf("default %w", err)
	}
	return c, err
}

// ReadNames checks names of files that decide about what lies beside and below them.
func ReadNames(names []string) ([]string, error) {
	for _, name := range names {
		if name == "." || name == ".." || strings.ContainsAny(name, "/\x00") || !utf8.ValidString(name) || state.IsStateName(name) {
			return nil, fmt.Errorf("depends name %s: not the name of a setting file", name)
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(names))), nil
}

// with returns a config with some more settings.
func with(c state.Config, pairs []string) (_ state.Config, err error) {
	for _, pair := range pairs {
		key, value, ok := strings.Cut(pair, "=")
		if !ok || key == "" || !utf8.ValidString(key) {
			return c, fmt.Errorf("%s: not of the form KEY=VALUE", pair)
		}
		if c, err = c.With(key, value); err != nil {
			return c, fmt.Errorf("%s: %w", pair, err)
		}
	}
	return c, nil
}

func (s *Settings) readFile(name string) error {
	var text []byte
	err := s.read(name, func(r io.Reader) (err error) {
		text, err = io.ReadAll(r)
		return err
	})
	if err != nil {
		return err
	}
	if s.Config, err = state.ParseConfig(text); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func (s *Settings) readDependency(name string) error {
	path, err := dependencyPath(name)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(s.Depends, func(d state.Dependency) bool { return d.Path == path }) {
		return nil
	}
	return s.read(name, func(r io.Reader) error {
		d, err := digest(context.Background(), r, make([]byte, readSize))
		s.Depends = append(s.Depends, state.Dependency{Path: path, SHA256: d.SHA256})
		return err
	})
}

// dependencyPath returns the path that a file is known by, however it is spelled.
// Where a pipe lies (/dev/fd is /proc/PID/fd) is another place each time.
func dependencyPath(name string) (string, error) {
	if info, err := os.Stat(name); err != nil || !info.Mode().IsRegular() {
		abs, err := filepath.Abs(name)
		return filepath.ToSlash(abs), err
	}
	dir, file := filepath.Split(name)
	if dir == "" {
		dir = "."
	}
	dir, err := state.RealDir(dir)
	return strings.TrimSuffix(dir, "/") + "/" + file, err
}

// read reads a file, which may as well be a pipe, and notes when it was modified.
// What is read of a regular file is what was there at that time: one that is
// written meanwhile, and may be read half old and half new, is an error.
func (s *Settings) read(name string, read func(io.Reader) error) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	before, err := f.Stat()
	if err != nil {
		return err
	}
	if err := read(f); err != nil {
		return err
	}
	after, err := f.Stat()
	if err != nil {
		return err
	}
	if before.Mode().IsRegular() && !after.ModTime().Equal(before.ModTime()) {
		return &pathError{name, errors.New("modified while it was read")}
	}
	info, err := walk.Stat(name)
	if err != nil {
		return err
	}
	s.Files = append(s.Files, ConfigFile{name, state.Time{Sec: info.Sec, Nsec: info.Nsec}, after})
	return nil
}

// ErrConfigModified is a ConfigFile that the work may have seen as it was before
// the moment of Since.
var ErrConfigModified = errors.New("modified since the given moment")

// errConfigEdited is a ConfigFile that the work may have seen in another state than
// that which was read.
var errConfigEdited = errors.New("modified since it was read: nothing more is stamped")

// olderThan refuses files that may have been modified at or after a moment: an
// mtime only says in which tick.
func olderThan(moment state.Time, files []ConfigFile) error {
	for _, f := range files {
		if state.TickEnd(f.mtime).Compare(moment) > 0 {
			return &pathError{f.Name, ErrConfigModified}
		}
	}
	return nil
}

// filesOnClockOf returns those files whose mtimes can be compared with the moment of
// a tree. All were compared with that of this machine.
func filesOnClockOf(t *state.Tree, files []ConfigFile) []ConfigFile {
	return slices.DeleteFunc(slices.Clone(files), func(f ConfigFile) bool { return !t.OwnClock(f.Name) })
}

// asRead refuses files that are no longer what was read. A pipe is read but once.
func asRead(files []ConfigFile) error {
	for _, f := range files {
		if !f.read.Mode().IsRegular() {
			continue
		}
		info, err := os.Stat(f.Name)
		if err != nil || !os.SameFile(info, f.read) || !info.ModTime().Equal(f.read.ModTime()) {
			return &pathError{f.Name, errConfigEdited}
		}
	}
	return nil
}
