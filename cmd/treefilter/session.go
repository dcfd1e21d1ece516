package main

import (
	"context"
	"io"
	"os"
	"sync/atomic"

	"golang.org/x/term"
)

// A command is what the command line selects: it fills a job and hands it to
// package filter.
type command interface {
	run(ctx context.Context, s *session) (needsWork bool, err error)
}

// A session is one run of the program: its streams, and whether a path went
// wrong on the way.
type session struct {
	in     io.Reader
	out    io.Writer
	voice  *voice
	warned atomic.Bool
}

// warn says what went wrong with one path or one tree while the rest goes on.
func (s *session) warn(err error) {
	s.warned.Store(true)
	s.voice.say(err)
}

// isTerminal reports whether a stream, either way, is a terminal.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
