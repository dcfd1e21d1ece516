package filter

import (
	"context"
	"errors"
	"io"
	"time"

	"treefilter/walk"
)

// Commit reads processed paths and records their stamps.
type Commit struct {
	Options
	// In is read for paths until its end.
	In io.Reader
	// InDelimiter is what ends each path in In.
	InDelimiter walk.Delimiter
	// Recording is how. When one of ConfigFiles is not older than the moment of
	// Since, nothing is stamped: the work may have been done under other settings
	// than those that are there now.
	Recording
	// NoWAL keeps the stamps in memory and dumps them at the end.
	NoWAL bool
}

// Run reads In to its end, or until ctx is done: what was read by then is made
// durable all the same, and the error is ctx's. When it returns nil, every path
// that was not warned of has a durable stamp.
func (c *Commit) Run(ctx context.Context) (err error) {
	r, err := openRecorder(&c.Options, c.Recording)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	r.noWAL, r.workBegan = c.NoWAL, present()
	if since := r.destinations.since; since.given {
		if err := olderThan(since.here(), c.ConfigFiles); err != nil {
			return err
		}
	}
	err = c.record(ctx, r)
	return errors.Join(err, r.finish(err))
}

// record records the paths in the order in which they come; several are statted at
// once.
func (c *Commit) record(ctx context.Context, r *recorder) error {
	paths := ordered[walk.Batch, triage]{
		next:    walk.NewReader(c.In, c.InDelimiter).Next,
		work:    r.stat,
		threads: c.Threads,
		every:   tickPeriod,
	}
	ticked := time.Now()
	for t, err := range paths.results(ctx) {
		if err == nil {
			err = r.record(t)
		}
		if now := time.Now(); err == nil && now.Sub(ticked) >= tickPeriod {
			ticked = now
			err = r.tick()
		}
		if err != nil {
			return err
		}
	}
	return nil
}
