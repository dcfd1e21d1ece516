package filter

import (
	"context"
	"errors"
	"io"
	"os"
	"sync/atomic"
	"time"
)

// Exec runs a command on the files that need work, and records the stamps of
// those that it succeeds for.
type Exec struct {
	// Selection is which files are examined. What DetectContent finds unchanged gets a
	// stamp of its present mtime. With In, commands run as paths come; else the walk
	// ends before the first command begins, so that what commands write is not met by
	// it.
	Selection
	// Recording is how. Since "start" is exact here: a file is left pending when it is
	// not, when its command has ended, as it was right before.
	Recording
	// Command is run for each path, once the directories of its Outputs are there. It
	// fails where it leaves one of them missing. Its arguments may hold placeholders
	// (see pattern), and {out}, which is the first output. Where none holds the path,
	// that is appended.
	Command []string
	// Jobs is how many commands run at once; 0 is one a processor.
	Jobs int
	// Batch is how many paths a run gets at most; 0 is one.
	Batch int
	// Retries is how often a command that fails is tried again, at once.
	Retries int
	// Bisect tries the halves of a batch again, until what fails stands alone.
	Bisect bool
	// MaxFailures is how many commands may fail before no more are started; 0 is any
	// number.
	MaxFailures int
	// MaxNamed is how many failures are warned of one by one; 0 is all. Unnamed gets
	// how many files the others left pending.
	MaxNamed int
	Unnamed  func(files int)
	// Show, where not nil, gets the arguments of each command, and none is started:
	// nothing is written either.
	Show func(args []string) error
	// Print gets all that a command printed, once it has ended. It is never
	// called concurrently. An error ends the run.
	Print func(stdout, stderr io.WriterTo) error
	// OneStream keeps what a command prints on stderr with what it prints on
	// stdout, in the order in which it came.
	OneStream bool
	// Signals: the first is passed on to the commands that run, a second kills
	// them. No command is started any more. The sender has cancelled the
	// context before, so that all else ends, too. Apart from that, SIGTSTP suspends
	// the commands and this process.
	Signals <-chan os.Signal
	// Suspend suspends this process, and returns when it goes on.
	Suspend func()
	// Progress, where not nil, is kept up to date.
	Progress *Progress
}

// Progress is how far an Exec has come.
type Progress struct {
	Began     atomic.Pointer[time.Time] // when the first command could start, nil before
	Total     atomic.Int64              // paths that need work; 0 where that is unknown
	Done      atomic.Int64              // paths that are dealt with
	Succeeded atomic.Int64              // those of them whose command succeeded
	Failed    atomic.Int64              // for which it failed
	InHand    atomic.Int64              // that another run was at work on
	UpToDate  atomic.Int64              // paths that needed no work
	GivenUp   atomic.Int64              // that were passed over because their command failed too often
	Pending   atomic.Int64              // at the end: left pending though no command failed on them
}

// Run selects the files, runs the commands, and records what succeeded, at once.
// A file for which the command failed is warned of at the end.
//
// When ctx is done no more commands are started; those that run are waited for
// and recorded, and the error is ctx's. A StartError is a command that could not
// be run at all.
func (e *Exec) Run(ctx context.Context) (err error) {
	t, err := parseCommand(e.Command, e.Batch, e.Outputs)
	if err != nil {
		return err
	}
	if e.Show != nil {
		return e.show(ctx, t)
	}
	// ConfigFiles were read before the first command begins, so Since is not held
	// against them: no command has seen an older one.
	recording := e.Recording
	if e.Since == sinceStart {
		recording.Since = ""
	}
	recorder, err := openRecorder(&e.Options, recording)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, recorder.close()) }()
	if err := t.find(); err != nil {
		return err
	}
	recorder.claims = &claims{}
	r := newExecRun(e, t, recorder)
	defer r.runner.processes.close()
	ended := make(chan struct{})
	defer close(ended)
	go r.passOn(ended)
	return r.run(ctx)
}
