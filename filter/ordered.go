package filter

import (
	"context"
	"errors"
	"io"
	"iter"
	"runtime"
	"time"
)

// parallel is how many goroutines stat given paths side by side. Where there are two
// processors four are as quick as two on a warm disk, and wait less for a slow one.
func parallel() int { return max(4, runtime.GOMAXPROCS(0)) }

// ordered reads items, works on several at once, and yields the results in the
// order of the items.
type ordered[T, R any] struct {
	next    func() (T, error) // io.EOF is the end
	work    func(worker int, item T) R
	workers int
	every   time.Duration // yield a zero R at least so often; 0 is never
}

// task is an item, and where its result goes.
type task[T, R any] struct {
	item   T
	result chan R
}

// results yields what became of each item; an error is the last that it yields.
//
// When ctx is done it reads no further, still yields what was read by then, and
// ends with ctx's error; a next that blocks is left alone.
func (o *ordered[T, R]) results(ctx context.Context) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		quit := make(chan struct{}) // nothing is taken any more
		defer close(quit)
		queue, end := o.start(ctx, quit)
		var none R
		var tick <-chan time.Time
		if o.every > 0 {
			clock := time.NewTicker(o.every)
			defer clock.Stop()
			tick = clock.C
		}
		done := ctx.Done()
		var stalled <-chan time.Time // runs once ctx is done
		for {
			select {
			case t, more := <-queue:
				if !more {
					if err := <-end; !errors.Is(err, io.EOF) {
						yield(none, err)
					}
					return
				}
				if !yield(<-t.result, nil) {
					return
				}
			case <-tick:
				if !yield(none, nil) {
					return
				}
			case <-done:
				done, tick = nil, nil
			case <-stalled:
				yield(none, ctx.Err())
				return
			}
			if ctx.Err() != nil {
				stalled = time.After(lull)
			}
		}
	}
}

// lull is how long nothing must have come, once ctx is done, until next counts
// as blocked: what it had read just then is on its way.
const lull = 10 * time.Millisecond

// start reads and works until quit. The queue holds the tasks in order; when it is
// closed, end has the error that ended the reading.
func (o *ordered[T, R]) start(ctx context.Context, quit <-chan struct{}) (queue <-chan task[T, R], end <-chan error) {
	inOrder := make(chan task[T, R], 2*o.workers)
	todo := make(chan task[T, R], 2*o.workers)
	ended := make(chan error, 1)
	go func() {
		defer close(todo)
		defer close(inOrder)
		for ctx.Err() == nil {
			item, err := o.next()
			if err != nil {
				ended <- err
				return
			}
			t := task[T, R]{item, make(chan R, 1)}
			select {
			case inOrder <- t:
				todo <- t
			case <-quit:
				return
			}
		}
		ended <- ctx.Err()
	}()
	for w := range o.workers {
		go func() {
			for t := range todo {
				t.result <- o.work(w, t.item)
			}
		}()
	}
	return inOrder, ended
}
