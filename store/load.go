package store

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
)

// state is what the two files of a tree held at one moment. A file that cannot
// be read, or must not be trusted, counts as missing and leaves a problem.
type state struct {
	wal *wal // nil where there is none

	// The snapshot: read in place, or, where it was written by hand, as a
	// whole. Both are nil where there is none, or none that counts.
	file    file
	info    fileInfo
	src     *source
	trailer *trailer
	hand    *overlay
	header  header
	hash    string // of the snapshot's config, "" where there is no snapshot
	stamps  int64  // in the snapshot, whether they count or not
	known   bool   // header is what the snapshot says

	walErr, snapErr error // why a file counts as missing, or as damaged in part
	walBad          error // damaged records, which cost only themselves

	mu       sync.Mutex
	salvaged *source // the sound part of a damaged snapshot
	sound    int64   // stamps in it
}

// loadTries bounds how often a reader starts again because a dump replaced the
// files between its two opens. In the end it takes what it has: at worst a
// stamp that is older than the newest.
const loadTries = 8

// load reads the state without a lock: first the WAL, then the snapshot. A
// dump in between makes a stamp be seen twice, never not at all.
func load(fsys fileSystem, n names, sc scope) *state {
	if err := n.usable(fsys); err != nil {
		return &state{walErr: err}
	}
	for try := 1; ; try++ {
		st := &state{}
		opened, err := st.loadWAL(fsys, n, sc)
		if err != nil {
			st.walErr = stateError(n.wal, err)
		}
		if err := st.loadSnapshot(fsys, n, sc.program); err != nil {
			st.snapErr = stateError(n.snapshot, err)
		}
		named, err := fsys.lstat(n.wal)
		same := st.wal == nil && missing(err) || err == nil && named.sameFile(opened)
		if same || st.walErr != nil || try == loadTries {
			return st
		}
		st.close()
	}
}

func (st *state) loadWAL(fsys fileSystem, n names, sc scope) (info fileInfo, err error) {
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
		st.wal, err = readWAL(f, sc)
	}
	err = errors.Join(err, f.Close())
	switch {
	case err != nil:
		st.wal = nil
	case st.wal.foreign:
		st.wal, err = nil, errForeign
	case st.wal.bad > 0:
		st.walBad = stateError(n.wal, fmt.Errorf("%s, the first in line %d: %w",
			plural(st.wal.bad, "damaged record"), st.wal.badLine, st.wal.badErr))
	}
	return info, err
}

func (st *state) loadSnapshot(fsys fileSystem, n names, program string) error {
	f, info, err := openState(fsys, n.snapshot, os.O_RDONLY)
	if missing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	st.file, st.info = f, info
	t, intact, err := readTrailer(f, info.size)
	if errors.Is(err, errNoTrailer) && isTreestamps(f, info.size) {
		return ErrTreestamps
	}
	if errors.Is(err, errNoTrailer) {
		return st.loadByHand(program)
	}
	if err != nil {
		return err
	}
	src := &source{r: f, size: t.size, sums: t.sums}
	h, err := src.readHeader(t, program)
	if !intact && (err != nil || !src.fits(t, h)) {
		// What the trailer says of the content is wrong; the content itself
		// is sound where every sum fits.
		if damage := src.verify(); damage != nil {
			return errors.Join(err, damage)
		}
		return errors.Join(st.loadByHand(program), errTrailer)
	}
	if errors.Is(err, errForeign) {
		return err
	}
	st.src, st.trailer, st.header, st.known = src, t, h, err == nil
	st.stamps, st.hash = t.stamps, t.hash
	if err == nil && !intact {
		err = errTrailer
	}
	return err
}

var errTrailer = errors.New("damaged trailer")

func (st *state) loadByHand(program string) error {
	hand, err := readHandSnapshot(st.file, st.info.size, program)
	if err != nil {
		return err
	}
	st.hand, st.header, st.known = hand.stamps, hand.header, true
	st.stamps, st.hash = hand.count, hand.config.Hash()
	if hand.bad > 0 {
		return fmt.Errorf("%s: %w", plural(hand.bad, "damaged entry"), hand.badErr)
	}
	return nil
}

func (st *state) problems() []error {
	problems := []error{st.walErr, st.walBad, st.snapshotErr()}
	return slices.DeleteFunc(problems, func(err error) bool { return err == nil })
}

// more is by how many files with a stamp an overlay adds to the snapshot, where
// that was counted, less those that it drops from there.
func (st *state) more(o *overlay, counted bool) (n int64) {
	var c *cursor
	if counted {
		c = st.cursor(timesOf)
	}
	for _, r := range o.sorted() {
		if c != nil {
			c.enter(r.dir)
		}
		for _, it := range r.items {
			before := counted && st.inSnapshot(c, r.dir, it.name)
			switch {
			case it.drop && before:
				n--
			case !it.drop && !before:
				n++
			}
		}
	}
	return n
}

// inSnapshot tells whether the snapshot has a stamp for a name, given a cursor
// that has entered its directory.
func (st *state) inSnapshot(c *cursor, dir, name string) bool {
	if c != nil {
		value, err := c.find(name)
		return err == nil && value != nil
	}
	if st.hand == nil {
		return false
	}
	twin, _ := st.hand.dirs[dir].find(name, 0)
	return twin != nil
}

// newest returns the config of the newest stamps, whether they count or not.
func (st *state) newest() (Config, bool) {
	switch {
	case st.wal != nil && st.wal.last != nil:
		return st.wal.last.config, true
	case st.known && st.stamps > 0:
		return st.header.config, true
	}
	return Config{}, false
}

// volume is the file system that the tree lay on when the newest stamps were
// made, "" where it is not known.
func (st *state) volume() string {
	if st.wal != nil && st.wal.last != nil {
		return st.wal.last.volume
	}
	return st.header.volume
}

func (st *state) close() error {
	if st.file == nil {
		return nil
	}
	f := st.file
	st.file = nil
	return f.Close()
}

// snapshotCounts tells whether the stamps of the snapshot were made under a
// config that counts.
func (st *state) snapshotCounts(sc scope) bool {
	return st.hash != "" && (sc.anyConfig || st.hash == sc.hash)
}

// cursor opens a section of the snapshot, nil where none is read in place. A
// snapshot that proved to be damaged is read from its sound part.
func (st *state) cursor(pick func(*trailer) span) *cursor {
	if st.src == nil {
		return nil
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.salvaged != nil {
		return newCursor(st.salvaged, span{0, st.salvaged.size})
	}
	return newCursor(st.src, pick(st.trailer))
}

// salvage makes cursors opened from now on read the sound part of the
// snapshot's stamps. Digests are given up: without them a file is read again.
func (st *state) salvage(path string, cause error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.salvaged != nil {
		return
	}
	sound, lost := st.src.salvage(st.trailer.times)
	sound, st.sound = onlyEntries(sound)
	st.salvaged = &source{r: bytes.NewReader(sound), size: int64(len(sound))}
	st.snapErr = stateError(path, fmt.Errorf("%w; stamps in %d bytes do not count (dump --repair leaves them out)", cause, lost))
}

// onlyEntries keeps the lines that are entries, so that what follows need not
// fear the rest, and counts them.
func onlyEntries(b []byte) (kept []byte, entries int64) {
	kept = b[:0]
	for len(b) > 0 {
		if _, _, n, err := cutEntry(b); err == nil {
			kept, b = append(kept, b[:n]...), b[n:]
			entries++
			continue
		}
		_, b, _ = bytes.Cut(b, []byte{'\n'})
	}
	return kept, entries
}

// entries is how many stamps a cursor on the snapshot will meet.
func (st *state) entries() int64 {
	if st.salvaged != nil {
		return st.sound
	}
	return st.stamps
}

func plural(n int, what string) string {
	switch {
	case n == 1:
		return "1 " + what
	case what[len(what)-1] == 'y':
		return fmt.Sprintf("%d %sies", n, what[:len(what)-1])
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func (st *state) snapshotErr() error {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.snapErr
}
