package main

import (
	"context"
	"os"
	"sync/atomic"

	"treefilter/filter"
	"treefilter/store/rule"
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
	stdinFlag
	verboseFlag
	delimiterFlags
	detectFlag
	selectionFlags
	configFlags
}

const execUsage = "treefilter exec [ROOT...] -- COMMAND [ARG...]"

// operate implements subcommand. What stands after "--" is another command line.
func (c *execCommand) operate(words, after []string, flags global) {
	c.trees.operate(words, nil, flags)
	c.command = after
}

func (*execCommand) page() page {
	return page{
		usage:   execUsage,
		example: `treefilter exec -j 8 /photos -- ./optimize --quality 90 {}`,
		text:    `Runs COMMAND on each file that needs work ({}), and commits where it succeeds.`,
		exits: `0         all done; 1: some files failed and stay pending (each is named)
2         usage; state or a ROOT that cannot be read; output failure
126, 127  COMMAND cannot be run, was not found; 130, 143: SIGINT, SIGTERM`,
	}
}

func (c *execCommand) run(ctx context.Context, s *stdio) error {
	job, err := c.job(s)
	if err != nil {
		return err
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
	return job.Run(ctx)
}

func (c *execCommand) job(s *stdio) (*filter.Exec, error) {
	if len(c.command) == 0 {
		return nil, &usageError{`no "--" with a COMMAND after it`, `"` + execUsage + `" is the form`}
	}
	job := &filter.Exec{
		Selection: filter.Selection{Options: c.options(s), InDelimiter: c.delimiter(walk.Detect)},
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
	job.Detect = rule.Detect(c.Detect)
	job.Founded = c.founded(s)
	var err error
	if job.In, err = c.input(s, c.Roots, `"treefilter exec . -- COMMAND" runs it below the current directory`); err != nil {
		return nil, err
	}
	if err := c.choose(&job.Selection, s); err != nil {
		return nil, err
	}
	if err := c.configure(&job.Options); err != nil {
		return nil, err
	}
	job.ConfigGiven = job.ConfigGiven || c.EmptyConfig
	return job, nil
}
