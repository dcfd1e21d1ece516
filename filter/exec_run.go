package filter

import (
	"cmp"
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// execRun is one run of an Exec. Each worker takes the next job and runs its commands,
// one at a time; the goroutine that called run records. None wakes another for a single
// job: that would cost as much as a short command.
type execRun struct {
	*Exec
	runner   *jobRunner
	recorder *recorder
	progress *Progress

	results chan result   // is looked into every tickPeriod
	ended   chan struct{} // closed when no more results come
	running atomic.Int64  // jobs that run, or whose result is on its way
	read    atomic.Int64  // paths that the workers were fed, or are about to be

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

// resultsAhead is how many results may wait to be looked for: more than the quickest of
// commands make in a tickPeriod.
const resultsAhead = 256

// patience is how long a reader may take, once ctx is done and all is recorded,
// for output that is not written yet.
const patience = time.Second

func (r *execRun) run(ctx context.Context) error {
	running, halt := context.WithCancelCause(ctx)
	defer halt(nil)
	r.runner.halt = halt
	// Results of what is read beside the commands come as theirs do.
	r.results, r.ended = make(chan result, resultsAhead), make(chan struct{})

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

	queue := newJobQueue(r.jobs(files))
	r.work(running, cmp.Or(r.Jobs, runtime.NumCPU()), queue)

	r.collect(ctx)
	halt(nil)
	return r.conclude(ctx, queue.end(running))
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

// work starts the workers.
func (r *execRun) work(ctx context.Context, jobs int, queue *jobQueue) {
	var workers sync.WaitGroup
	for range jobs {
		workers.Go(func() {
			for j, ok := queue.take(ctx); ok; j, ok = queue.take(ctx) {
				r.take(ctx, j)
			}
		})
	}
	go func() {
		workers.Wait()
		close(r.ended)
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
		case <-r.ended:
			r.recordAll()
			return
		case now := <-clock.C:
			if r.recordAll(); r.fatal == nil {
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

// recordAll records the results that have come.
func (r *execRun) recordAll() {
	for {
		select {
		case res := <-r.results:
			r.record(res)
		default:
			return
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
