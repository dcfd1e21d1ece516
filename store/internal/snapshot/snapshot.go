// Package snapshot reads a snapshot: in place, where its trailer seals it, or as a
// whole, where it was written by hand.
//
// Each file uses those that come after it in this list:
//
//	snapshot.go            the snapshot as a whole, and what is sound of a damaged one
//	hand.go header.go      one written by hand; what one says of itself
//	scratch.go             entries in a temporary file, that are read as those of one
//	cursor.go window.go    lookups in it, side by side with a walk
//	source.go              the file, block by block, each checked against its sum
package snapshot

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"sync"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
)

// Snapshot is a snapshot as it was at one moment: read in place, or, where it was
// written by hand, as a whole. Both src and hand are nil where there is none that
// counts.
type Snapshot struct {
	path    string
	File    disk.File
	Info    disk.Info
	Src     *source
	Trailer *format.Trailer
	Hand    *handSnapshot
	Header  format.Header
	Parts   []*Part // one for each config that it holds stamps of, the newest first

	mu      sync.Mutex // guards SnapErr and what was salvaged
	SnapErr error      // why it counts as missing, or as damaged in part
}

// Part is the stamps of a snapshot that were made under one config.
type Part struct {
	*format.Terms
	// ConfigErr is why the config itself cannot be read; its hash is known.
	ConfigErr      error
	Stamps         int64
	Times, Digests *format.Section // in place; nil where there are none

	Salvaged *source // the sound part of damaged times
	sound    int64   // stamps in it
}

// Open opens a snapshot. What is wrong with it shows in its error.
func Open(fsys disk.FS, path, program string) *Snapshot {
	s := &Snapshot{path: path}
	if err := s.load(fsys, program); err != nil {
		s.SnapErr = disk.Wrap(path, err)
	}
	return s
}

func (s *Snapshot) load(fsys disk.FS, program string) error {
	f, info, err := disk.OpenState(fsys, s.path, os.O_RDONLY)
	if disk.IsMissing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	s.File, s.Info = f, info
	t, intact, err := format.ReadTrailer(f, info.Size)
	if errors.Is(err, format.ErrNoTrailer) && format.IsTreestamps(f, info.Size) {
		return format.ErrTreestamps
	}
	if errors.Is(err, format.ErrNoTrailer) {
		return s.loadByHand(program)
	}
	if err != nil {
		return err
	}
	src := &source{r: f, size: t.Size, sums: t.Sums}
	if !intact && (t.Sections == nil || !src.fits(t)) {
		// What the trailer says of the content is wrong; the content itself
		// is sound where every sum fits.
		if damage := src.Verify(); damage != nil {
			return errors.Join(errTrailer, damage)
		}
		return errors.Join(s.loadByHand(program), errTrailer)
	}
	err = s.loadInPlace(src, t, program)
	if !intact && (err != nil || s.Parts[0].ConfigErr != nil) {
		return errors.Join(s.loadByHand(program), errTrailer)
	}
	if err == nil && !intact {
		err = errTrailer
	}
	return err
}

// loadInPlace takes a sealed snapshot: where its parts are, and their configs.
func (s *Snapshot) loadInPlace(src *source, t *format.Trailer, program string) error {
	if len(t.Sections) == 0 || t.Sections[0].Kind != format.TimesSection {
		return errTrailer
	}
	first := t.Sections[0]
	h, err := src.readHeader(first.At, first.Hash, program)
	if errors.Is(err, format.ErrForeign) {
		return err
	}
	s.Src, s.Trailer, s.Header = src, t, h
	at := int64(0)
	for i := range t.Sections {
		sec := &t.Sections[i]
		if sec.Kind == format.TimesSection {
			p := &Part{Terms: &format.Terms{Hash: sec.Hash}, Stamps: sec.Entries, Times: sec, Digests: t.Find(format.DigestsSection, sec.Hash)}
			switch {
			case i == 0 && err != nil:
				p.ConfigErr = err
			case i == 0:
				p.Terms = h.Terms
			default:
				p.Config, p.ConfigErr = src.readOther(format.Span{At: at, End: sec.At})
			}
			s.Parts = append(s.Parts, p)
		}
		at = sec.End
	}
	for _, p := range s.Parts {
		if p.ConfigErr == nil && p.Hash != p.Config.Hash() {
			p.ConfigErr = format.ErrDamaged
		}
		err = cmp.Or(err, p.ConfigErr)
	}
	return err
}

var errTrailer = errors.New("damaged trailer")

func (s *Snapshot) loadByHand(program string) error {
	s.Src, s.Trailer, s.Parts = nil, nil, nil
	hand, err := readHandSnapshot(s.File, s.Info.Size, program)
	if err != nil {
		return err
	}
	s.Hand, s.Header = hand, hand.Header
	s.Parts = []*Part{{Terms: hand.Terms, Stamps: hand.stamps[hand.Terms]}}
	for under, n := range hand.stamps {
		if under != hand.Terms {
			s.Parts = append(s.Parts, &Part{Terms: under, Stamps: n})
		}
	}
	if hand.bad > 0 {
		return fmt.Errorf("damaged entries: %d, such as: %w", hand.bad, hand.badErr)
	}
	return nil
}

// Close gives the file up.
func (s *Snapshot) Close() error {
	if s.File == nil {
		return nil
	}
	f := s.File
	s.File = nil
	return f.Close()
}

// Readable reports whether there is a snapshot that can be read, in part at
// least.
func (s *Snapshot) Readable() bool { return len(s.Parts) > 0 }

// TimesOf opens the stamps of a part, nil where none are read in place. A part
// that proved to be damaged is read as far as it is sound.
func (s *Snapshot) TimesOf(p *Part) *Cursor {
	if p.Times == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.Salvaged != nil {
		return NewCursor(p.Salvaged, format.Span{At: 0, End: p.Salvaged.size})
	}
	return NewCursor(s.Src, p.Times.Span)
}

// DigestsOf opens the digests of a part, nil where there are none.
func (s *Snapshot) DigestsOf(p *Part) *Cursor {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.Digests == nil || p.Digests.Entries == 0 {
		return nil
	}
	return NewCursor(s.Src, p.Digests.Span)
}

// Listings opens the listings made on a boot of the machine, nil where there are none.
func (s *Snapshot) Listings(boot string) *Cursor {
	if s.Trailer == nil || boot == "" || s.Header.Boot != boot {
		return nil
	}
	sec := s.Trailer.Find(format.ListingsSection, "")
	if sec == nil {
		return nil
	}
	return NewCursor(s.Src, sec.Span)
}

// Intact reports whether no block that a cursor may read is damaged.
func (c *Cursor) Intact() bool { return c.src.verify(c.Span) == nil }

// Salvage makes cursors opened from now on read the sound part of damaged
// stamps. Digests are given up: without them a file is read again.
func (s *Snapshot) Salvage(p *Part, cause error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.Salvaged != nil {
		return
	}
	sound, lost := s.Src.salvage(p.Times.Span)
	sound, p.sound = onlyEntries(sound)
	p.Salvaged = &source{r: bytes.NewReader(sound), size: int64(len(sound))}
	p.Digests = nil
	s.SnapErr = disk.Wrap(s.path, &disk.DamageError{Err: fmt.Errorf("%w; stamps in %d bytes do not count", cause, lost)})
}

// SalvageAll does so with every section: the damage may be in any.
func (s *Snapshot) SalvageAll(cause error) {
	for _, p := range s.Parts {
		if p.Times != nil {
			s.Salvage(p, cause)
		}
	}
	if dropped := s.Trailer.Find(format.DroppedSection, ""); dropped != nil {
		dropped.Kind = "" // a failure that is forgotten leaves its file pending all the same
	}
}

// onlyEntries keeps the lines that are entries, so that what follows need not
// fear the rest, and counts them.
func onlyEntries(b []byte) (kept []byte, entries int64) {
	kept = b[:0]
	for len(b) > 0 {
		if _, _, n, err := format.CutEntry(b); err == nil {
			kept, b = append(kept, b[:n]...), b[n:]
			entries++
			continue
		}
		_, b, _ = bytes.Cut(b, []byte{'\n'})
	}
	return kept, entries
}

// Entries is how many stamps a cursor on the part will meet.
func (p *Part) Entries() int64 {
	if p.Salvaged != nil {
		return p.sound
	}
	return p.Stamps
}

func (s *Snapshot) SnapshotErr() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.SnapErr
}
