package main

import (
	"io"
	"os"
)

// print hands on what a command printed. Where stdout and stderr are one place,
// nothing of ours comes in between; where they are two, a reader of stdout that
// takes its time holds up no message.
func (s *stdio) print(stdout, stderr io.WriterTo) error {
	if isSameFile(s.out, s.voice.w) {
		return s.voice.lend(func(io.Writer) error { return whole(s.out, stdout) })
	}
	if _, err := stdout.WriteTo(s.out); err != nil {
		return err
	}
	return s.voice.lend(func(w io.Writer) error {
		_ = whole(w, stderr) // when it is closed or full, work goes on
		return nil
	})
}

// whole writes text, and on a terminal ends its last line: what comes next would
// be drawn over it.
func whole(w io.Writer, text io.WriterTo) error {
	if !isTerminal(w) {
		_, err := text.WriteTo(w)
		return err
	}
	last := &lastByte{w: w, is: '\n'}
	_, err := text.WriteTo(last)
	if err == nil && last.is != '\n' {
		_, err = io.WriteString(w, "\n")
	}
	return err
}

// lastByte remembers the last byte written.
type lastByte struct {
	w  io.Writer
	is byte
}

func (l *lastByte) Write(p []byte) (int, error) {
	if len(p) > 0 {
		l.is = p[len(p)-1]
	}
	return l.w.Write(p)
}

// isSameFile reports whether two streams are one terminal, pipe or file.
func isSameFile(a, b any) bool {
	fileA, okA := a.(*os.File)
	fileB, okB := b.(*os.File)
	if !okA || !okB {
		return false
	}
	infoA, errA := fileA.Stat()
	infoB, errB := fileB.Stat()
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}
