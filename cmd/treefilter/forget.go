package main

import (
	"context"

	"treefilter/filter"
	"treefilter/walk"
)

// forgetCommand drops the stamps of files that are to be processed again.
type forgetCommand struct {
	trees
	ownWALFlag
	Stdin bool `help:"read the paths of files from stdin"`
	delimiterFlags
}

func (*forgetCommand) page() page {
	return page{
		usage: "treefilter forget PATH...",
		example: `treefilter forget /photos/2024 /photos/beach.jpg
git diff -z --name-only v1 | treefilter forget --stdin`,
		text: `Drops the stamps of files, so that they need work again, whatever their mtime,
their content or their config. A directory stands for all below it, with what
lies in trees within it. The files themselves are not touched, and need not be
there. With --stdin a directory stands for nothing, so that find needs no flags.`,
		exits: `0         all done, also where there was no stamp
1         some paths lie in no tree, or could not be examined (each is named)
2         usage; state that cannot be read or is not ours: nothing was changed
130, 143  ended by SIGINT, SIGTERM`,
	}
}

func (c *forgetCommand) run(ctx context.Context, s *stdio) error {
	if c.Stdin == (len(c.Roots) > 0) {
		return &usageError{reason: "forget: PATHs or --stdin, one of the two", hint: `"treefilter forget ." forgets all below the current directory`}
	}
	job := &filter.Forget{Options: c.options(s), Paths: c.Roots, InDelimiter: c.delimiter(walk.Detect)}
	job.OwnWAL = c.OwnWAL
	if c.Stdin {
		var err error
		if job.In, err = s.stdin(); err != nil {
			return err
		}
	}
	defer suspendable()()
	return job.Run(ctx)
}
