package main

import (
	"context"

	"treefilter/filter"
)

// pruneCommand drops the stamps of files that are gone.
type pruneCommand struct {
	trees
	ownWALFlag
	DryRun bool `short:"n" help:"print the paths whose stamps would go, drop nothing"`
	Force  bool `help:"take all that is missing for gone for good"`
	delimiterFlags
	choiceFlags
	threadsFlag
	outputFlag
}

func (*pruneCommand) page() page {
	return page{
		usage: "treefilter prune [ROOT...]",
		example: `treefilter prune --dry-run -l /photos
treefilter prune /photos`,
		text: `Drops the stamps of files that are gone, made under whatever config. Without a
ROOT it prunes the current directory's tree; a tree within a tree is pruned when
it is named. It refuses where the files may only be out of reach: an empty ROOT,
and one on another file system than it was. For the same reason stamps below a
directory that is there but empty are kept. --force drops all of them.
With --output, the outputs of these files are printed first: xargs -0 rm -f.`,
		exits: `0         all done
1         done, but some paths could not be examined: their stamps are kept
2         usage; a ROOT that looks gone; output failure; state that cannot be
          read or is not ours: nothing was changed
130, 143  ended by SIGINT, SIGTERM`,
	}
}

func (c *pruneCommand) run(ctx context.Context, s *stdio) error {
	job, err := c.job(s)
	if err != nil {
		return err
	}
	defer suspendable()()
	return job.Run(ctx)
}

func (c *pruneCommand) job(s *stdio) (job *filter.Prune, err error) {
	job = &filter.Prune{Options: c.options(s), DryRun: c.DryRun, Force: c.Force}
	job.OwnWAL = c.OwnWAL
	job.Outputs, job.Threads = filter.Outputs(c.Output), int(c.Threads)
	job.Out, job.OutDelimiter = c.output(s)
	job.Choice, err = c.choice()
	return job, err
}
