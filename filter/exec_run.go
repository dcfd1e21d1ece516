package filter

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// execRun is one run of an Exec. One goroutine feeds the workers, each of which
// runs one command at a time; the one that called run records.
type execRun struct {
	*Exec
	runner   *jobRunner
	recorder *recorder
	progress *Progress

	results chan result
	running atomic.Int64 // jobs that run, or whose result is on its way
	read    atomic.Int64 // paths that the workers were fed, or are about to be

	done  result // of all jobs, but for what was recorded
	fatal error  // why nothing is recorded any more
}

func newExecRun(e *Exec, t *template, recorder *recorder) *execRun {
	r := &execRun{Exec: e, recorder: recorder, progress: e.Progress}
	if r.progress == nil {
		r.progress = &Progress{}
	}
	r.UpToDate = &r.progress.UpToDate
	r.runner = &jobRunner{
		template:      t,
		recorder:      recorder,
		exact:         e.Since == sinceStart,
		ignoreMissing: e.IgnoreMissing,
		retries:       e.Retries,
		bisect:        e.Bisect,
		maxFailures:   e.MaxFailures,
		oneStream:     e.OneStream,
		force:         e.Force,
		namer:         recorder.destinations.newOutputNamer,
		output:        printer{print: e.Print},
	}
	return r
}

// patience is how long a reader may take, once ctx is done and all is recorded,
// for output that is not written yet.
const patience = time.Second

func (r *execRun) run(ctx context.Context) error {
	running, halt := context.WithCancelCause(ctx)
	defer halt(nil)
	r.runner.halt = halt
	// Results of what is read beside the commands come as theirs do.
	jobs := cmp.Or(r.Jobs, runtime.NumCPU())
	r.results = make(chan result, min(jobs, 64))

	pending := newPendingFiles(&r.Selection, r.recorder)
	pending.givenUp = &r.progress.GivenUp
	files := pending.batches(running, func(t triage) {
		select {
		case r.results <- result{triage: t}:
		case <-running.Done():
		}
	})
	if r.In == nil {
		all, total, err := pending.list(ctx)
		if err != nil {
			return errors.Join(err, r.recorder.flush())
		}
		files = all
		r.progress.Total.Store(total)
	}
	now := time.Now()
	r.progress.Began.Store(&now)

	todo := make(chan job)
	fed := make(chan error, 1)
	go func() { fed <- r.feed(running, files, todo) }()
	r.work(running, jobs, todo)

	r.collect(ctx)
	halt(nil)
	return r.conclude(ctx, <-fed)
}

// passOn hands signals to the commands.
func (r *execRun) passOn(ended <-chan struct{}) {
	for {
		select {
		case sig := <-r.Signals:
			r.runner.processes.signal(sig, r.Suspend)
		case <-ended:
			return
		}
	}
}

// feed divides the files into jobs. It returns errStopped when it was stopped
// before their end.
func (r *execRun) feed(ctx context.Context, files iter.Seq2[[]filePath, error], todo chan<- job) error {
	defer close(todo)
	next := job{}
	names := r.runner.namer().forCommands()
	send := func() error {
		select {
		case todo <- next:
			next = job{number: next.number + 1}
			return nil
		case <-ctx.Done():
			return errStopped
		}
	}
	for paths, err := range files {
		switch {
		case err != nil && ctx.Err() != nil:
			return errStopped
		case err != nil: // what came before it is done all the same
			if len(next.files) > 0 {
				if stopped := send(); stopped != nil {
					return stopped
				}
			}
			return err
		}
		r.read.Add(int64(len(paths)))
		for _, path := range paths {
			size := 0
			if r.Batch > 1 {
				size = r.runner.template.size(names.command(path))
			}
			full := len(next.files) >= r.Batch || r.runner.template.rest+next.size+size > maxArguments
			if full && len(next.files) > 0 {
				if err := send(); err != nil {
					return err
				}
			}
			next.files = append(next.files, path)
			next.size += size
		}
		// A single path waits for no other.
		if len(next.files) > 0 && r.Batch <= 1 {
			if err := send(); err != nil {
				return err
			}
		}
	}
	if len(next.files) > 0 {
		return send()
	}
	return nil
}

// work starts the workers. The results end with the last of them.
func (r *execRun) work(ctx context.Context, jobs int, todo <-chan job) {
	var workers sync.WaitGroup
	for range jobs {
		workers.Go(func() {
			for j := range todo {
				r.take(ctx, j)
			}
		})
	}
	go func() {
		workers.Wait()
		close(r.results)
	}()
}

// take runs the command of one job. Its files are recorded first and its output
// is printed then: a reader that is slow, or has gone, costs no stamps.
func (r *execRun) take(ctx context.Context, j job) {
	stdout, stderr := &spool{}, &spool{}
	defer stdout.close()
	defer stderr.close()

	r.running.Add(1)
	res, err := r.runner.run(ctx, j, stdout, stderr)
	if err == nil {
		r.results <- res
	}
	r.running.Add(-1)
	switch {
	case err == nil:
		r.runner.print(stdout, stderr)
		for _, next := range res.again {
			r.take(ctx, next)
		}
		return
	case isTooLong(err) && len(j.files) > 1:
		for _, half := range j.halves() {
			r.take(ctx, half)
		}
		return
	case err != errStopped:
		r.runner.fail(err)
	}
	if j.failed != nil { // and was not tried again
		r.results <- j.unresolved()
	}
}

// collect records results until there are no more. Once ctx is done it waits no
// longer for output that is not read.
func (r *execRun) collect(ctx context.Context) {
	clock := time.NewTicker(tickPeriod)
	defer clock.Stop()
	var idle time.Time
	for {
		select {
		case res, more := <-r.results:
			if !more {
				return
			}
			r.record(res)
		case now := <-clock.C:
			if r.fatal == nil {
				r.die(r.recorder.tick())
			}
			switch {
			case ctx.Err() == nil || r.running.Load() > 0 || len(r.results) > 0:
				idle = now
			case now.Sub(idle) > patience:
				return
			}
		}
	}
}

func (r *execRun) record(res result) {
	if r.fatal == nil {
		r.die(r.recorder.record(res.triage))
	}
	r.done.failures = append(r.done.failures, res.failures...)
	r.done.changed += res.changed
	r.done.inHand = append(r.done.inHand, res.inHand...)
	for _, f := range res.failures {
		r.progress.Failed.Add(int64(len(f.Paths)))
	}
	r.progress.Succeeded.Add(int64(res.succeeded))
	r.progress.InHand.Add(int64(len(res.inHand)))
	r.progress.UpToDate.Add(int64(res.upToDate))
	r.progress.GivenUp.Add(int64(res.givenUp))
	r.progress.Done.Add(int64(res.files))
}

// die ends the run because stamps cannot be written.
func (r *execRun) die(err error) {
	if err != nil {
		r.fatal = err
		r.runner.halt(err)
	}
}
