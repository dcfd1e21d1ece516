package main

import (
	"context"
	"io"
	"os"
	"slices"

	"treefilter/filter"
	"treefilter/store/rule"
	"treefilter/walk"
)

// commitCommand reads processed paths and records their stamps.
type commitCommand struct {
	trees
	ownWALFlag
	delimiterFlags
	Since         string   `placeholder:"start|FILE|TIME" help:"leave files unstamped that are not older"`
	IgnoreMissing bool     `help:"pass over paths that are gone, without a warning"`
	Dump          dumpMode `placeholder:"auto|always|never" help:"when to fold the WAL into the snapshot (auto)"`
	NoWAL         bool     `name:"no-wal" help:"keep stamps in memory, dump them at the end"`
	NoSync        bool     `help:"for work without results: no sync before stamps"`
	EmptyConfig   bool     `help:"no config is meant, not forgotten"`
	verboseFlag
	threadsFlag
	detectFlag
	outputFlag
	configFlags
}

func (*commitCommand) page() page {
	return page{
		usage: "treefilter commit [ROOT...] <PATHS",
		example: `treefilter /photos >todo
xargs -0 -r ./optimize <todo && treefilter commit /photos <todo`,
		text: `Reads the paths of processed files from stdin and appends a stamp of each, its
mtime as it is now, to the WAL: then it no longer needs work. With --since, a
file that changed while it was processed comes again next time: "start" is two
seconds before this commit began, FILE lends its mtime, TIME is a date and time,
such as 2026-01-31T12:00:00Z (local without a zone). With --detect content the
stamp gets a digest of the file's content.`,
		exits: `0         every path is safely stored
1         some paths could not be stamped (each is named on stderr)
2         usage; state that cannot be read or is not ours: nothing was changed
130, 143  ended by SIGINT, SIGTERM, with everything already read stored`,
	}
}

func (c *commitCommand) run(ctx context.Context, s *stdio) error {
	job, err := c.job(s)
	if err != nil {
		return err
	}
	defer suspendable()()
	return job.Run(ctx)
}

func (c *commitCommand) job(s *stdio) (*filter.Commit, error) {
	in, err := c.input(s)
	if err != nil {
		return nil, err
	}
	job := &filter.Commit{
		Options:     c.options(s),
		In:          in,
		InDelimiter: c.delimiter(walk.Detect),
		Recording: filter.Recording{
			Since:         c.Since,
			IgnoreMissing: c.IgnoreMissing,
			Dump:          filter.DumpMode(c.Dump),
			NoSync:        c.NoSync,
		},
		NoWAL: c.NoWAL,
	}
	job.Detect, job.Outputs = rule.Detect(c.Detect), filter.Outputs(c.Output)
	job.Threads, job.Founded = int(c.Threads), c.founded(s)
	job.OwnWAL = c.OwnWAL
	if err := c.configure(&job.Options); err != nil {
		return nil, err
	}
	job.ConfigGiven = job.ConfigGiven || c.EmptyConfig
	return job, nil
}

// input returns where paths come from, unless that is forgotten: a ROOT that is a
// file is one for the filter.
func (c *commitCommand) input(s *stdio) (io.Reader, error) {
	forgotten := func(what string) error {
		return &usageError{
			reason: what + ", and stdin is " + s.emptyStdin(),
			hint:   `"printf '%s\0' FILE... | treefilter commit" commits files`,
		}
	}
	switch file := slices.IndexFunc(c.Roots, isRegular); {
	case s.emptyStdin() == "":
	case file >= 0:
		return nil, forgotten(c.Roots[file] + ": a file as ROOT")
	case len(c.Roots) == 0 && !isTerminal(s.in):
		return nil, forgotten("no ROOT")
	}
	in, err := s.stdin()
	if err == nil && isTerminal(s.in) {
		in = &announced{Reader: in, say: func() { s.voice.line("reading paths until " + endOfInput) }}
	}
	return in, err
}

func isRegular(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
