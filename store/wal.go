package store

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
)

// Bounds on what a WAL may make us read and hold.
const (
	// maxWAL bounds the file. A WAL of 40 million records fits; a sparse
	// terabyte does not.
	maxWAL = 4 << 30
	// maxBad bounds the lines that are no records. Damage hits a few blocks; a
	// gigabyte of short lines took a minute to be refused one by one.
	maxBad = 100_000
)

// wal is what was read from a WAL file.
type wal struct {
	said     *overlay // the last word on each file that the program's records speak of
	size     int64    // bytes read
	whole    int64    // of these, in whole lines
	sum      uint32   // of the whole lines
	id       string   // of the file, "" when no open record of ours was found
	sessions []*session
	last     *session // of the program's last set record, nil when there is none
	tally             // of the sealed records
	vouched  tally    // of those that are vouched for
	records  int      // that say something of a file

	// Some records are missing, and it is not known of which files. Nothing
	// that is older than they were counts: no stamp of the snapshot, or none
	// that was made under another config than this hash.
	hidesAll    bool
	hidesOthers string

	bad     int   // lines that are no record or were damaged
	badLine int   // the first of these, counted from 1
	badErr  error // what is wrong with it
	torn    bool  // ends without a line end
	foreign bool  // something else's file
	unknown error // of another version, or written by hand and not understood
}

// walReader takes a WAL line by line.
type walReader struct {
	wal
	program string
	// take gets each record that counts and says something of a file.
	take func(record, *session)

	current   *session            // whose records follow
	raw       map[string]*session // open records seen: each batch repeats its own
	opened    map[*session]bool   // whose open record was met on this reading
	early     tally               // of records that were met before that
	block     []byte              // a record written by hand, which may go on in the next line
	blockLine int                 // where it begins
	lineNo    int
	hand      yamlBudget
	failed    bool // a sealed line fitted no session
	known     int  // sessions known when the first of these was met
	ours      bool // there was a sealed line
}

var (
	errTorn = errors.New("cut line")
	errLost = errors.New("records are missing before it, so that no older stamp counts")
	// errUnsound is a WAL that somebody has cut, or that is damaged all over.
	errUnsound = errors.New("no record in it can be read")
)

// check reports why a WAL must not be trusted at all.
func (w *wal) check() error {
	switch {
	case w.foreign:
		return errForeign
	case w.unknown != nil:
		return w.unknown
	case len(w.sessions) > 0 || w.records > 0:
		return nil
	case w.bad > 0 || w.torn || w.size == 0 && removeOpen:
		return errUnsound
	}
	return nil
}

// readWAL reads a whole WAL. Only reading itself can fail: what is wrong with
// the content costs the lines in question and is counted.
func readWAL(r io.ReadSeeker, program string) (*wal, error) {
	w := newWALReader(program, nil)
	if err := w.read(r); err != nil {
		return nil, err
	}
	// An open record was damaged and a later one tells the same: now the
	// records in between can be checked.
	if w.failed && len(w.sessions) > w.known {
		known := w.sessions
		if _, err := r.Seek(0, io.SeekStart); err != nil {
			return nil, err
		}
		w = newWALReader(program, known)
		if err := w.read(r); err != nil {
			return nil, err
		}
	}
	w.said.finish()
	return &w.wal, nil
}

func newWALReader(program string, known []*session) *walReader {
	w := &walReader{program: program, raw: map[string]*session{}, opened: map[*session]bool{}}
	w.said = newOverlay()
	w.sessions = known
	if len(known) > 0 {
		w.id = known[0].id
	}
	w.take = func(r record, s *session) {
		if r.kind == recordSet {
			w.said.set(r.path, r.stamp, s.terms)
			return
		}
		w.said.take(r.path, wordOf(r.kind))
	}
	return w
}

// resume makes the reader go on where another has ended.
func (w *walReader) resume(past *wal) {
	w.sessions, w.id, w.ours = past.sessions, past.id, true
	w.tally, w.vouched = past.tally, past.vouched
	for _, s := range w.sessions {
		w.opened[s] = true
	}
}

// read takes lines to the end of r.
func (w *walReader) read(r io.Reader) error {
	in := lineReader{r: io.LimitReader(r, maxWAL+1)}
	for {
		line, size, err := in.next()
		w.size += size
		if err := checkWALSize(w.size); err != nil {
			return err
		}
		switch {
		case err == nil:
			w.lineNo++
			w.line(line)
			w.whole, w.sum = w.size, crc32.Update(crc32.Update(w.sum, castagnoli, line), castagnoli, lineEnd)
		case err == errLongLine:
			w.lineNo++
			w.fail(fmt.Errorf("line of more than %d bytes", maxRecord))
		case errors.Is(err, io.EOF):
			// A last line without its end was cut: a cut number still parses,
			// as a wrong one.
			if w.torn = size > 0; w.torn {
				w.block = nil // it may go on in that line
			}
			w.endBlock()
			w.foreign = w.foreign && len(w.sessions) == 0 && w.records == 0 && !w.ours
			if w.bad > 0 && !w.ours && w.records > 0 {
				// Nothing vouches for what somebody has written by hand: what
				// cannot be read may take a stamp away.
				w.unknown = fmt.Errorf("line %d: %w", w.badLine, w.badErr)
			}
			return nil
		default:
			return err
		}
		if w.bad > maxBad {
			return fmt.Errorf("more than %d lines that are no records", maxBad)
		}
	}
}

var lineEnd = []byte{'\n'}

// checkWALSize refuses what could keep us reading for ever: a sparse file says
// how large it is before a byte of it is read.
func checkWALSize(size int64) error {
	if size > maxWAL {
		return fmt.Errorf("larger than %d bytes", int64(maxWAL))
	}
	return nil
}

func (w *walReader) fail(err error) {
	if errors.Is(err, errForeign) {
		w.unknown = err
	}
	w.bad++
	if w.badErr == nil {
		w.badErr, w.badLine = err, w.lineNo
	}
}

// An appender ends a last line without its end, which is no record and must not
// become one by what follows: tornEnd breaks the CRC of one that was whole but for
// its line end, tornMark a record written by hand that goes over several lines.
const (
	tornEnd  = " cut"
	tornMark = "# the line above was cut"
)

func (w *walReader) line(line []byte) {
	if w.block != nil && string(line) == tornMark {
		w.block = nil
		return
	}
	if w.block != nil {
		if len(line) > 0 && line[0] == ' ' && len(w.block)+len(line) < maxRecord {
			w.block = append(append(w.block, line...), '\n')
			return
		}
		w.endBlock()
	}
	if body, crc, sealed := cutCRC(line); sealed {
		w.sealed(body, crc)
		return
	}
	text := bytes.TrimRight(line, " \r")
	switch {
	case len(text) == 0 || text[0] == '#':
	case text[0] != '-':
		w.foreign = w.foreign || w.bad == 0 && bytes.ContainsRune(text, ':')
		w.fail(errors.New("not a record"))
	case bytes.HasSuffix(text, []byte{':'}) && !bytes.ContainsAny(text, `"{#`):
		w.begin(text)
	case !bytes.HasSuffix(text, []byte{'}'}):
		// A comment after a record can only be its CRC: were another one
		// believed, two flipped bits could pass for a record made by hand.
		w.fail(errDamaged)
	default:
		w.begin(text)
	}
}

func (w *walReader) begin(text []byte) {
	w.block, w.blockLine = append(bytes.Clone(text), '\n'), w.lineNo
}

func (w *walReader) endBlock() {
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
func (w *walReader) parse(text []byte) (record, error) {
	if !w.hand.spend(text) {
		return record{}, fmt.Errorf("more than %d bytes of records not as we write them", maxHandWAL)
	}
	return parseHandRecord(text)
}

func (w *walReader) byHand(text []byte) {
	r, err := w.parse(text)
	if err != nil {
		w.fail(err)
		return
	}
	if r.kind == recordOpen {
		w.current = r.session
		return
	}
	if w.current == nil {
		// Without an open it says nothing of the tree's config.
		last := w.last
		w.apply(r, newSession(w.program, "", Config{}))
		w.last = last
		return
	}
	w.apply(r, w.current)
}

// sealed takes a line that carries a CRC.
func (w *walReader) sealed(body []byte, crc uint32) {
	w.ours = true
	if bytes.HasPrefix(body, []byte("- open: ")) {
		w.open(body, crc)
		return
	}
	s := w.sealer(body, crc)
	if s == nil {
		if !w.failed {
			w.failed, w.known = true, len(w.sessions)
		}
		w.fail(errDamaged)
		return
	}
	r, ok := parseRecord(body)
	if !ok {
		var err error
		if r, err = w.parse(body); err != nil {
			w.fail(err)
			return
		}
	}
	w.count(r, s)
	w.apply(r, s)
}

// sealer finds the session whose CRC this is. It is the current one, unless
// the open record before this record was damaged.
func (w *walReader) sealer(body []byte, crc uint32) *session {
	if w.current != nil && w.current.sum(body) == crc {
		return w.current
	}
	// No more than this, lest a WAL of many configs and many bent lines keep
	// us busy for ever.
	const tried = 64
	for _, s := range w.sessions[max(0, len(w.sessions)-tried):] {
		if s.sum(body) == crc {
			return s
		}
	}
	return nil
}

func (w *walReader) open(body []byte, crc uint32) {
	if crc != crc32Of(body) {
		w.fail(errDamaged)
		return
	}
	plain, told, vouches := cutAfter(body)
	if s := w.raw[string(plain)]; s != nil {
		w.current = s
		if vouches {
			w.hear(told)
		}
		return
	}
	r, err := w.parse(body)
	s := r.session
	switch {
	case err != nil:
		w.fail(err)
		return
	case w.id == "":
		w.id = s.id
	case w.id != s.id:
		// A block of an older WAL, come back after a crash.
		w.fail(errDamaged)
		return
	}
	w.current = w.meet(s)
	if s.after == nil || vouches {
		w.raw[string(plain)] = w.current
	}
	if s.after != nil {
		w.hear(*s.after)
	}
}

// meet returns the session of that config, of which there is one.
func (w *walReader) meet(s *session) *session {
	if i := slices.IndexFunc(w.sessions, func(o *session) bool { return o.hash == s.hash && o.volume == s.volume && o.program == s.program }); i >= 0 {
		s = w.sessions[i]
	} else {
		w.sessions = append(w.sessions, s)
	}
	w.opened[s] = true
	return s
}

// count counts a sealed record.
func (w *walReader) count(r record, s *session) {
	one := tally{takes: 1}
	if r.kind == recordSet {
		one = tally{sets: 1, under: s.hash}
	}
	if !w.opened[s] {
		w.early = w.early.plus(one)
		return
	}
	w.tally = w.tally.plus(one)
}

// hear compares what an open record vouches for with what was read. A set that
// is missing costs the stamp that it made, and whatever stamp of another config
// it had replaced; anything else that is missing may have taken any stamp away.
//
// Records that only a later open record makes readable may be counted or not:
// the one before them was bent since, or a crash had taken it, and then whoever
// vouched could not read them either.
func (w *walReader) hear(told tally) {
	have := w.tally
	if w.tally, w.vouched = told, told; told == have {
		w.early = tally{}
		return
	}
	have, w.early = have.plus(w.early), tally{}
	if told == have {
		return
	}
	if told.takes == have.takes && told.sets > have.sets && told.under != "" && (have.sets == 0 || have.under == told.under) {
		w.hidesOthers = told.under
	} else {
		w.fail(errLost)
		w.hidesAll = true
		if w.said != nil {
			w.said = newOverlay()
		}
	}
}

func (w *walReader) apply(r record, s *session) {
	if err := checkPath(stringView(r.path)); err != nil {
		w.fail(err)
		return
	}
	if r.kind == recordSet && s.program != w.program {
		return
	}
	w.records++
	if r.kind == recordSet {
		w.last = s
	}
	w.take(r, s)
}
