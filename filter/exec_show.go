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
	r := &execRun{Exec: e, runner: &jobRunner{template: t, namer: selected.newOutputNamer}}
	files := (&pendingFiles{selector: selected}).batches(ctx, nil)
	todo, fed := make(chan job), make(chan error, 1)
	go func() { fed <- r.feed(ctx, files, todo) }()
	names := r.runner.namer().forCommands()
	for j := range todo {
		sources := make([]*source, len(j.files))
		for i, f := range j.files {
			sources[i] = names.command(f)
		}
		if err := e.Show(t.fill(sources)); err != nil {
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
