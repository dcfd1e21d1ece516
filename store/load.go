package store

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
)

// state is what the two files of a tree held at one moment. A file that cannot
// be read, or must not be trusted, leaves a problem; a WAL that cannot be read
// voids the snapshot too, since it may have taken back what that says.
type state struct {
	wal *wal // nil where there is none

	// The snapshot: read in place, or, where it was written by hand, as a
	// whole. Both src and hand are nil where there is none that counts.
	file    file
	info    fileInfo
	src     *source
	trailer *trailer
	hand    *handSnapshot
	header  header
	parts   []*part // one for each config that it holds stamps of, the newest first

	walErr, snapErr error // why a file counts as missing, or as damaged in part
	walBad          error // damaged records

	mu sync.Mutex // guards snapErr and what was salvaged
}

// part is the stamps of a snapshot that were made under one config.
type part struct {
	*terms
	// configErr is why the config itself cannot be read; its hash is known.
	configErr      error
	stamps         int64
	times, digests *section // in place; nil where there are none

	salvaged *source // the sound part of damaged times
	sound    int64   // stamps in it
}

// loadTries bounds how often a reader starts again because a dump replaced the
// files between its two opens. In the end it takes what it has: at worst a
// stamp that is older than the newest.
const loadTries = 8

// load reads the state without a lock: first the WAL, then the snapshot. A
// dump in between makes a stamp be seen twice, never not at all.
func load(fsys fileSystem, n names, program string) *state {
	if err := n.usable(fsys); err != nil {
		return &state{walErr: err}
	}
	for try := 1; ; try++ {
		st := &state{}
		opened, err := st.loadWAL(fsys, n, program)
		if err != nil {
			st.walErr = stateError(n.wal, err)
		}
		if err := st.loadSnapshot(fsys, n, program); err != nil {
			st.snapErr = stateError(n.snapshot, err)
		}
		named, err := fsys.lstat(n.wal)
		same := st.wal == nil && missing(err) || err == nil && named.sameFile(opened)
		if same || st.walErr != nil || try == loadTries {
			if st.hand != nil {
				st.hand.said = st.hand.said.without(func(it *item) bool { return it.kind == wordSet && st.hides(it.under.hash) })
			}
			return st
		}
		st.close()
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
		st.walBad = stateError(n.wal, fmt.Errorf("damaged records: %d, the first in line %d: %w",
			st.wal.bad, st.wal.badLine, st.wal.badErr))
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
	if !intact && (t.sections == nil || !src.fits(t)) {
		// What the trailer says of the content is wrong; the content itself
		// is sound where every sum fits.
		if damage := src.verify(); damage != nil {
			return errors.Join(errTrailer, damage)
		}
		return errors.Join(st.loadByHand(program), errTrailer)
	}
	err = st.loadInPlace(src, t, program)
	if !intact && (err != nil || st.parts[0].configErr != nil) {
		return errors.Join(st.loadByHand(program), errTrailer)
	}
	if err == nil && !intact {
		err = errTrailer
	}
	return err
}

// loadInPlace takes a sealed snapshot: where its parts are, and their configs.
func (st *state) loadInPlace(src *source, t *trailer, program string) error {
	if len(t.sections) == 0 || t.sections[0].kind != timesSection {
		return errTrailer
	}
	first := t.sections[0]
	h, err := src.readHeader(first.at, first.hash, program)
	if errors.Is(err, errForeign) {
		return err
	}
	st.src, st.trailer, st.header = src, t, h
	at := int64(0)
	for i := range t.sections {
		s := &t.sections[i]
		if s.kind == timesSection {
			p := &part{terms: &terms{hash: s.hash}, stamps: s.entries, times: s, digests: t.find(digestsSection, s.hash)}
			switch {
			case i == 0 && err != nil:
				p.configErr = err
			case i == 0:
				p.terms = h.terms
			default:
				p.config, p.configErr = src.readOther(span{at, s.at})
			}
			st.parts = append(st.parts, p)
		}
		at = s.end
	}
	for _, p := range st.parts {
		if p.configErr == nil && p.hash != p.config.Hash() {
			p.configErr = errDamaged
		}
		err = cmp.Or(err, p.configErr)
	}
	return err
}

var errTrailer = errors.New("damaged trailer")

func (st *state) loadByHand(program string) error {
	st.src, st.trailer, st.parts = nil, nil, nil
	hand, err := readHandSnapshot(st.file, st.info.size, program)
	if err != nil {
		return err
	}
	st.hand, st.header = hand, hand.header
	st.parts = []*part{{terms: hand.terms, stamps: hand.stamps[hand.terms]}}
	for under, n := range hand.stamps {
		if under != hand.terms {
			st.parts = append(st.parts, &part{terms: under, stamps: n})
		}
	}
	if hand.bad > 0 {
		return fmt.Errorf("damaged entries: %d, such as: %w", hand.bad, hand.badErr)
	}
	return nil
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

func (st *state) close() error {
	if st.file == nil {
		return nil
	}
	f := st.file
	st.file = nil
	return f.Close()
}

// hasSnapshot reports whether there is a snapshot that can be read, in part at
// least.
func (st *state) hasSnapshot() bool { return len(st.parts) > 0 }

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

// timesOf opens the stamps of a part, nil where none are read in place. A part
// that proved to be damaged is read as far as it is sound.
func (st *state) timesOf(p *part) *cursor {
	if p.times == nil {
		return nil
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	if p.salvaged != nil {
		return newCursor(p.salvaged, span{0, p.salvaged.size})
	}
	return newCursor(st.src, p.times.span)
}

// digestsOf opens the digests of a part, nil where there are none.
func (st *state) digestsOf(p *part) *cursor {
	st.mu.Lock()
	defer st.mu.Unlock()
	if p.digests == nil || p.digests.entries == 0 {
		return nil
	}
	return newCursor(st.src, p.digests.span)
}

// salvage makes cursors opened from now on read the sound part of damaged
// stamps. Digests are given up: without them a file is read again.
func (st *state) salvage(p *part, path string, cause error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if p.salvaged != nil {
		return
	}
	sound, lost := st.src.salvage(p.times.span)
	sound, p.sound = onlyEntries(sound)
	p.salvaged = &source{r: bytes.NewReader(sound), size: int64(len(sound))}
	p.digests = nil
	st.snapErr = stateError(path, &DamageError{fmt.Errorf("%w; stamps in %d bytes do not count", cause, lost)})
}

// salvageAll does so with every section: the damage may be in any.
func (st *state) salvageAll(path string, cause error) {
	for _, p := range st.parts {
		if p.times != nil {
			st.salvage(p, path, cause)
		}
	}
	if s := st.trailer.find(droppedSection, ""); s != nil {
		s.kind = "" // a failure that is forgotten leaves its file pending all the same
	}
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

// entries is how many stamps a cursor on the part will meet.
func (p *part) entries() int64 {
	if p.salvaged != nil {
		return p.sound
	}
	return p.stamps
}

func (st *state) snapshotErr() error {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.snapErr
}
