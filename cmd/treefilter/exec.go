package main

import (
	"context"
	"io"
	"os"
	"strconv"
	"sync/atomic"

	"github.com/alecthomas/kong"

	"treefilter/filter"
	"treefilter/walk"
)

// execCommand runs a command on the files that need work.
type execCommand struct {
	trees
	command []string

	Jobs          count    `short:"j" placeholder:"N" help:"commands at once (one a processor)"`
	Batch         count    `placeholder:"N" help:"paths per command, at most (1)"`
	FailFast      bool     `help:"start no more commands once one has failed"`
	Since         string   `placeholder:"start|FILE|TIME" help:"leave files unstamped that are not older"`
	IgnoreMissing bool     `help:"pass over paths that are gone, without a warning"`
	Dump          dumpMode `placeholder:"auto|always|never" help:"when to fold the WAL into the snapshot (auto)"`
	NoSync        bool     `help:"for work without results: no sync before stamps"`
	EmptyConfig   bool     `help:"no config is meant, not forgotten"`
	Stdin         bool     `help:"read paths from stdin; ROOTs only name the trees"`
	verboseFlag
	delimiterFlags
	detectFlag
	selectionFlags
	configFlags
}

const (
	execName  = "exec"
	execUsage = "treefilter exec [ROOT...] -- COMMAND [ARG...]"
)

func (*execCommand) page() page {
	return page{
		usage:   execUsage,
		example: `treefilter exec -j 8 /photos -- ./optimize --quality 90 {}`,
		text: `Runs COMMAND on each file that needs work, {} being its path, and commits those
it succeeds for. --since start: if unchanged since COMMAND began.`,
		exits: `0         all done; 1: some files failed and stay pending (each is named)
2         usage; state or a ROOT that cannot be read; output failure
126, 127  COMMAND cannot be run, was not found; 130, 143: SIGINT, SIGTERM`,
	}
}

func (c *execCommand) run(ctx context.Context, s *session) (needsWork bool, err error) {
	job, err := c.job(s)
	if err != nil {
		return false, err
	}
	refuseTerminal()
	if job.In == nil {
		moreProcs()
	}
	var release func()
	job.Signals, release = everySignal(ctx)
	defer release()
	job.Suspend = suspend
	if isTerminal(s.voice.w) && os.Getenv("TERM") != "dumb" {
		job.Examined, job.Progress = new(atomic.Int64), new(filter.Progress)
		defer s.voice.follow(job.Examined, job.Progress)()
	}
	return false, job.Run(ctx)
}

func (c *execCommand) job(s *session) (*filter.Exec, error) {
	if len(c.command) == 0 {
		return nil, &usageError{`no "--" with a COMMAND behind it`, `"` + execUsage + `" is the form`}
	}
	job := &filter.Exec{
		Selection: filter.Selection{
			Options:       c.options(s),
			InDelimiter:   c.delimiter(walk.Detect),
			Follow:        c.Follow,
			OneFileSystem: c.OneFileSystem,
			Except:        fileOf(s.out),
		},
		Recording: filter.Recording{
			Since:         c.Since,
			IgnoreMissing: c.IgnoreMissing,
			Dump:          filter.DumpMode(c.Dump),
			NoSync:        c.NoSync,
		},
		Command:   c.command,
		Jobs:      int(c.Jobs),
		Batch:     int(c.Batch),
		FailFast:  c.FailFast,
		OneStream: isSameFile(s.out, s.voice.w),
		Print:     s.print,
	}
	if c.Stdin || len(c.Roots) == 0 {
		job.In = s.in
	}
	if is := s.emptyStdin(); job.In != nil && !c.Stdin && is != "" {
		return nil, &usageError{
			reason: "no ROOT, and stdin is " + is,
			hint:   `"treefilter exec . -- COMMAND" runs it below the current directory`,
		}
	}
	var err error
	if job.In != nil {
		if job.In, err = s.stdin(); err != nil {
			return nil, err
		}
	}
	if job.Ignore, err = walk.ParseIgnore(c.Ignore); err != nil {
		return nil, err
	}
	if err := c.configure(&job.Options); err != nil {
		return nil, err
	}
	job.Detect = filter.Detect(c.Detect)
	job.Founded = c.founded(s)
	job.ConfigGiven = job.ConfigGiven || c.EmptyConfig
	return job, nil
}

// print hands on what a command printed. Where stdout and stderr are one place,
// nothing of ours comes in between; where they are two, a reader of stdout that
// takes its time holds up no message.
func (s *session) print(stdout, stderr io.WriterTo) error {
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

// A count is a number of things, at least one; 0 is none given.
type count int

// Decode implements kong.MapperValue.
func (n *count) Decode(ctx *kong.DecodeContext) error {
	word, err := popText(ctx)
	if err != nil {
		return err
	}
	value, err := strconv.Atoi(word)
	if err != nil || value < 1 {
		return &usageError{reason: "not a number from 1 on: " + strconv.Quote(word)}
	}
	*n = count(value)
	return nil
}
