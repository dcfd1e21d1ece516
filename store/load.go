package store

import (
	"errors"
	"fmt"
	"os"
	"slices"
)

// state is what the two files of a tree held at one moment. A file that cannot
// be read, or must not be trusted, leaves a problem; a WAL that cannot be read
// voids the snapshot too, since it may have taken back what that says.
type state struct {
	wal *wal // nil where there is none
	*snapshot

	walErr error // why the WAL cannot be read
	walBad error // damaged records
}

// loadTries bounds how often a reader starts again because a dump replaced the
// files between its two opens. In the end it takes what it has: at worst a
// stamp that is older than the newest.
const loadTries = 8

// load reads the state without a lock: first the WAL, then the snapshot. A
// dump in between makes a stamp be seen twice, never not at all.
func load(fsys fileSystem, n names, program string) *state {
	if err := n.usable(fsys); err != nil {
		return &state{walErr: err, snapshot: &snapshot{}}
	}
	for try := 1; ; try++ {
		st := &state{}
		opened, err := st.loadWAL(fsys, n, program)
		if err != nil {
			st.walErr = stateError(n.wal, err)
		}
		st.snapshot = openSnapshot(fsys, n.snapshot, program)
		named, err := fsys.lstat(n.wal)
		same := st.wal == nil && missing(err) || err == nil && named.sameFile(opened)
		if same || st.walErr != nil || try == loadTries {
			if st.hand != nil {
				st.hand.said = st.hand.said.without(func(it *item) bool { return it.kind == wordSet && st.hides(it.under.hash) })
			}
			return st
		}
		st.Close()
	}
}

func (st *state) loadWAL(fsys fileSystem, n names, program string) (info fileInfo, err error) {
	f, info, err := openState(fsys, n.wal, os.O_RDONLY)
	if missing(err) {
		return info, nil
	}
	if err != nil {
		return info, err
	}
	if isTreestamps(f, info.size) {
		err = ErrTreestamps
	} else if err = checkWALSize(info.size); err == nil {
		st.wal, err = readWAL(f, program)
	}
	if err == nil {
		err = st.wal.check()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		st.wal = nil
		return info, err
	}
	if st.wal.bad > 0 {
		st.walBad = stateError(n.wal, fmt.Errorf("%s, the first in line %d: %w",
			plural(st.wal.bad, "damaged record"), st.wal.badLine, st.wal.badErr))
	}
	return info, err
}

// hides reports whether the stamps of the snapshot that were made under a
// config do not count, because what is known of the WAL does not rule out that
// it has taken them back.
func (st *state) hides(hash string) bool {
	switch {
	case st.walErr != nil:
		return true
	case st.wal == nil:
		return false
	}
	return st.wal.hidesAll || st.wal.hidesOthers != "" && st.wal.hidesOthers != hash
}

func (st *state) problems() []error {
	problems := []error{st.walErr, st.walBad, st.snapshotErr()}
	return slices.DeleteFunc(problems, func(err error) bool { return err == nil })
}

// newest returns the config of the newest stamps, whether they count or not,
// nil where there are none.
func (st *state) newest() *terms {
	switch {
	case st.wal != nil && st.wal.last != nil:
		return st.wal.last.terms
	case len(st.parts) > 0 && st.parts[0].stamps > 0 && st.parts[0].configErr == nil:
		return st.parts[0].terms
	}
	return nil
}

// volume is the file system that the tree lay on when the newest stamps were
// made, "" where it is not known.
func (st *state) volume() string {
	if st.wal != nil && st.wal.last != nil {
		return st.wal.last.volume
	}
	return st.header.volume
}

// inMemory returns what is known of files and not read in place.
func (st *state) inMemory() *overlay {
	var all []*overlay
	if st.hand != nil {
		all = append(all, st.hand.said)
	}
	if st.wal != nil {
		all = append(all, st.wal.said)
	}
	return joined(all...)
}
