package main

import (
	"context"

	"treefilter/filter"
)

// importCommand takes over what the Python package treestamps wrote.
type importCommand struct {
	trees
	ownWALFlag
	From string `placeholder:"NAME" help:"the program whose files are read (--program)"`
	choiceFlags
	threadsFlag
	Follow      bool `help:"follow symbolic links"`
	EmptyConfig bool `help:"record the stamps under no config"`
	settingFlags
}

func (*importCommand) page() page {
	return page{
		usage:   "treefilter import [--from NAME] [ROOT...]",
		example: `treefilter import --from picopt /photos`,
		text: `Reads .NAME_treestamps.yaml and .NAME_treestamps.wal.yaml as the Python package
treestamps wrote them, in each ROOT and below it, and leaves them as they are. A
file whose mtime is not newer than its stamp there, or than that of a directory
above it, gets a stamp here. The config comes along, unless the flags give one.
Without a ROOT it is the current directory.`,
		exits: `0         all done; the summary says what was not taken over
1         done, but some entries could not be read (each is named on stderr)
2         usage; nothing to import; state that cannot be read, is not ours or
          has another config: nothing was changed
130, 143  ended by SIGINT, SIGTERM: what was recorded is stored`,
	}
}

func (c *importCommand) run(ctx context.Context, s *stdio) error {
	job, err := c.job(s)
	if err != nil {
		return err
	}
	moreProcs()
	defer suspendable()()
	return job.Run(ctx)
}

func (c *importCommand) job(s *stdio) (*filter.Import, error) {
	job := &filter.Import{Options: c.options(s), From: c.From, Follow: c.Follow}
	job.OwnWAL, job.Threads = c.OwnWAL, int(c.Threads)
	var err error
	if job.Choice, err = c.choice(); err != nil {
		return nil, err
	}
	if err := c.configure(&job.Options); err != nil {
		return nil, err
	}
	job.ConfigGiven = job.ConfigGiven || c.EmptyConfig
	return job, nil
}
