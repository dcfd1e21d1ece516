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
	ownWALFlag
	command []string

	Jobs          count    `short:"j" placeholder:"N" help:"commands at once (one a processor)"`
	Batch         count    `placeholder:"N" help:"paths per command, at most (1)"`
	DryRun        bool     `short:"n" help:"print the commands, run none"`
	MaxFailures   count    `xor:"failures" placeholder:"N" help:"start no more commands once N have failed"`
	FailFast      bool     `xor:"failures" help:"the same as --max-failures 1"`
	Retries       count    `placeholder:"N" help:"try a command that fails again, up to N times"`
	Bisect        bool     `help:"try the halves of a batch that fails again"`
	Since         string   `placeholder:"start|FILE|TIME" help:"leave files unstamped that are not older"`
	IgnoreMissing bool     `help:"pass over paths that are gone, without a warning"`
	Dump          dumpMode `placeholder:"auto|always|never" help:"when to fold the WAL into the snapshot (auto)"`
	NoSync        bool     `help:"for work without results: no sync before stamps"`
	EmptyConfig   bool     `help:"no config is meant, not forgotten"`
	giveUpFlag
	stdinFlag
	Verbose bool `short:"v" xor:"voice" help:"name new trees and all failures, and sum up"`
	Quiet   bool `short:"q" xor:"voice" help:"count what is wrong with files, without names"`
	delimiterFlags
	detectFlag
	forceFlag
	outputFlag
	selectionFlags
	configFlags
}

const (
	execUsage = "treefilter exec [ROOT...] -- COMMAND [ARG...]"
	execForm  = `"` + execUsage + `" is the form`
)

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
	if job.In == nil {
		moreProcs()
	}
	if c.DryRun {
		job.Show = s.showCommand
		return job.Run(ctx)
	}
	refuseTerminal()
	var release func()
	job.Signals, release = everySignal(ctx)
	defer release()
	job.Suspend = suspend
	defer c.sumUp(job, s)()
	if isTerminal(s.voice.w) && os.Getenv("TERM") != "dumb" && !c.Quiet {
		job.Examined = new(atomic.Int64)
		defer s.voice.follow(job.Examined, job.Progress)()
	}
	return job.Run(ctx)
}

func (c *execCommand) job(s *stdio) (*filter.Exec, error) {
	if len(c.command) == 0 {
		return nil, &usageError{`no "--" with a COMMAND after it`, execForm}
	}
	if c.Bisect && c.Batch < 2 {
		return nil, &usageError{"--bisect divides batches, and there are none", "--batch N makes them"}
	}
	job := &filter.Exec{
		Selection: filter.Selection{Options: c.options(s), InDelimiter: c.delimiter(walk.Detect)},
		Recording: filter.Recording{
			Since:         c.Since,
			IgnoreMissing: c.IgnoreMissing,
			Dump:          filter.DumpMode(c.Dump),
			NoSync:        c.NoSync,
		},
		Command:     c.command,
		Jobs:        int(c.Jobs),
		Batch:       int(c.Batch),
		Retries:     int(c.Retries),
		Bisect:      c.Bisect,
		MaxFailures: int(c.MaxFailures),
		OneStream:   isSameFile(s.out, s.voice.w),
		Print:       s.print,
		Progress:    new(filter.Progress),
	}
	job.OwnWAL = c.OwnWAL
	if c.FailFast {
		job.MaxFailures = 1
	}
	c.nameFailures(job, s)
	job.Detect, job.Force, job.Outputs = rule.Detect(c.Detect), c.Force, filter.Outputs(c.Output)
	job.GiveUp = int(c.GiveUp)
	job.Founded = verboseFlag{c.Verbose}.founded(s)
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
