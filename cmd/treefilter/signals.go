package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"
)

// ended is the cause of a context that a signal has cancelled.
type ended struct{ by os.Signal }

func (e *ended) Error() string { return "ended by signal: " + e.by.String() }

// endings are the signals that end a run. A terminal that is closed sends SIGHUP.
var endings = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}

// notify relays signals to a channel.
func notify(to chan<- os.Signal, signals ...os.Signal) {
	for _, sig := range signals {
		// A shell starts its background jobs with SIGINT ignored, and nohup
		// and its like rely on the same: what was ignored stays so.
		if !signal.Ignored(sig) {
			signal.Notify(to, sig)
		}
	}
}

// untilSignal returns a context that the first SIGINT, SIGTERM or SIGHUP cancels.
// The flows then finish what they must; a second signal kills at once, unless it
// is caught elsewhere.
func untilSignal() (ctx context.Context, release func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	notify(signals, endings...)
	go func() {
		select {
		case sig := <-signals:
			signal.Stop(signals)
			cancel(&ended{by: sig})
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel(nil)
	}
}

// everySignal returns the signals that end a run, and those that suspend it, for
// a flow that has something to do about each. The former come only once ctx,
// which is that of untilSignal, is done. The third of them kills at once: with the
// second the flow knows all that there is to know, and it may still have a huge
// file to read.
func everySignal(ctx context.Context) (<-chan os.Signal, func()) {
	caught := make(chan os.Signal, 8)
	notify(caught, append(suspensions, endings...)...)
	signals, released := make(chan os.Signal), make(chan struct{})
	go func() {
		for ending := 0; ; {
			select {
			case sig := <-caught:
				if slices.Contains(endings, sig) {
					<-ctx.Done()
					if ending++; ending == 2 {
						signal.Stop(caught)
					}
				}
				select {
				case signals <- sig:
				case <-released:
				}
			case <-released:
				return
			}
		}
	}()
	return signals, func() {
		signal.Stop(caught)
		close(released)
	}
}

// causeOf returns what ended a flow: the signal, when err says nothing but that
// ctx is done, and otherwise what else went wrong.
func causeOf(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil {
		return err
	}
	others := slices.DeleteFunc(unjoin(err), func(e error) bool { return errors.Is(e, ctx.Err()) })
	if len(others) == 0 {
		return context.Cause(ctx)
	}
	return errors.Join(others...)
}

// patience is how long a cancelled flow may take to come back by itself.
const patience = 100 * time.Millisecond

// abandonable runs a flow that holds nothing worth saving, and comes back soon
// after ctx is done even when the flow does not: a read from a silent stdin or
// a write into a full pipe knows of no context.
func abandonable[T any](ctx context.Context, flow func() (T, error)) (none T, err error) {
	type result struct {
		value T
		err   error
	}
	finished := make(chan result, 1)
	go func() {
		value, err := flow()
		finished <- result{value, err}
	}()

	select {
	case r := <-finished:
		return r.value, r.err
	case <-ctx.Done():
	}
	select {
	case r := <-finished:
		return r.value, r.err
	case <-time.After(patience):
		return none, ctx.Err()
	}
}

// abandonableWriter is for a flow that has something to save, and so must come to its
// end by itself, whether or not anybody reads what it writes.
type abandonableWriter struct {
	ctx context.Context
	w   io.Writer
}

func (a *abandonableWriter) Write(p []byte) (int, error) {
	p = bytes.Clone(p) // which the flow may use again, once this is abandoned
	return abandonable(a.ctx, func() (int, error) { return a.w.Write(p) })
}
