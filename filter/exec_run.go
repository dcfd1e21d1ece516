package filter

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
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
	r.runner = &jobRunner{
		template:      t,
		recorder:      recorder,
		exact:         e.Since == sinceStart,
		ignoreMissing: e.IgnoreMissing,
		failFast:      e.FailFast,
		oneStream:     e.OneStream,
		force:         e.Force,
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
			full := len(next.files) >= r.Batch || r.runner.template.rest+next.size+path.size() > maxArguments
			if full && len(next.files) > 0 {
				if err := send(); err != nil {
					return err
				}
			}
			next.files = append(next.files, path)
			next.size += path.size()
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
	case isTooLong(err) && len(j.files) > 1:
		half := len(j.files) / 2
		r.take(ctx, job{number: j.number, files: j.files[:half]})
		r.take(ctx, job{number: j.number, files: j.files[half:]})
	case err != errStopped:
		r.runner.fail(err)
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
	r.progress.Failed.Add(int64(len(res.failures)))
	r.progress.Done.Add(int64(res.files))
}

// die ends the run because stamps cannot be written.
func (r *execRun) die(err error) {
	if err != nil {
		r.fatal = err
		r.runner.halt(err)
	}
}

// conclude makes everything durable, and says what was left pending.
func (r *execRun) conclude(ctx context.Context, fed error) error {
	finished := r.recorder.finish(r.fatal)
	report := r.recorder.report
	if n := r.done.changed; n > 0 {
		report.notice(fmt.Errorf("%s modified while the command ran: left pending", Counted(n, "file")))
	}
	r.sayInHand()
	slices.SortStableFunc(r.done.failures, func(a, b failure) int { return cmp.Compare(a.job, b.job) })
	for _, f := range r.done.failures {
		report.warn(f.err)
	}
	// After a signal, what was left is no surprise.
	rest := int(r.read.Load() - r.progress.Done.Load())
	if total := r.progress.Total.Load(); total > 0 {
		rest = int(total - r.progress.Done.Load())
	}
	switch {
	case ctx.Err() != nil:
	case r.In != nil && fed == errStopped:
		report.warn(errors.New("stopped before the end of stdin"))
	case rest > 0:
		report.warn(fmt.Errorf("%s left pending: the command was not run", Counted(rest, "file")))
	}
	if fed == errStopped {
		fed = nil
	}
	return errors.Join(r.fatal, finished, fed, r.runner.failure(), ctx.Err())
}

// sayInHand names the files that were passed over for another run, or counts them
// where they are many.
func (r *execRun) sayInHand() {
	const few = 3
	report, inHand := r.recorder.report, r.done.inHand
	if len(inHand) > few {
		report.notice(fmt.Errorf("%s passed over, such as %s: another exec is at work on them", Counted(len(inHand), "file"), inHand[0]))
		return
	}
	for _, path := range inHand {
		report.notice(&pathError{path, errors.New("passed over: another exec is at work on it")})
	}
}
