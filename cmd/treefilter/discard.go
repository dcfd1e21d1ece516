package main

import (
	"context"

	"treefilter/filter"
)

// discardCommand throws the WAL of each tree away.
type discardCommand struct {
	trees
}

func (*discardCommand) page() page {
	return page{
		usage:   "treefilter discard [ROOT...]",
		example: `treefilter discard /photos`,
		text: `Throws away the WAL: the files of every commit since the last dump, not only of
the last run, need work again. The snapshot stays as it is. Without a ROOT it is
the current directory's. A run that may have to be undone begins with
"treefilter dump" and commits with --dump never.`,
		exits: `0         all done
2         usage; state that cannot be read or is not ours: nothing was changed
130, 143  ended by SIGINT, SIGTERM`,
	}
}

func (c *discardCommand) run(ctx context.Context, s *stdio) error {
	defer suspendable()()
	return c.job(s).Run(ctx)
}

func (c *discardCommand) job(s *stdio) *filter.Discard {
	return &filter.Discard{Options: c.options(s)}
}
