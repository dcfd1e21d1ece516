//go:build linux

package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// keptState is the state of a run where it lies on another disk than the work:
// one that keeps its power. The zero value is none.
type keptState struct {
	kind string
	dir  string
}

const (
	stateApart = "a state directory on another disk"
	stateAbove = "a tree that begins on another disk"
)

// each calls do for every state file, for WALs before snapshots: so a dump that
// goes on meanwhile shows a stamp twice, never not at all.
func (s keptState) each(do func(path string) error) error {
	if s.kind == "" {
		return nil
	}
	folder := s.dir
	if s.kind == stateApart {
		folder = filepath.Join(s.dir, "*") // that of the tree
	}
	for _, name := range []string{walName, snapshotName} {
		found, err := filepath.Glob(filepath.Join(folder, name))
		if err != nil {
			return err
		}
		for _, path := range found {
			if err := do(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

// read returns what the state files hold.
func (s keptState) read() (map[string]string, error) {
	files := map[string]string{}
	return files, s.each(func(path string) error {
		content, err := os.ReadFile(path)
		if err == nil {
			files[path] = string(content)
		}
		return err
	})
}

// write replaces the state files.
func (s keptState) write(files map[string]string) error {
	err := s.forget()
	for path, content := range files {
		err = errors.Join(err, os.WriteFile(path, []byte(content), 0o666))
	}
	return err
}

func (s keptState) forget() error { return s.each(os.Remove) }
