package filter

import (
	"context"
	"errors"
	"io"
	"runtime"
	"time"
)

// lookers is how many goroutines look at given paths side by side. Where there are
// two processors four are as quick as two on a warm disk, and wait less for a slow
// one.
func lookers() int { return max(4, runtime.GOMAXPROCS(0)) }

// ordered reads items with next until io.EOF, has workers turn each into a
// result, and calls take with the results in the order of the items. It calls
// tick, on the same goroutine as take, at least every period.
//
// When ctx is done it reads no further, still takes what was read by then, and
// returns ctx's error; a next that blocks is left behind.
func ordered[T, R any](ctx context.Context, workers int, next func() (T, error),
	work func(worker int, item T) R, take func(R) error, period time.Duration, tick func() error) error {
	type slot struct {
		item   T
		result chan R
	}
	quit := make(chan struct{}) // nobody takes any more
	defer close(quit)
	queue := make(chan *slot, 2*workers) // in order
	todo := make(chan *slot, 2*workers)
	end := make(chan error, 1)
	go func() {
		defer close(todo)
		defer close(queue)
		for ctx.Err() == nil {
			item, err := next()
			if err != nil {
				end <- err
				return
			}
			s := &slot{item, make(chan R, 1)}
			select {
			case queue <- s:
				todo <- s
			case <-quit:
				return
			}
		}
		end <- ctx.Err()
	}()
	for w := range workers {
		go func() {
			for s := range todo {
				s.result <- work(w, s.item)
			}
		}()
	}
	clock := time.NewTicker(period)
	defer clock.Stop()
	for {
		select {
		case s, more := <-queue:
			if !more {
				if err := <-end; !errors.Is(err, io.EOF) {
					return err
				}
				return nil
			}
			if err := take(<-s.result); err != nil {
				return err
			}
		case <-clock.C:
			if err := tick(); err != nil {
				return err
			}
		case <-ctx.Done():
			for {
				select {
				case s, more := <-queue:
					if !more {
						return ctx.Err()
					}
					if err := take(<-s.result); err != nil {
						return err
					}
				case <-time.After(lull):
					return ctx.Err()
				}
			}
		}
	}
}

// lull is how long nothing must have come, once ctx is done, until next counts
// as blocked: what it had read just then is on its way.
const lull = 10 * time.Millisecond
