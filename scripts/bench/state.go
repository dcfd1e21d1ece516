package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
)

// The files that treefilter keeps in a tree.
const (
	snapshotName = ".treefilter_treestamps.yaml"
	walName      = ".treefilter_treestamps.wal.yaml"
)

// A state is what treefilter remembers of a tree. The three that rows start
// from are made once and kept outside the tree.
type state string

const (
	inSnapshot  state = "snapshot"     // every file, dumped
	inWAL       state = "wal"          // every file, committed and not dumped
	shuffledWAL state = "wal-shuffled" // the same, committed in no order
)

// file is where a state is kept, and where in the tree it belongs.
func (s state) file(t tree) (kept, live string) {
	name := walName
	if s == inSnapshot {
		name = snapshotName
	}
	return filepath.Join(t.work, "state", t.name()+"."+string(s)), filepath.Join(t.root, name)
}

// size is what a kept state takes on disk.
func (s state) size(t tree) int64 {
	kept, _ := s.file(t)
	info, err := os.Stat(kept)
	if err != nil {
		return 0
	}
	return info.Size()
}

// forget removes what treefilter remembers of a tree.
func forget(t tree) error {
	for _, name := range []string{snapshotName, walName} {
		if err := os.Remove(filepath.Join(t.root, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// keep copies a state out of the tree.
func (s state) keep(t tree) error {
	kept, live := s.file(t)
	return copyFile(live, kept)
}

// restore puts a copy of the state into the tree in place of any other, and
// waits until it is on disk, so that no later run pays for writing it.
func (s state) restore(t tree) error {
	if err := forget(t); err != nil {
		return err
	}
	kept, live := s.file(t)
	if err := copyFile(kept, live); err != nil {
		return err
	}
	return syncAll()
}

// syncAll waits until everything written so far is on disk.
func syncAll() error { return exec.Command("sync").Run() }

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		_ = out.Close()
		return err
	}
	return out.Close()
}
