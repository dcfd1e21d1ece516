package filter

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// execRun is one run of an Exec. One goroutine feeds the workers, each of which
// runs one command at a time; the one that called run records.
type execRun struct {
	*Exec
	template  *template
	commit    *commitRun
	exact     bool // --since start
	progress  *Progress
	processes processes
	claims    *claims

	halt    context.CancelCauseFunc // no more commands are started
	results chan result
	turns   atomic.Int64 // commands that run, or whose result is on its way
	read    atomic.Int64 // paths that the workers were fed, or are about to be

	failures []failure
	changed  int      // left pending by --since start
	inHand   []string // files that another run was at work on
	fatal    error    // why nothing is recorded any more

	printing sync.Mutex
	mute     bool // nobody can be printed to

	mu     sync.Mutex
	failed error // the first error outside of recording
}

// turn is the paths of one run of the command.
type turn struct {
	number int
	paths  []string
}

// result is what became of a turn.
type result struct {
	looked
	failures []failure
	changed  int
	inHand   []string
	paths    int
}

// failure is a file whose command failed.
type failure struct {
	turn int
	err  error
}

var errFailFast = errors.New("a command failed")

// patience is how long a reader may take, once ctx is done and all is recorded,
// for output that is not written yet.
const patience = time.Second

func (r *execRun) run(ctx context.Context, in *source) error {
	running, halt := context.WithCancelCause(ctx)
	defer halt(nil)
	r.halt = halt
	context.AfterFunc(running, in.close)

	todo := make(chan turn)
	fed := make(chan error, 1)
	go func() { fed <- r.feed(running, in, todo) }()
	r.work(running, todo)

	r.collect(ctx)
	in.close()
	return r.conclude(ctx, <-fed)
}

// passOn hands signals to the commands.
func (r *execRun) passOn(ended <-chan struct{}) {
	for {
		select {
		case sig := <-r.Signals:
			r.processes.signal(sig, r.Suspend)
		case <-ended:
			return
		}
	}
}

// feed divides the paths into turns. It returns errStopped when it was stopped
// before their end.
func (r *execRun) feed(ctx context.Context, in *source, todo chan<- turn) error {
	defer close(todo)
	next, size := turn{}, r.template.rest
	send := func() error {
		select {
		case todo <- next:
			next, size = turn{number: next.number + 1}, r.template.rest
			return nil
		case <-ctx.Done():
			return errStopped
		}
	}
	for {
		batch, err := in.Next()
		r.read.Add(int64(len(batch.Paths)))
		for _, path := range batch.Paths {
			full := len(next.paths) >= max(1, r.Batch) || size+len(path)+1 > maxArguments
			if full && len(next.paths) > 0 {
				if err := send(); err != nil {
					return err
				}
			}
			next.paths = append(next.paths, path)
			size += len(path) + 1
		}
		// A single path waits for no other.
		if len(next.paths) > 0 && (err != nil || r.Batch <= 1) {
			if err := send(); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && ctx.Err() != nil:
			return errStopped
		case err != nil:
			return err
		}
	}
}

// work starts the workers. The results end with the last of them.
func (r *execRun) work(ctx context.Context, todo <-chan turn) {
	jobs := r.jobs()
	r.results = make(chan result, min(jobs, 64))
	var workers sync.WaitGroup
	for range jobs {
		workers.Go(func() {
			for t := range todo {
				r.take(ctx, t)
			}
		})
	}
	go func() {
		workers.Wait()
		close(r.results)
	}()
}

// collect records results until there are no more. Once ctx is done it waits no
// longer for output that nobody reads.
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
				r.die(r.commit.tick())
			}
			switch {
			case ctx.Err() == nil || r.turns.Load() > 0 || len(r.results) > 0:
				idle = now
			case now.Sub(idle) > patience:
				return
			}
		}
	}
}

func (r *execRun) record(res result) {
	if r.fatal == nil {
		r.die(r.commit.record(res.looked))
	}
	r.failures = append(r.failures, res.failures...)
	r.changed += res.changed
	r.inHand = append(r.inHand, res.inHand...)
	r.progress.Failed.Add(int64(len(res.failures)))
	r.progress.Done.Add(int64(res.paths))
}

// die ends the run because stamps cannot be written.
func (r *execRun) die(err error) {
	if err != nil {
		r.fatal = err
		r.halt(err)
	}
}

// fail ends the run because of anything else.
func (r *execRun) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed == nil {
		r.failed = err
	}
	r.halt(err)
}

// conclude makes everything durable, and says what was left pending.
func (r *execRun) conclude(ctx context.Context, fed error) error {
	finished := r.commit.finish(r.fatal)
	report := r.commit.report
	if r.changed > 0 {
		report.notice(fmt.Errorf("%s modified while the command ran: left pending", Counted(r.changed, "file")))
	}
	r.sayInHand()
	slices.SortStableFunc(r.failures, func(a, b failure) int { return cmp.Compare(a.turn, b.turn) })
	for _, f := range r.failures {
		report.warn(f.err)
	}
	// Who stopped it by a signal knows what was left.
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
	r.mu.Lock()
	defer r.mu.Unlock()
	return errors.Join(r.fatal, finished, fed, r.failed, ctx.Err())
}

// sayInHand names the files that were passed over for another run, or counts them
// where they are many.
func (r *execRun) sayInHand() {
	const few = 3
	if len(r.inHand) > few {
		r.commit.report.notice(fmt.Errorf("%s passed over, such as %s: another exec is at work on them", Counted(len(r.inHand), "file"), r.inHand[0]))
		return
	}
	for _, path := range r.inHand {
		r.commit.report.notice(&pathError{path, errors.New("passed over: another exec is at work on it")})
	}
}
