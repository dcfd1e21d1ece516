package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
)

func TestCauseOf(t *testing.T) {
	var (
		interrupted = &ended{by: os.Interrupt}
		failed      = errors.New("sync failed")
	)
	ctx, cancel := context.WithCancelCause(context.Background())
	if got := causeOf(ctx, failed); got != failed {
		t.Errorf("no signal: %v", got)
	}
	cancel(interrupted)
	for _, test := range []struct {
		name string
		err  error
		want string
	}{
		{"finished all the same", nil, "<nil>"},
		{"ended", ctx.Err(), interrupted.Error()},
		{"ended, with more to close", errors.Join(ctx.Err(), nil), interrupted.Error()},
		{"ended, wrapped", fmt.Errorf("photos: %w", ctx.Err()), interrupted.Error()},
		{"ended, and then failed", errors.Join(errors.Join(ctx.Err(), failed), nil), "sync failed"},
		{"failed", failed, "sync failed"},
	} {
		if got := fmt.Sprint(causeOf(ctx, test.err)); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}
