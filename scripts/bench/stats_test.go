package main

import (
	"testing"
	"time"
)

func seriesOf(millis ...int) *series {
	s := &series{}
	for _, ms := range millis {
		s.samples = append(s.samples, sample{wall: time.Duration(ms) * time.Millisecond, peak: int64(ms)})
	}
	return s
}

func TestSeries(t *testing.T) {
	odd, even := seriesOf(9, 1, 5), seriesOf(4, 1, 9, 2)
	if got := odd.wall(); got != 5*time.Millisecond {
		t.Errorf("median of three: %v", got)
	}
	if got := even.wall(); got != 3*time.Millisecond {
		t.Errorf("median of four: %v", got)
	}
	if odd.fastest() != time.Millisecond || odd.slowest() != 9*time.Millisecond || odd.peak() != 9 {
		t.Errorf("min %v, max %v, peak %d", odd.fastest(), odd.slowest(), odd.peak())
	}
}

// The ratio of the medians would be 1: the slow rounds are not the same.
func TestRatioIsTakenWithinEachRound(t *testing.T) {
	slow, floor := seriesOf(20, 20, 40), seriesOf(10, 20, 20)
	if got := slow.ratio(floor); got != 2 {
		t.Errorf("ratio %v, want 2", got)
	}
}
