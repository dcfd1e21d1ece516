package filter

import (
	"context"
	"iter"
	"sync"
)

// jobQueue gives out jobs one by one. The worker that takes one divides off the next
// itself.
type jobQueue struct {
	mu   sync.Mutex
	next func() (job, error, bool)
	stop func()
	over bool
	err  error // why it was over before its end
}

func newJobQueue(jobs iter.Seq2[job, error]) *jobQueue {
	q := &jobQueue{}
	q.next, q.stop = iter.Pull2(jobs)
	return q
}

// take returns the next job, and false where there is none, or ctx is done.
func (q *jobQueue) take(ctx context.Context) (job, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.over {
		return job{}, false
	}
	j, err, more := q.next()
	if more && ctx.Err() != nil {
		err = errStopped
	}
	q.over, q.err = !more || err != nil, err
	return j, !q.over
}

// end ends the queue, ctx being done. It returns errStopped when there were more jobs.
func (q *jobQueue) end(ctx context.Context) error {
	q.take(ctx)
	q.stop()
	return q.err
}

// jobs divides the files into jobs. An error is the last that it yields.
func (r *execRun) jobs(files iter.Seq2[[]filePath, error]) iter.Seq2[job, error] {
	return func(yield func(job, error) bool) {
		next := job{}
		names := r.runner.namer().forCommands()
		flush := func() (more bool) {
			full := next
			if len(full.files) == 0 {
				return true
			}
			next = job{number: full.number + 1}
			return yield(full, nil)
		}
		for paths, err := range files {
			if err != nil { // what came before it is done all the same
				if flush() {
					yield(job{}, err)
				}
				return
			}
			r.read.Add(int64(len(paths)))
			for _, path := range paths {
				size := 0
				if r.Batch > 1 {
					size = r.runner.template.size(names.command(path))
				}
				full := len(next.files) >= r.Batch || r.runner.template.rest+next.size+size > maxArguments
				if full && !flush() {
					return
				}
				next.files = append(next.files, path)
				next.size += size
			}
			// A single path waits for no other.
			if r.Batch <= 1 && !flush() {
				return
			}
		}
		flush()
	}
}
