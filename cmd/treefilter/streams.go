package main

import (
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"

	"treefilter/walk"
)

// stdio is what one run of the program reads and says.
type stdio struct {
	in    io.Reader
	out   io.Writer
	voice *voice
	exit  atomic.Int32 // the exit code, unless an error ends the run
}

// warn says what went wrong with one path or one tree while the rest goes on.
func (s *stdio) warn(err error) {
	s.exit.Store(exitIncomplete)
	s.voice.say(err)
}

// stdout returns where to print what must not get lost. A write fails where
// stdout is not open.
//
// exec and the flags that ask for an answer print to s.out: see isNotOpen for who
// may have opened /dev/null there after all. A job that is run like this must not
// stop at the first command that prints something, and a version is asked for just
// to see whether there is one.
func (s *stdio) stdout() io.Writer {
	if isNotOpen(s.out) {
		return notOpen{}
	}
	return s.out
}

// notOpen takes the place of a stdout that is not open.
type notOpen struct{}

func (notOpen) Write([]byte) (int, error) { return 0, errors.New("stdout is closed") }

// stdin returns where paths come from. A stdin that is not open is no empty list.
func (s *stdio) stdin() (io.Reader, error) {
	if isNotOpen(s.in) {
		return nil, errors.New("stdin is closed")
	}
	return s.in, nil
}

// fileOf returns which file a stream goes to, and the zero FileID for what is no
// regular file.
func fileOf(stream any) walk.FileID {
	f, ok := stream.(*os.File)
	if !ok {
		return walk.FileID{}
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return walk.FileID{}
	}
	return identify(f)
}

// emptyStdin returns what stdin is where no paths can be meant to come from it, and
// otherwise "". A cron job and a systemd unit have /dev/null.
func (s *stdio) emptyStdin() string {
	f, ok := s.in.(*os.File)
	switch {
	case isNotOpen(s.in):
		return "closed"
	case isTerminal(s.in):
		return "a terminal"
	case ok && isNull(f):
		return os.DevNull
	}
	return ""
}

// announced calls say before the first read.
type announced struct {
	io.Reader
	once sync.Once
	say  func()
}

func (a *announced) Read(p []byte) (int, error) {
	a.once.Do(a.say)
	return a.Reader.Read(p)
}

// isNotOpen reports whether a standard stream was not open when the program began.
func isNotOpen(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && isStandIn(f)
}
