package filter

import (
	"context"
	"errors"
	"io"
	"os"
	"runtime"
	"sync/atomic"
	"time"

	"treefilter/walk"
)

// Exec runs a command on the files that need work, and records the stamps of
// those that it succeeds for.
type Exec struct {
	// Filter is which files need work; its Out, OutDelimiter, Check and JSON are
	// not used, and what DetectContent finds unchanged is always refreshed. With
	// In, commands run as paths come, and a tree is refreshed until a file of it is
	// recorded; else the walk ends before the first command begins, so that what
	// commands write is not met by it.
	Filter
	// Command is run for each path. {} in an argument stands for the path, which
	// is appended where no argument holds it.
	Command []string
	// Jobs is how many commands run at once; 0 is one a processor.
	Jobs int
	// Batch is how many paths a run gets at most; 0 is one.
	Batch int
	// FailFast starts no more commands once one has failed.
	FailFast bool
	// Since leaves files pending as it does in a Commit. "start" is exact here:
	// a file is left pending when it is not, when its command has ended, as it
	// was right before.
	Since string
	// IgnoreMissing passes over files that are gone, without a warning.
	IgnoreMissing bool
	// Dump says when the WAL is folded into the snapshot.
	Dump DumpMode
	// NoSync is that of a Commit.
	NoSync bool
	// Print gets all that a command printed, once it has ended. It is never
	// called concurrently. An error ends the run.
	Print func(stdout, stderr io.WriterTo) error
	// OneStream keeps what a command prints on stderr with what it prints on
	// stdout, in the order in which it came.
	OneStream bool
	// Signals: the first is passed on to the commands that run, a second kills
	// them. No command is started any more. Who sends one has cancelled the
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
	Began  atomic.Pointer[time.Time] // when the first command could start, nil before
	Total  atomic.Int64              // paths that need work; 0 where that is unknown
	Done   atomic.Int64              // paths whose command has ended
	Failed atomic.Int64              // those of them for which it failed
}

// Run selects the files, runs the commands, and records what succeeded, at once.
// A file for which the command failed is warned of at the end.
//
// When ctx is done no more commands are started; those that run are waited for
// and recorded, and the error is ctx's. A StartError is a command that could not
// be run at all.
func (e *Exec) Run(ctx context.Context) (err error) {
	t, err := parseCommand(e.Command, e.Batch)
	if err != nil {
		return err
	}
	// ConfigFiles were read before the first command begins, so Since is not held
	// against them: no command has seen an older one.
	c := &Commit{Options: e.Options, Since: e.Since, IgnoreMissing: e.IgnoreMissing, Dump: e.Dump, NoSync: e.NoSync}
	if e.Since == "start" {
		c.Since = ""
	}
	commit, err := c.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, commit.grove.Close(), commit.lost.err()) }()
	if err := t.find(); err != nil {
		return err
	}
	commit.claims = &claims{}
	r := &execRun{Exec: e, template: t, commit: commit, claims: commit.claims, exact: e.Since == "start", progress: e.Progress}
	if r.progress == nil {
		r.progress = &Progress{}
	}
	ended := make(chan struct{})
	defer close(ended)
	go r.passOn(ended)
	in, err := r.paths(ctx)
	if err != nil {
		return err
	}
	now := time.Now()
	r.progress.Began.Store(&now)
	return r.run(ctx, in)
}

// jobs is how many commands run at once.
func (e *Exec) jobs() int {
	if e.Jobs > 0 {
		return e.Jobs
	}
	return runtime.NumCPU()
}

// paths selects the files that need work.
func (r *execRun) paths(ctx context.Context) (*source, error) {
	f := r.Filter
	f.OutDelimiter, f.Check, f.JSON = walk.NUL, false, false
	f.Refresh, f.dump = f.Detect == DetectContent, DumpNever // which is for the end
	if f.In != nil {
		return stream(ctx, &f, r.commit.roots, r.commit.report), nil
	}
	list := &pathList{}
	f.Out = list
	if _, err := f.run(ctx, r.commit.roots, r.commit.report); err != nil {
		return nil, err
	}
	r.progress.Total.Store(list.count)
	return &source{Reader: walk.NewReader(list, walk.NUL), close: func() {}}, nil
}

// source is where the paths come from that need work.
type source struct {
	*walk.Reader
	close func() // ends it early
}

// stream selects from paths while they come.
func stream(ctx context.Context, f *Filter, roots []root, report *reporter) *source {
	ctx, cancel := context.WithCancel(ctx)
	pr, pw := io.Pipe()
	f.Out = pw
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, err := f.run(ctx, roots, report)
		pw.CloseWithError(err)
	}()
	return &source{walk.NewReader(pr, walk.NUL), func() {
		cancel()
		pr.Close()
		<-ended
	}}
}
