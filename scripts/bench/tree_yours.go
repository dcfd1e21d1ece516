package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// runYours measures on the tree of --tree.
func (b *bench) runYours() error {
	root, err := filepath.EvalSymlinks(b.Tree)
	if err != nil {
		return err
	}
	if root, err = filepath.Abs(root); err != nil {
		return err
	}
	if b.Work == root || strings.HasPrefix(b.Work, strings.TrimSuffix(root, "/")+"/") {
		return fmt.Errorf("%s lies in %s, where nothing must be written: name another WORK", b.Work, root)
	}
	state, err := os.MkdirTemp(b.Work, yours)
	if err != nil {
		return err
	}
	defer os.RemoveAll(state)
	t := tree{name: yours, root: root, work: b.Work, flags: []string{"--state-dir", state}}
	defer func() {
		for _, list := range []string{t.list(), t.shuffled(), t.names()} {
			_ = os.Remove(list)
		}
	}()
	before, err := fingerprint(root)
	if err != nil {
		return err
	}
	if err := b.writeLists(&t); err != nil {
		return err
	}
	failed := b.runTree(t)
	after, err := fingerprint(root)
	if err == nil && after != before {
		err = fmt.Errorf("something in %s is not what it was before: measure again while nothing changes", root)
	}
	if err == nil {
		b.note("Nothing in the tree was written: names, inodes, modes, sizes, mtimes and ctimes are what they were.")
	}
	return errors.Join(failed, err)
}

// fingerprint changes with anything in a tree but contents and atimes; and no content
// changes without its ctime.
func fingerprint(root string) (string, error) {
	sum := sha256.New()
	find := exec.Command("find", root, "-printf", `%p %y %i %m %n %s %T@ %C@\0`)
	find.Stdout, find.Stderr = sum, os.Stderr
	if err := find.Run(); err != nil {
		return "", fmt.Errorf("find %s: %w", root, err)
	}
	return fmt.Sprintf("%x", sum.Sum(nil)), nil
}
