// Package wal reads the WAL of a tree, and appends to it beside other processes.
//
// In reading order:
//
//	log.go        a whole WAL: what it says, and what it has lost
//	lock.go       the lock of a tree
//	appender.go   appending to it
//	news.go       what others have appended meanwhile, and what follows from it
package wal

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
	"treefilter/store/internal/memtable"
)

// Bounds on what a WAL may make us read and hold.
const (
	// MaxWAL bounds the file. A WAL of 40 million records fits; a sparse
	// terabyte does not.
	MaxWAL = 4 << 30
	// MaxBad bounds the lines that are no records. Damage hits a few blocks; a
	// gigabyte of short lines took a minute to be refused one by one.
	MaxBad = 100_000
)

// Log is what was read from a WAL file.
type Log struct {
	Said         *memtable.Table // the last word on each file that the program's records speak of
	Size         int64           // bytes read
	whole        int64           // of these, in whole lines
	sum          uint32          // of the whole lines
	ID           string          // of the file, "" when no open record of ours was found
	Sessions     []*format.Session
	Last         *format.Session // of the program's last set record, nil when there is none
	format.Tally                 // of the sealed records
	Vouched      format.Tally    // of those that are vouched for
	Records      int             // that say something of a file

	// Some records are missing, and it is not known of which files. Nothing
	// that is older than they were counts: no stamp of the snapshot, or none
	// that was made under another config than this hash.
	HidesAll    bool
	HidesOthers string

	Bad     int   // lines that are no record or were damaged
	BadLine int   // the first of these, counted from 1
	BadErr  error // what is wrong with it
	Torn    bool  // ends without a line end
	Foreign bool  // something else's file
	unknown error // of another version, or written by hand and not understood
}

// Reader takes a WAL line by line.
type Reader struct {
	Log
	program string
	// take gets each record that counts and says something of a file.
	take func(format.Record, *format.Session)

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

var (
	ErrTorn = errors.New("cut line")
	errLost = errors.New("records are missing before it, so that no older stamp counts")
	// errUnsound is a WAL that somebody has cut, or that is damaged all over.
	errUnsound = errors.New("no record in it can be read")
)

// Check reports why a WAL must not be trusted at all.
func (w *Log) Check() error {
	switch {
	case w.Foreign:
		return format.ErrForeign
	case w.unknown != nil:
		return w.unknown
	case len(w.Sessions) > 0 || w.Records > 0:
		return nil
	case w.Bad > 0 || w.Torn || w.Size == 0 && disk.RemoveOpen:
		return errUnsound
	}
	return nil
}

// Read reads a whole WAL. Only reading itself can fail: what is wrong with
// the content costs the lines in question and is counted.
func Read(r io.ReadSeeker, program string) (*Log, error) {
	w := NewReader(program, nil)
	if err := w.Read(r); err != nil {
		return nil, err
	}
	// An open record was damaged and a later one tells the same: now the
	// records in between can be checked.
	if w.failed && len(w.Sessions) > w.known {
		known := w.Sessions
		if _, err := r.Seek(0, io.SeekStart); err != nil {
			return nil, err
		}
		w = NewReader(program, known)
		if err := w.Read(r); err != nil {
			return nil, err
		}
	}
	w.Said.Finish()
	return &w.Log, nil
}

func NewReader(program string, known []*format.Session) *Reader {
	w := &Reader{program: program, raw: map[string]*format.Session{}, Opened: map[*format.Session]bool{}}
	w.Said = memtable.New()
	w.Sessions = known
	if len(known) > 0 {
		w.ID = known[0].ID
	}
	w.take = func(r format.Record, s *format.Session) {
		if r.Kind == format.RecordSet {
			w.Said.Set(r.Path, r.Stamp, s.Terms)
			return
		}
		w.Said.Take(r.Path, memtable.WordOf(r.Kind))
	}
	return w
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
				// Nothing vouches for what somebody has written by hand: what
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

var lineEnd = []byte{'\n'}

// CheckWALSize refuses what could keep us reading for ever: a sparse file says
// how large it is before a byte of it is read.
func CheckWALSize(size int64) error {
	if size > MaxWAL {
		return fmt.Errorf("larger than %d bytes", int64(MaxWAL))
	}
	return nil
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

// An appender ends a last line without its end, which is no record and must not
// become one by what follows: tornEnd breaks the CRC of one that was whole but for
// its line end, tornMark a record written by hand that goes over several lines.
const (
	tornEnd  = " cut"
	tornMark = "# the line above was cut"
)

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
	if bytes.HasPrefix(body, []byte("- open: ")) {
		w.open(body, crc)
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

func (w *Reader) open(body []byte, crc uint32) {
	if crc != format.Crc32Of(body) {
		w.fail(format.ErrDamaged)
		return
	}
	plain, told, vouches := format.CutAfter(body)
	if s := w.raw[string(plain)]; s != nil {
		w.Current = s
		if vouches {
			w.hear(told)
		}
		return
	}
	r, err := w.parse(body)
	s := r.Session
	switch {
	case err != nil:
		w.fail(err)
		return
	case w.ID == "":
		w.ID = s.ID
	case w.ID != s.ID:
		// A block of an older WAL, come back after a crash.
		w.fail(format.ErrDamaged)
		return
	}
	w.Current = w.meet(s)
	if s.After == nil || vouches {
		w.raw[string(plain)] = w.Current
	}
	if s.After != nil {
		w.hear(*s.After)
	}
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

// Count counts a sealed record.
func (w *Reader) Count(r format.Record, s *format.Session) {
	one := format.Tally{Takes: 1}
	if r.Kind == format.RecordSet {
		one = format.Tally{Sets: 1, Under: s.Hash}
	}
	if !w.Opened[s] {
		w.early = w.early.Plus(one)
		return
	}
	w.Tally = w.Tally.Plus(one)
}

// hear compares what an open record vouches for with what was read. A set that
// is missing costs the stamp that it made, and whatever stamp of another config
// it had replaced; anything else that is missing may have taken any stamp away.
//
// Records that only a later open record makes readable may be counted or not:
// the one before them was bent since, or a crash had taken it, and then whoever
// vouched could not read them either.
func (w *Reader) hear(told format.Tally) {
	have := w.Tally
	if w.Tally, w.Vouched = told, told; told == have {
		w.early = format.Tally{}
		return
	}
	have, w.early = have.Plus(w.early), format.Tally{}
	if told == have {
		return
	}
	if told.Takes == have.Takes && told.Sets > have.Sets && told.Under != "" && (have.Sets == 0 || have.Under == told.Under) {
		w.HidesOthers = told.Under
	} else {
		w.fail(errLost)
		w.HidesAll = true
		if w.Said != nil {
			w.Said = memtable.New()
		}
	}
}

func (w *Reader) apply(r format.Record, s *format.Session) {
	if err := format.CheckPath(format.StringView(r.Path)); err != nil {
		w.fail(err)
		return
	}
	if r.Kind == format.RecordSet && s.Program != w.program {
		return
	}
	w.Records++
	if r.Kind == format.RecordSet {
		w.Last = s
	}
	w.take(r, s)
}
