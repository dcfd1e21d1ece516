package filter

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"treefilter/walk"
)

// In a synctest bubble time stands still while anything runs, and a goroutine
// that is left behind fails the test.

// count returns a next that counts up to n, and then ends with err.
func count(n int, err error) func() (int, error) {
	i := 0
	return func() (int, error) {
		if i == n {
			return 0, err
		}
		i++
		return i, nil
	}
}

// run takes the results of ordered items, and calls tick for those that are none.
func run(ctx context.Context, workers int, next func() (int, error), work func(worker, item int) int,
	take func(int) error, every time.Duration, tick func() error) error {
	o := ordered[int, *int]{next: next, threads: workers, every: every, work: func(m *walk.Meter, item int) *int {
		result := work(m.Worker, item)
		return &result
	}}
	for r, err := range o.results(ctx) {
		switch {
		case err != nil:
			return err
		case r == nil:
			err = tick()
		default:
			err = take(*r)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func idle() error { return nil }

func TestOrderedKeepsTheOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const n, workers = 500, 8
		busy := make([]bool, workers)
		var got []int
		err := run(t.Context(), workers, count(n, io.EOF),
			func(worker, item int) int {
				if busy[worker] {
					t.Errorf("two items at once for worker %d", worker)
				}
				busy[worker] = true
				time.Sleep(time.Duration(item*7919%101) * time.Millisecond)
				busy[worker] = false
				return -item
			},
			func(result int) error { got = append(got, result); return nil },
			time.Hour, idle)
		if err != nil {
			t.Error(err)
		}
		var want []int
		for i := range n {
			want = append(want, -i-1)
		}
		if !slices.Equal(got, want) {
			t.Errorf("results out of order: %v", got)
		}
	})
}

func TestOrderedWorksInParallel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		err := run(t.Context(), 4, count(40, io.EOF),
			func(_, _ int) int { time.Sleep(time.Second); return 0 },
			func(int) error { return nil }, time.Hour, idle)
		if took := time.Since(start); err != nil || took != 10*time.Second {
			t.Errorf("40 seconds of work for 4 took %v, error %v", took, err)
		}
	})
}

// What one read brought is passed on without waiting for the next.
func TestOrderedHoldsNothingBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		items := make(chan int)
		taken := make(chan int)
		done := make(chan error)
		next := func() (int, error) {
			if i, ok := <-items; ok {
				return i, nil
			}
			return 0, io.EOF
		}
		go func() {
			done <- run(t.Context(), 3, next, func(_, i int) int { return i },
				func(i int) error { taken <- i; return nil }, time.Hour, idle)
		}()
		for i := range 10 {
			items <- i
			if got := <-taken; got != i {
				t.Errorf("took %d after %d was read", got, i)
			}
		}
		close(items)
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestOrderedTicks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ticks int
		next := func() (int, error) { time.Sleep(time.Minute); return 0, io.EOF }
		err := run(t.Context(), 2, next, func(_, _ int) int { return 0 }, func(int) error { return nil },
			time.Second, func() error { ticks++; return nil })
		if err != nil || ticks < 59 || ticks > 60 {
			t.Errorf("%d ticks a minute, error %v", ticks, err)
		}
	})
}

// What came before an error is taken first, whichever function returns it.
func TestOrderedErrors(t *testing.T) {
	wrong := errors.New("wrong")
	tests := []struct {
		name  string
		next  func() (int, error)
		take  func(int) error
		tick  func() error
		taken int
	}{
		{"next", count(5, wrong), func(int) error { return nil }, idle, 5},
		{"take", count(1000, io.EOF), func(i int) error {
			if i == 3 {
				return wrong
			}
			return nil
		}, idle, 3},
		{"tick", count(1000, io.EOF), func(int) error { time.Sleep(time.Second); return nil },
			func() error { return wrong }, -1},
	}
	for _, test := range tests {
		synctest.Test(t, func(t *testing.T) {
			taken := 0
			err := run(t.Context(), 4, test.next, func(_, i int) int { return i },
				func(i int) error { taken++; return test.take(i) }, time.Second, test.tick)
			if err != wrong || test.taken >= 0 && taken != test.taken {
				t.Errorf("%s fails: error %v after %d results", test.name, err, taken)
			}
		})
	}
}

// A signal must not lose what was read: a path that was read is a path that
// some writer believes to be ours.
func TestOrderedCancelledTakesWhatWasRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		read, block := 0, make(chan struct{})
		next := func() (int, error) {
			if read == 6 {
				cancel()
				<-block
				return 0, io.EOF
			}
			read++
			return read, nil
		}
		var got []int
		err := run(ctx, 2, next, func(_, i int) int { time.Sleep(time.Second); return i },
			func(i int) error { got = append(got, i); return nil }, time.Hour, idle)
		if err != context.Canceled || !slices.Equal(got, []int{1, 2, 3, 4, 5, 6}) {
			t.Errorf("took %v, error %v", got, err)
		}
		close(block) // only a next that blocks was left behind
	})
}

// A signal must end it though there is always more to read.
func TestOrderedCancelledReadsNoFurther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		read, taken := 0, 0
		next := func() (int, error) { read++; return read, nil }
		err := run(ctx, 2, next, func(_, i int) int { return i },
			func(i int) error {
				if taken++; taken == 10 {
					cancel()
				}
				if taken > 1000 {
					return errors.New("it does not end")
				}
				return nil
			}, time.Hour, idle)
		if err != context.Canceled || taken != read {
			t.Errorf("took %d of %d, error %v", taken, read, err)
		}
	})
}

func TestOrderedCancelledBeforeItBegan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err := run(ctx, 2, count(9, io.EOF), func(_, i int) int { return i },
			func(int) error { return nil }, time.Hour, idle)
		if err != context.Canceled {
			t.Error(err)
		}
	})
}
