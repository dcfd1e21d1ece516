package store

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Bounds on what a WAL may make us read and hold.
const (
	// maxRecord bounds a line: a path of maxPath bytes, all of it escaped, or
	// an open record with a large config.
	maxRecord = 512 << 10
	// maxWAL bounds the file. A WAL of 40 million records fits; a sparse
	// terabyte does not.
	maxWAL = 4 << 30
	// maxHandWAL bounds the text that goes to yaml.v3, which takes a second
	// for every 20 MB or so.
	maxHandWAL = 32 << 20
)

// scope says which stamps count: those of this program made under this config,
// or under any.
type scope struct {
	program   string
	hash      string
	anyConfig bool
}

func (sc scope) holds(s *session) bool {
	return s.program == sc.program && (sc.anyConfig || s.hash == sc.hash)
}

// wal is what was read from a WAL file.
type wal struct {
	stamps   *overlay
	size     int64      // bytes read
	id       string     // of the file, "" when no open record of ours was found
	sessions []*session // in order of first appearance
	last     *session   // of the last set record, nil when there is none
	records  int        // set and drop records
	sets     int        // set records under any config
	void     *overlay   // stamps of set records that do not count
	voided   *session   // of the last of these
	bad      int        // lines that are no record or were damaged
	badLine  int        // the first of these, counted from 1
	badErr   error      // what is wrong with it
	torn     bool       // ends without a line end
	foreign  bool       // something else's file
}

// walReader takes a WAL line by line.
type walReader struct {
	wal
	scope     scope
	current   *session            // whose records follow
	raw       map[string]*session // open lines seen: each batch repeats its own
	block     []byte              // a record written by hand, which may go on in the next line
	blockLine int                 // where it begins
	lineNo    int
	hand      yamlBudget
	failed    bool // a sealed line fitted no session
	known     int  // sessions known when the first of these was met
	ours      bool // there was a sealed line
}

// errDamaged is a record or a block whose CRC does not fit: bent, or of another
// file.
var errDamaged = errors.New("checksum mismatch")

var errTorn = errors.New("cut line")

// readWAL reads a whole WAL. Only reading itself can fail: what is wrong with
// the content costs the lines in question and is counted.
func readWAL(r io.ReadSeeker, sc scope) (*wal, error) {
	w := &walReader{scope: sc}
	if err := w.read(r, nil); err != nil {
		return nil, err
	}
	// An open record was damaged and a later one tells the same: now the
	// records in between can be checked.
	if w.failed && len(w.sessions) > w.known {
		known := w.sessions
		w = &walReader{scope: sc}
		if _, err := r.Seek(0, io.SeekStart); err != nil {
			return nil, err
		}
		if err := w.read(r, known); err != nil {
			return nil, err
		}
	}
	w.stamps.finish()
	w.void.finish()
	return &w.wal, nil
}

func (w *walReader) read(r io.Reader, known []*session) error {
	w.stamps, w.void = newOverlay(), newOverlay()
	w.raw = map[string]*session{}
	for _, s := range known {
		w.sessions = append(w.sessions, s)
		if w.id == "" {
			w.id = s.id
		}
	}
	in := bufio.NewReaderSize(io.LimitReader(r, maxWAL+1), maxRecord)
	for {
		line, err := in.ReadSlice('\n')
		w.size += int64(len(line))
		if err := checkWALSize(w.size); err != nil {
			return err
		}
		switch {
		case err == nil:
			w.lineNo++
			w.line(line[:len(line)-1])
		case errors.Is(err, bufio.ErrBufferFull):
			w.lineNo++
			w.fail(fmt.Errorf("line of more than %d bytes", maxRecord))
			if err := w.skipLine(in); err != nil {
				return err
			}
		case errors.Is(err, io.EOF):
			// A last line without its end was cut: a cut number still parses,
			// as a wrong one.
			w.torn = len(line) > 0
			w.endBlock()
			w.foreign = w.foreign && len(w.sessions) == 0 && w.sets == 0 && !w.ours
			return nil
		default:
			return err
		}
	}
}

// checkWALSize refuses what could keep us reading for ever: a sparse file says
// how large it is before a byte of it is read.
func checkWALSize(size int64) error {
	if size > maxWAL {
		return fmt.Errorf("larger than %d bytes", int64(maxWAL))
	}
	return nil
}

// skipLine reads on to the end of an overlong line.
func (w *walReader) skipLine(in *bufio.Reader) error {
	for {
		part, err := in.ReadSlice('\n')
		w.size += int64(len(part))
		if err := checkWALSize(w.size); err != nil {
			return err
		}
		if err == nil || errors.Is(err, io.EOF) {
			return nil
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
}

func (w *walReader) fail(err error) {
	w.bad++
	if w.badErr == nil {
		w.badErr, w.badLine = err, w.lineNo
	}
}

// tornMark is what an appender puts behind a last line without its end, which
// is no record and must not become one now.
const tornMark = "# the line above was cut"

func (w *walReader) line(line []byte) {
	if w.block != nil && string(line) == tornMark {
		w.block = nil
		w.fail(errTorn)
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
		w.sealed(line, body, crc)
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
		// A comment behind a record can only be its CRC: were another one
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
		w.apply(r, newSession(w.scope.program, "", Config{}))
		w.last = last
		return
	}
	w.apply(r, w.current)
}

// sealed takes a line that carries a CRC.
func (w *walReader) sealed(line, body []byte, crc uint32) {
	w.ours = true
	if bytes.HasPrefix(body, []byte("- open: ")) {
		w.open(line, body, crc)
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

func (w *walReader) open(line, body []byte, crc uint32) {
	if s := w.raw[string(line)]; s != nil {
		w.current = s
		return
	}
	if crc != crc32Of(body) {
		w.fail(errDamaged)
		return
	}
	r, err := w.parse(body)
	switch {
	case err != nil:
		w.fail(err)
		return
	case w.id == "":
		w.id = r.session.id
	case w.id != r.session.id:
		// A block of an older WAL, come back after a crash.
		w.fail(errDamaged)
		return
	}
	w.raw[string(line)] = r.session
	w.sessions = append(w.sessions, r.session)
	w.current = r.session
}

func (w *walReader) apply(r record, s *session) {
	if err := checkPath(stringView(r.path)); err != nil {
		w.fail(err)
		return
	}
	w.records++
	if r.kind == recordDrop {
		// Whatever the config: forgetting a stamp hides nothing.
		w.stamps.drop(r.path)
		w.void.drop(r.path)
		return
	}
	w.sets++
	w.last = s
	if !w.scope.holds(s) {
		w.void.set(r.path, r.time, nil)
		w.voided = s
		if s.program == w.scope.program {
			// What was made of the file last was made under another config.
			w.stamps.drop(r.path)
		}
		return
	}
	w.stamps.set(r.path, r.time, r.digest)
}
