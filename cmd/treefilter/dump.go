package main

import (
	"context"

	"treefilter/filter"
)

// dumpCommand folds the WAL of each tree into its snapshot.
type dumpCommand struct {
	trees
	Repair        bool `help:"move a snapshot that cannot be read aside, and go on"`
	NoCheckConfig bool `help:"keep the stamps of every config"`
	listingsFlag
	defaultFlag
}

func (*dumpCommand) page() page {
	return page{
		usage:   "treefilter dump [ROOT...]",
		example: `treefilter dump /photos`,
		text: `Folds the WAL, the stamps since the last dump, into the snapshot. What needs
work stays the same; reading becomes faster. A commit does this by itself when
the WAL has outgrown the snapshot, and then keeps the stamps of every config;
this command drops those of all configs but the newest, and says how many.
Without a ROOT it is the current directory's.`,
		exits: `0         all done
1         done, but damaged stamps were left out (named on stderr)
2         usage; state that cannot be read or is not ours: nothing was changed
130, 143  ended by SIGINT, SIGTERM`,
	}
}

func (c *dumpCommand) run(ctx context.Context, s *stdio) error {
	job, err := c.job(s)
	if err != nil {
		return err
	}
	defer suspendable()()
	return job.Run(ctx)
}

func (c *dumpCommand) job(s *stdio) (*filter.Dump, error) {
	job := &filter.Dump{Options: c.options(s), Repair: c.Repair, NoListings: c.NoListings}
	job.NoCheckConfig = c.NoCheckConfig
	return job, c.fill(&job.Options)
}
