package wal

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"

	"treefilter/store/internal/format"
	"treefilter/store/internal/memtable"
	"treefilter/store/internal/words"
)

// Reader takes a WAL line by line.
type Reader struct {
	Log
	program string
	said    *words.Sorter
	// take gets each record that counts and says something of a file.
	take func(format.Record, *format.Session)
	// segment, where not nil, gets the records that only a segment has, and the
	// line of each.
	segment func(format.SegmentRecord, int)

	Current   *format.Session            // whose records follow
	raw       map[string]*format.Session // open records seen: each batch repeats its own
	Opened    map[*format.Session]bool   // whose open record was met on this reading
	early     format.Tally               // of records that were met before that
	block     []byte                     // a record written by hand, which may go on in the next line
	blockLine int                        // where it begins
	lineNo    int
	Hand      format.YamlBudget
	failed    bool // a sealed line fitted no session
	known     int  // sessions known when the first of these was met
	ours      bool // there was a sealed line
}

func NewReader(program string, room words.Room, known []*format.Session) *Reader {
	w := &Reader{program: program, said: words.NewSorter(room), raw: map[string]*format.Session{}, Opened: map[*format.Session]bool{}}
	w.Sessions = known
	if len(known) > 0 {
		w.ID = known[0].ID
	}
	w.take = func(r format.Record, s *format.Session) {
		if r.Kind == format.RecordSet {
			w.said.Set(r.Path, r.Stamp, s.Terms)
			return
		}
		if r.Failure != nil {
			w.said.Fail(r.Path, r.Failure)
			return
		}
		w.said.Take(r.Path, memtable.WordOf(r.Kind))
	}
	return w
}

// Finish returns what was read.
func (w *Reader) Finish() (log *Log, err error) {
	w.Said, err = w.said.Finish()
	return &w.Log, err
}

// resume makes the reader go on where another has ended.
func (w *Reader) resume(past *Log) {
	w.Sessions, w.ID, w.ours = past.Sessions, past.ID, true
	w.Tally, w.Vouched = past.Tally, past.Vouched
	for _, s := range w.Sessions {
		w.Opened[s] = true
	}
}

// Read takes lines to the end of r.
func (w *Reader) Read(r io.Reader) error {
	in := format.LineReader{R: io.LimitReader(r, MaxWAL+1)}
	for {
		line, size, err := in.Next()
		w.Size += size
		if err := CheckWALSize(w.Size); err != nil {
			return err
		}
		switch {
		case err == nil:
			w.lineNo++
			w.Line(line)
			w.whole, w.sum = w.Size, crc32.Update(crc32.Update(w.sum, format.Castagnoli, line), format.Castagnoli, lineEnd)
		case err == format.ErrLongLine:
			w.lineNo++
			w.fail(fmt.Errorf("line of more than %d bytes", format.MaxRecord))
		case errors.Is(err, io.EOF):
			// A last line without its end was cut: a cut number still parses,
			// as a wrong one.
			if w.Torn = size > 0; w.Torn {
				w.block = nil // it may go on in that line
			}
			w.EndBlock()
			w.Foreign = w.Foreign && len(w.Sessions) == 0 && w.Records == 0 && !w.ours
			if w.Bad > 0 && !w.ours && w.Records > 0 {
				// Nothing vouches for what was written by hand: what
				// cannot be read may take a stamp away.
				w.unknown = fmt.Errorf("line %d: %w", w.BadLine, w.BadErr)
			}
			return nil
		default:
			return err
		}
		if w.Bad > MaxBad {
			return fmt.Errorf("more than %d lines that are no records", MaxBad)
		}
	}
}

func (w *Reader) fail(err error) {
	if errors.Is(err, format.ErrForeign) {
		w.unknown = err
	}
	w.Bad++
	if w.BadErr == nil {
		w.BadErr, w.BadLine = err, w.lineNo
	}
}

func (w *Reader) Line(line []byte) {
	if w.block != nil && string(line) == tornMark {
		w.block = nil
		return
	}
	if w.block != nil {
		if len(line) > 0 && line[0] == ' ' && len(w.block)+len(line) < format.MaxRecord {
			w.block = append(append(w.block, line...), '\n')
			return
		}
		w.EndBlock()
	}
	if body, crc, sealed := format.CutCRC(line); sealed {
		w.sealed(body, crc)
		return
	}
	text := bytes.TrimRight(line, " \r")
	switch {
	case len(text) == 0 || text[0] == '#':
	case text[0] != '-':
		w.Foreign = w.Foreign || w.Bad == 0 && bytes.ContainsRune(text, ':')
		w.fail(errors.New("not a record"))
	case bytes.HasSuffix(text, []byte{':'}) && !bytes.ContainsAny(text, `"{#`):
		w.Begin(text)
	case !bytes.HasSuffix(text, []byte{'}'}):
		// A comment after a record can only be its CRC: were another one
		// believed, two flipped bits could pass for a record made by hand.
		w.fail(format.ErrDamaged)
	default:
		w.Begin(text)
	}
}

func (w *Reader) Begin(text []byte) {
	w.block, w.blockLine = append(bytes.Clone(text), '\n'), w.lineNo
}

func (w *Reader) EndBlock() {
	if w.block == nil {
		return
	}
	next := w.lineNo
	w.lineNo = w.blockLine
	w.byHand(w.block)
	w.block, w.lineNo = nil, next
}

// parse reads a record through yaml.v3, as long as not too much of that was
// asked for.
func (w *Reader) parse(text []byte) (format.Record, error) {
	if !w.Hand.Spend(text) {
		return format.Record{}, fmt.Errorf("more than %d bytes of records not as we write them", format.MaxHandWAL)
	}
	return format.ParseHandRecord(text)
}

func (w *Reader) byHand(text []byte) {
	r, err := w.parse(text)
	if err != nil {
		w.fail(err)
		return
	}
	if r.Kind == format.RecordOpen {
		w.Current = r.Session
		return
	}
	if w.Current == nil {
		// Without an open it says nothing of the tree's config.
		last := w.Last
		w.apply(r, format.NewSession(w.program, "", format.Config{}))
		w.Last = last
		return
	}
	w.apply(r, w.Current)
}

// sealed takes a line that carries a CRC.
func (w *Reader) sealed(body []byte, crc uint32) {
	w.ours = true
	switch {
	case bytes.HasPrefix(body, []byte("- open: ")):
		w.open(body, crc)
		return
	case w.segment != nil && format.IsSegmentRecord(body):
		w.ofSegment(body, crc)
		return
	}
	s := w.sealer(body, crc)
	if s == nil {
		if !w.failed {
			w.failed, w.known = true, len(w.Sessions)
		}
		w.fail(format.ErrDamaged)
		return
	}
	r, ok := format.ParseRecord(body)
	if !ok {
		var err error
		if r, err = w.parse(body); err != nil {
			w.fail(err)
			return
		}
	}
	w.Count(r, s)
	w.apply(r, s)
}

// sealer finds the session whose CRC this is. It is the current one, unless
// the open record before this record was damaged.
func (w *Reader) sealer(body []byte, crc uint32) *format.Session {
	if w.Current != nil && w.Current.Sum(body) == crc {
		return w.Current
	}
	// No more than this, lest a WAL of many configs and many bent lines keep
	// us busy for ever.
	const tried = 64
	for _, s := range w.Sessions[max(0, len(w.Sessions)-tried):] {
		if s.Sum(body) == crc {
			return s
		}
	}
	return nil
}

// meet returns the session of that config, of which there is one.
func (w *Reader) meet(s *format.Session) *format.Session {
	if i := slices.IndexFunc(w.Sessions, func(o *format.Session) bool {
		return o.Hash == s.Hash && o.Volume == s.Volume && o.Program == s.Program
	}); i >= 0 {
		s = w.Sessions[i]
	} else {
		w.Sessions = append(w.Sessions, s)
	}
	w.Opened[s] = true
	return s
}

func (w *Reader) apply(r format.Record, s *format.Session) {
	if err := format.CheckPath(format.StringView(r.Path)); err != nil {
		w.fail(err)
		return
	}
	if r.Kind == format.RecordSet && s.Program != w.program {
		return
	}
	switch {
	case r.Failure == nil:
	case s.Program == w.program:
		r.Failure.Under = s.Hash
	default:
		r.Failure = nil
	}
	w.Records++
	if r.Kind == format.RecordSet {
		w.Last = s
	}
	w.take(r, s)
}
