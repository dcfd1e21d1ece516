package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
)

// The program names under which treefilter keeps several states of one tree side by
// side. The empty one is its own.
const (
	bare    = "bare"    // a snapshot without listings
	older   = "older"   // what the treefilter of --before keeps
	scratch = "scratch" // what a row makes and takes away
	mixed   = "mixed"   // the same, from paths in no order
)

// stateFiles are the two files of a program, the snapshot first.
func stateFiles(t tree, program string) (snapshot, wal string) {
	if program == "" {
		program = "treefilter"
	}
	base := filepath.Join(t.root, "."+program+"_treestamps")
	return base + ".yaml", base + ".wal.yaml"
}

// stateCount is how many files treefilter keeps in the tree at present. They count for
// the floor.
func stateCount(t tree) int {
	n := t.others
	entries, err := os.ReadDir(t.root)
	if err != nil || len(t.flags) > 0 {
		return n
	}
	for _, e := range entries {
		if stateName.MatchString(e.Name()) {
			n++
		}
	}
	return n
}

// forget removes what is kept of a tree under a program name.
func forget(t tree, program string) error {
	snapshot, wal := stateFiles(t, program)
	return errors.Join(remove(wal), remove(snapshot))
}

func remove(file string) error {
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// forgetAll removes all that is kept of a tree of our own.
func forgetAll(t tree) error {
	var errs []error
	for _, program := range []string{"", bare, older, scratch, mixed} {
		errs = append(errs, forget(t, program))
	}
	return errors.Join(append(errs, os.RemoveAll(stateDir(t)))...)
}

// stateDir is where the state of a tree of our own lies that is not in the tree.
func stateDir(t tree) string { return filepath.Join(t.work, "state", t.name) }

// A kept file is a copy of a state file, outside the tree.
type kept struct{ live, copy string }

func keep(t tree, file string) (kept, error) {
	k := kept{live: file, copy: filepath.Join(t.work, "state", t.name+filepath.Base(file))}
	return k, copyFile(file, k.copy)
}

// restore puts the copy in place of whatever the program has there, and waits until it
// is on disk, so that no later run pays for writing it.
func (k kept) restore(t tree, program string) error {
	return errors.Join(forget(t, program), copyFile(k.copy, k.live), syncAll())
}

func (k kept) remove() error { return remove(k.copy) }

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
