package filter

import (
	"context"
	"errors"
)

// show shows the commands that would run.
func (e *Exec) show(ctx context.Context, t *template) error {
	if err := t.find(); err != nil {
		return err
	}
	selected, lost, err := e.open()
	if err != nil {
		return err
	}
	defer selected.grove.Close() // nothing was written
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	r := &execRun{Exec: e, runner: &jobRunner{template: t}}
	files := (&pendingFiles{selector: selected}).batches(ctx, nil)
	todo, fed := make(chan job), make(chan error, 1)
	go func() { fed <- r.feed(ctx, files, todo) }()
	for j := range todo {
		if err := e.Show(t.fill(j.paths())); err != nil {
			stop()
			<-fed
			return err
		}
	}
	err = <-fed
	if err == errStopped {
		err = ctx.Err()
	}
	return errors.Join(err, lost.err())
}
