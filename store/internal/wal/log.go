// Package wal reads the WAL of a tree, and appends to it beside other processes.
//
// Each file uses those that come after it in this list:
//
//	sync.go                making a WAL durable, and vouching for it
//	appender.go append.go  what is appended to it, and how
//	catchup.go news.go     what others have appended meanwhile, and what follows from
//	                       it for what we append
//	lock.go                the lock of a tree
//	reader.go identity.go  a whole WAL, line by line; the records that name their log
//	loss.go                records that are missing
//	log.go                 what it says
package wal

import (
	"errors"
	"fmt"
	"io"

	"treefilter/store/internal/format"
	"treefilter/store/internal/words"
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
	Said         *words.Words // the last word on each file that the program's records speak of
	Size         int64        // bytes read
	Lines        int          // whole ones
	whole        int64        // of these, in whole lines
	sum          uint32       // of the whole lines
	ID           string       // of the file, "" when no open record of ours was found
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

var (
	errLost = errors.New("records are missing before it, so that no older stamp counts")
	// errUnsound is a WAL that was cut, or that is damaged all over.
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
	case w.Bad > 0 || w.Torn || w.Size == 0:
		return errUnsound
	}
	return nil
}

// Read reads a whole WAL. Only reading itself can fail: what is wrong with
// the content costs the lines in question and is counted.
func Read(r io.ReadSeeker, program string, room words.Room) (*Log, error) {
	return read(r, program, room, nil)
}

// ReadSegment reads a whole segment into memory: segment gets the records that no WAL
// has, once or twice, and the line that each stands in.
func ReadSegment(r io.ReadSeeker, program string, segment func(format.SegmentRecord, int)) (*Log, error) {
	return read(r, program, words.Room{}, segment)
}

func read(r io.ReadSeeker, program string, room words.Room, segment func(format.SegmentRecord, int)) (*Log, error) {
	w := NewReader(program, room, nil)
	w.segment = segment
	if err := w.Read(r); err != nil {
		return nil, errors.Join(err, w.said.Close())
	}
	// An open record was damaged and a later one says the same: now the
	// records in between can be checked.
	if w.failed && len(w.Sessions) > w.known {
		known := w.Sessions
		_, err := r.Seek(0, io.SeekStart)
		if err = errors.Join(err, w.said.Close()); err != nil {
			return nil, err
		}
		w = NewReader(program, room, known)
		w.segment = segment
		if err := w.Read(r); err != nil {
			return nil, errors.Join(err, w.said.Close())
		}
	}
	w.Lines = w.lineNo
	return w.Finish()
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

// An appender ends a last line without its end, which is no record and must not
// become one by what follows: tornEnd breaks the CRC of one that was whole but for
// its line end, tornMark a record written by hand that goes over several lines.
const (
	tornEnd  = " cut"
	tornMark = "# the line above was cut"
)
