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
	r := &execRun{Exec: e, runner: &jobRunner{template: t, namer: selected.newOutputNamer}}
	files := (&pendingFiles{selector: selected}).batches(ctx, nil)
	names := r.runner.namer().forCommands()
	for j, err := range r.jobs(files) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return errors.Join(err, lost.err())
		}
		sources := make([]*source, len(j.files))
		for i, f := range j.files {
			sources[i] = names.command(f)
		}
		if err := e.Show(t.fill(sources)); err != nil {
			return err
		}
	}
	return lost.err()
}
