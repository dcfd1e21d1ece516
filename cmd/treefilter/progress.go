package main

import (
	"sync/atomic"
	"time"

	"github.com/schollz/progressbar/v3"
)

const (
	// progressDelay spares a short run the flicker.
	progressDelay = time.Second
	progressTick  = 200 * time.Millisecond
)

// watch shows the count of files examined, in one line that is drawn over and
// over, until stop is called, which clears it. No colour is used, so NO_COLOR
// has nothing to switch off.
func (v *voice) watch(examined *atomic.Int64) (stop func()) {
	drawn := int64(-1)
	return v.animate(func() {
		// Once the walk is done only the tools at the other end of the pipe are
		// at work, and the line is theirs.
		if count := examined.Load(); count != drawn {
			v.draw(count)
			drawn = count
		}
	})
}

// animate calls draw again and again, unless stop is called soon.
func (v *voice) animate(draw func()) (stop func()) {
	done := make(chan struct{})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		delay := time.NewTimer(progressDelay)
		defer delay.Stop()
		select {
		case <-delay.C:
		case <-done:
			return
		}
		tick := time.NewTicker(progressTick)
		defer tick.Stop()
		for {
			draw()
			select {
			case <-tick.C:
			case <-done:
				v.erase()
				return
			}
		}
	}()
	return func() {
		close(done)
		<-stopped
	}
}

func (v *voice) draw(count int64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.progress == nil {
		v.progress = progressbar.NewOptions64(-1,
			progressbar.OptionSetWriter(v.w),
			progressbar.OptionSetDescription("files examined"),
			progressbar.OptionShowCount(),
			progressbar.OptionShowTotalBytes(false),
			progressbar.OptionSetElapsedTime(false),
			// Without an interval nothing is drawn unasked, outside
			// the lock that keeps it apart from the messages.
			progressbar.OptionSetSpinnerChangeInterval(0),
		)
	}
	_ = v.progress.Set64(count)
}

func (v *voice) erase() {
	v.mu.Lock()
	defer v.mu.Unlock()
	_ = v.progress.Clear()
	v.progress = nil
}
