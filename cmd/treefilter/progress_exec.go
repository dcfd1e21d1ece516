package main

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/schollz/progressbar/v3"

	"treefilter/filter"
)

// follow shows how far an exec has come, as watch does: first the files examined,
// then those whose command has ended.
func (v *voice) follow(examined *atomic.Int64, at *filter.Progress) (stop func()) {
	walking := true
	return v.animate(func() {
		began := at.Began.Load()
		if began == nil {
			v.draw(examined.Load())
			return
		}
		total, done := at.Total.Load(), at.Done.Load()
		v.mu.Lock()
		defer v.mu.Unlock()
		if walking {
			walking = false
			if v.progress != nil {
				_ = v.progress.Clear()
			}
			v.progress = newBar(v.w, total)
		}
		_ = v.progress.Set64(done)
		v.progress.Describe(howFar(total, done, at.Failed.Load(), time.Since(*began)))
	})
}

// newBar returns a bar that shows how much is done; its description is the rest.
func newBar(w io.Writer, total int64) *progressbar.ProgressBar {
	if total == 0 {
		total = -1 // unknown
	}
	return progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetWidth(16),
		progressbar.OptionShowDescriptionAtLineEnd(),
		progressbar.OptionSetElapsedTime(false),
		progressbar.OptionSetPredictTime(false), // of no use before the first has ended
		progressbar.OptionSetSpinnerChangeInterval(0),
	)
}

// howFar words count, rate and time left.
func howFar(total, done, failed int64, elapsed time.Duration) string {
	text := fmt.Sprintf("%d files", done)
	if total > 0 {
		text = fmt.Sprintf("%d/%d files", done, total)
	}
	if rate := float64(done) / elapsed.Seconds(); done > 0 && elapsed > 0 {
		text += ", " + perTime(rate)
		if left := float64(total - done); left > 0 {
			text += ", " + time.Duration(left/rate*float64(time.Second)).Round(time.Second).String() + " left"
		}
	}
	if failed > 0 {
		text += fmt.Sprintf(", %d failed", failed)
	}
	return text
}

func perTime(rate float64) string {
	switch {
	case rate >= 1:
		return fmt.Sprintf("%.1f/s", rate)
	case rate*60 >= 1:
		return fmt.Sprintf("%.1f/min", rate*60)
	default:
		return fmt.Sprintf("%.1f/h", rate*3600)
	}
}

// lend gives stderr away, undisturbed by messages and without the progress, which
// is drawn again after what was written.
func (v *voice) lend(write func(io.Writer) error) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.progress == nil {
		return write(v.w)
	}
	_ = v.progress.Clear()
	defer v.progress.RenderBlank()
	return write(v.w)
}
