package state

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"

	"treefilter/store/internal/disk"
)

// Claim claims a file, given by its path relative to the tree, for work on it,
// and reports whether no other process has: then it is this one's until Release,
// or the process's end. Where claims are not to be had every file is free.
func (t *Tree) Claim(path string) (free bool, err error) {
	if err := t.Writable(); err != nil {
		return false, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.claims == nil {
		if t.claims, err = t.opt.fsys.OpenWork(t.root); err != nil {
			return false, err
		}
	}
	// A lock of the WAL keeps two from asking at once; segments have none.
	own, err := t.ownSegment()
	if err == nil && !own {
		_, err = t.app.Lock()
	}
	if err != nil {
		return false, err
	}
	free, err = t.claims.Claim(t.claimKey(path))
	if !own {
		err = errors.Join(err, t.app.Unlock())
	}
	if errors.Is(err, disk.ErrNoClaims) {
		return true, nil
	}
	return free, err
}

// Release gives a claim up.
func (t *Tree) Release(path string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.claims == nil {
		return nil
	}
	err := t.claims.Release(t.claimKey(path))
	if errors.Is(err, disk.ErrNoClaims) {
		return nil
	}
	return err
}

// claimKey is the same for all who work on a file for one program. Two files
// with the same key merely have to wait for each other.
func (t *Tree) claimKey(path string) uint64 {
	sum := sha256.Sum256([]byte(t.opt.Program + "\x00" + path))
	return binary.BigEndian.Uint64(sum[:])
}
