package main

import (
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"treefilter/filter"
)

// TestFollow shows the walk and then the commands. What a command prints stands
// above the progress, which is drawn again below it. In the bubble sleeps take no time.
func TestFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var (
			b        strings.Builder
			v        = newVoice(&b)
			examined atomic.Int64
			at       filter.Progress
		)
		screen := func() string {
			v.mu.Lock()
			defer v.mu.Unlock()
			return onScreen(b.String())
		}
		examined.Store(12345)
		stop := v.follow(&examined, &at)
		time.Sleep(progressDelay + progressTick/2)
		if shown := screen(); !strings.Contains(shown, "files examined (12345)") {
			t.Errorf("while it walks: %q", shown)
		}

		now := time.Now()
		at.Total.Store(40)
		at.Began.Store(&now)
		time.Sleep(10 * time.Second)
		at.Done.Store(10)
		at.Failed.Store(1)
		time.Sleep(progressTick)
		v.lend(func(w io.Writer) error {
			_, err := io.WriteString(w, "a: done\n")
			return err
		})
		lines := strings.Split(screen(), "\n")
		if len(lines) != 2 || lines[0] != "a: done" || !strings.Contains(lines[1], " 25% |") ||
			!strings.Contains(lines[1], "10/40 files, ") || !strings.HasSuffix(lines[1], " left, 1 failed") {
			t.Errorf("with commands: %q", lines)
		}

		stop()
		if shown := screen(); shown != "a: done\n" {
			t.Errorf("left on the screen: %q", shown)
		}
	})
}

func TestHowFar(t *testing.T) {
	for _, test := range []struct {
		total, done, failed int64
		elapsed             time.Duration
		want                string
	}{
		{100, 0, 0, time.Minute, "0/100 files"},
		{100, 20, 0, 10 * time.Second, "20/100 files, 2.0/s, 40s left"},
		{100, 1, 1, 30 * time.Second, "1/100 files, 2.0/min, 49m30s left, 1 failed"},
		{3, 1, 0, time.Hour, "1/3 files, 1.0/h, 2h0m0s left"},
		{100, 100, 2, 10 * time.Second, "100/100 files, 10.0/s, 2 failed"},
		{0, 0, 0, time.Second, "0 files"},
		{0, 5, 0, time.Second, "5 files, 5.0/s"},
	} {
		if got := howFar(test.total, test.done, test.failed, test.elapsed); got != test.want {
			t.Errorf("%+v: %s", test, got)
		}
	}
}

func TestSumOf(t *testing.T) {
	var p filter.Progress
	for _, step := range []struct {
		count *atomic.Int64
		n     int64
		want  string
	}{
		{&p.InHand, 0, "0 done"},
		{&p.UpToDate, 602, "602 up to date"},
		{&p.Failed, 2, "2 failed, 602 up to date"},
		{&p.Succeeded, 1_400, "1,400 done, 2 failed, 602 up to date"},
		{&p.InHand, 1_234_567, "1,400 done, 2 failed, 1,234,567 in hand elsewhere, 602 up to date"},
		{&p.Pending, 999, "1,400 done, 2 failed, 999 left pending, 1,234,567 in hand elsewhere, 602 up to date"},
	} {
		step.count.Store(step.n)
		if got := sumOf(&p); got != step.want {
			t.Errorf("%q, want %q", got, step.want)
		}
	}
	for d, want := range map[time.Duration]string{3_749 * time.Millisecond: "3.7 s", 61_400 * time.Millisecond: "1m1s"} {
		if got := shortly(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}
