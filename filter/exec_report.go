package filter

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
)

// conclude makes everything durable, and says what was left pending.
func (r *execRun) conclude(ctx context.Context, fed error) error {
	finished := r.recorder.finish(r.fatal)
	report := r.recorder.report
	if n := r.done.changed; n > 0 {
		report.notice(fmt.Errorf("%s modified while the command ran: left pending", Counted(n, "file")))
	}
	r.sayInHand()
	r.sayFailures()
	// After a signal, what was left is no surprise.
	rest := int(r.read.Load() - r.progress.Done.Load())
	if total := r.progress.Total.Load(); total > 0 {
		rest = int(total - r.progress.Done.Load())
	}
	late := r.recorder.late
	r.progress.Succeeded.Add(int64(-late))
	r.progress.Pending.Store(int64(max(rest, 0) + r.done.changed + late))
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

// sayFailures names what the command failed on, in the order of the jobs.
func (r *execRun) sayFailures() {
	all := r.done.failures
	slices.SortStableFunc(all, func(a, b failure) int { return cmp.Compare(a.job, b.job) })
	named := len(all)
	if r.MaxNamed > 0 {
		named = min(named, r.MaxNamed)
	}
	for _, f := range all[:named] {
		r.recorder.report.warn(f.CommandError)
	}
	unnamed := 0
	for _, f := range all[named:] {
		unnamed += len(f.Paths)
	}
	if unnamed > 0 {
		r.Unnamed(unnamed)
	}
}
