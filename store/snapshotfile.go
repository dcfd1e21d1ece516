package store

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"sync"
)

// snapshot is a snapshot as it was at one moment: read in place, or, where it was
// written by hand, as a whole. Both src and hand are nil where there is none that
// counts.
type snapshot struct {
	path    string
	file    file
	info    fileInfo
	src     *source
	trailer *trailer
	hand    *handSnapshot
	header  header
	parts   []*part // one for each config that it holds stamps of, the newest first

	mu      sync.Mutex // guards snapErr and what was salvaged
	snapErr error      // why it counts as missing, or as damaged in part
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

// openSnapshot opens a snapshot. What is wrong with it shows in its error.
func openSnapshot(fsys fileSystem, path, program string) *snapshot {
	s := &snapshot{path: path}
	if err := s.load(fsys, program); err != nil {
		s.snapErr = stateError(path, err)
	}
	return s
}

func (s *snapshot) load(fsys fileSystem, program string) error {
	f, info, err := openState(fsys, s.path, os.O_RDONLY)
	if missing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	s.file, s.info = f, info
	t, intact, err := readTrailer(f, info.size)
	if errors.Is(err, errNoTrailer) && isTreestamps(f, info.size) {
		return ErrTreestamps
	}
	if errors.Is(err, errNoTrailer) {
		return s.loadByHand(program)
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
		return errors.Join(s.loadByHand(program), errTrailer)
	}
	err = s.loadInPlace(src, t, program)
	if !intact && (err != nil || s.parts[0].configErr != nil) {
		return errors.Join(s.loadByHand(program), errTrailer)
	}
	if err == nil && !intact {
		err = errTrailer
	}
	return err
}

// loadInPlace takes a sealed snapshot: where its parts are, and their configs.
func (s *snapshot) loadInPlace(src *source, t *trailer, program string) error {
	if len(t.sections) == 0 || t.sections[0].kind != timesSection {
		return errTrailer
	}
	first := t.sections[0]
	h, err := src.readHeader(first.at, first.hash, program)
	if errors.Is(err, errForeign) {
		return err
	}
	s.src, s.trailer, s.header = src, t, h
	at := int64(0)
	for i := range t.sections {
		sec := &t.sections[i]
		if sec.kind == timesSection {
			p := &part{terms: &terms{hash: sec.hash}, stamps: sec.entries, times: sec, digests: t.find(digestsSection, sec.hash)}
			switch {
			case i == 0 && err != nil:
				p.configErr = err
			case i == 0:
				p.terms = h.terms
			default:
				p.config, p.configErr = src.readOther(span{at, sec.at})
			}
			s.parts = append(s.parts, p)
		}
		at = sec.end
	}
	for _, p := range s.parts {
		if p.configErr == nil && p.hash != p.config.Hash() {
			p.configErr = errDamaged
		}
		err = cmp.Or(err, p.configErr)
	}
	return err
}

var errTrailer = errors.New("damaged trailer")

func (s *snapshot) loadByHand(program string) error {
	s.src, s.trailer, s.parts = nil, nil, nil
	hand, err := readHandSnapshot(s.file, s.info.size, program)
	if err != nil {
		return err
	}
	s.hand, s.header = hand, hand.header
	s.parts = []*part{{terms: hand.terms, stamps: hand.stamps[hand.terms]}}
	for under, n := range hand.stamps {
		if under != hand.terms {
			s.parts = append(s.parts, &part{terms: under, stamps: n})
		}
	}
	if hand.bad > 0 {
		return fmt.Errorf("%s: %w", plural(hand.bad, "damaged entry"), hand.badErr)
	}
	return nil
}

// Close gives the file up.
func (s *snapshot) Close() error {
	if s.file == nil {
		return nil
	}
	f := s.file
	s.file = nil
	return f.Close()
}

// readable reports whether there is a snapshot that can be read, in part at
// least.
func (s *snapshot) readable() bool { return len(s.parts) > 0 }

// timesOf opens the stamps of a part, nil where none are read in place. A part
// that proved to be damaged is read as far as it is sound.
func (s *snapshot) timesOf(p *part) *cursor {
	if p.times == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.salvaged != nil {
		return newCursor(p.salvaged, span{0, p.salvaged.size})
	}
	return newCursor(s.src, p.times.span)
}

// digestsOf opens the digests of a part, nil where there are none.
func (s *snapshot) digestsOf(p *part) *cursor {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.digests == nil || p.digests.entries == 0 {
		return nil
	}
	return newCursor(s.src, p.digests.span)
}

// salvage makes cursors opened from now on read the sound part of damaged
// stamps. Digests are given up: without them a file is read again.
func (s *snapshot) salvage(p *part, cause error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.salvaged != nil {
		return
	}
	sound, lost := s.src.salvage(p.times.span)
	sound, p.sound = onlyEntries(sound)
	p.salvaged = &source{r: bytes.NewReader(sound), size: int64(len(sound))}
	p.digests = nil
	s.snapErr = stateError(s.path, fmt.Errorf("%w; stamps in %d bytes do not count (dump --repair leaves them out)", cause, lost))
}

// salvageAll does so with every section: the damage may be in any.
func (s *snapshot) salvageAll(cause error) {
	for _, p := range s.parts {
		if p.times != nil {
			s.salvage(p, cause)
		}
	}
	if dropped := s.trailer.find(droppedSection, ""); dropped != nil {
		dropped.kind = "" // a failure that is forgotten leaves its file pending all the same
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

func (s *snapshot) snapshotErr() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.snapErr
}
