package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync/atomic"

	"treefilter/filter"
	"treefilter/store/rule"
)

// filterCommand prints the files that need work.
type filterCommand struct {
	trees
	ownWALFlag
	stdinFlag
	Check bool `help:"print nothing; exit 1 when something needs work"`
	JSON  bool `name:"json" help:"print an object a line: path, mtime, stamp, reason"`
	delimiterFlags
	inputFlags
	detectFlag
	Refresh bool `help:"stamp what --detect content found unchanged anew"`
	forceFlag
	outputFlag
	selectionFlags
	configFlags
}

func (*filterCommand) page() page {
	return page{
		usage: "treefilter [ROOT...]",
		example: `treefilter -e jpg -e png --exclude .git /photos | xargs -0 -r ls -l
treefilter --check -c quality=90 /photos || make photos`,
		text: `Prints each file that has no stamp, or whose mtime is newer than its stamp;
with --detect differs: whose mtime is another; with --detect content: whose
content is, too (commit --detect content records its digest).
Without a ROOT, and with --stdin, it reads the paths to judge from stdin.
Output is NUL-delimited unless stdout is a terminal; input is recognised.`,
		exits: `0         all done; printing nothing is success
1         some paths not examined (named on stderr); --check: work to do
2         usage; a ROOT that cannot be read; output failure
130, 143  ended by SIGINT, SIGTERM`,
	}
}

func (c *filterCommand) run(ctx context.Context, s *stdio) error {
	job, err := c.job(s)
	if err != nil {
		return err
	}
	if isTerminal(s.voice.w) && !isTerminal(s.out) && os.Getenv("TERM") != "dumb" {
		job.Examined = new(atomic.Int64)
		defer s.voice.watch(job.Examined)()
	}
	if job.In == nil {
		moreProcs()
	}
	var needsWork bool
	if c.Refresh {
		defer suspendable()()
		job.Out = &abandonableWriter{ctx, job.Out}
		needsWork, err = job.Run(ctx)
	} else {
		needsWork, err = abandonable(ctx, func() (bool, error) { return job.Run(ctx) })
	}
	if c.Check && needsWork {
		s.exit.Store(exitNeedsWork)
	}
	return c.withHint(err)
}

// withHint adds a hint where the first ROOT is not there and may have been meant
// for a command.
func (c *filterCommand) withHint(err error) error {
	if err == nil || len(c.Roots) == 0 || strings.ContainsAny(c.Roots[0], "/.") {
		return err
	}
	all := slices.Clone(unjoin(err))
	for i, e := range all {
		path, ok := e.(*fs.PathError)
		if ok && path.Path == c.Roots[0] && errors.Is(e, fs.ErrNotExist) {
			all[i] = &usageError{describe(e), meantCommand(c.Roots[0])}
			return errors.Join(all...)
		}
	}
	return err
}

func (c *filterCommand) job(s *stdio) (*filter.Filter, error) {
	if c.Refresh && rule.Detect(c.Detect) != rule.DetectContent {
		return nil, &usageError{reason: "--refresh: nothing to do without --detect content"}
	}
	job := &filter.Filter{Selection: filter.Selection{Options: c.options(s)}, Check: c.Check, JSON: c.JSON, Refresh: c.Refresh}
	job.OwnWAL = c.OwnWAL
	job.Detect, job.Force, job.Outputs = rule.Detect(c.Detect), c.Force, filter.Outputs(c.Output)
	job.InDelimiter = c.inDelimiter()
	job.Out, job.OutDelimiter = c.output(s)
	if isTerminal(s.out) && c.JSON {
		job.Out = &terminal{w: s.out, lines: true}
	}
	var err error
	if job.In, err = c.input(s, c.Roots, `"treefilter ." walks the current directory`); err != nil {
		return nil, err
	}
	if err := c.choose(&job.Selection, s); err != nil {
		return nil, err
	}
	return job, c.configure(&job.Options)
}
