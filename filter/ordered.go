package filter

import (
	"context"
	"errors"
	"io"
	"iter"
	"sync"
	"time"

	"treefilter/walk"
)

// ordered reads items, has a crew work on several at once, and yields the results in
// the order of the items.
type ordered[T, R any] struct {
	next    func() (T, error) // io.EOF is the end
	work    func(m *walk.Meter, item T) R
	end     func()        // nil, or called once neither is called any more
	threads int           // of the crew
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
		queue, room, end := o.start(ctx, quit)
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
				result := <-t.result
				room <- struct{}{}
				if !yield(result, nil) {
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
// closed, end has the error that ended the reading. For each task whose result was
// taken, room gets back what it took up.
func (o *ordered[T, R]) start(ctx context.Context, quit <-chan struct{}) (queue <-chan task[T, R], room chan<- struct{}, end <-chan error) {
	most := 2 * walk.MaxWorkers(o.threads)
	inOrder, todo := make(chan task[T, R], most), make(chan task[T, R], most)
	places := make(chan struct{}, most)
	ended := make(chan error, 1)
	var running sync.WaitGroup
	running.Go(func() {
		defer close(todo)
		defer close(inOrder)
		for ctx.Err() == nil {
			item, err := o.next()
			if err != nil {
				ended <- err
				return
			}
			select {
			case <-places:
				t := task[T, R]{item, make(chan R, 1)}
				inOrder <- t
				todo <- t
			case <-quit:
				return
			}
		}
		ended <- ctx.Err()
	})
	walk.NewCrew(o.threads, func(m *walk.Meter) {
		places <- struct{}{} // for its task
		places <- struct{}{} // and for one whose result waits for its turn
		running.Go(func() {
			for t := range todo {
				t.result <- o.work(m, t.item)
			}
		})
	}).Start()
	if o.end != nil {
		go func() {
			running.Wait()
			o.end()
		}()
	}
	return inOrder, places, ended
}
