package main

import (
	"cmp"
	"slices"
	"time"
)

// median returns the middle value, or the mean of the middle two.
func median[T cmp.Ordered](values []T, mean func(a, b T) T) T {
	var none T
	if len(values) == 0 {
		return none
	}
	sorted := slices.Sorted(slices.Values(values))
	half := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[half]
	}
	return mean(sorted[half-1], sorted[half])
}

func (s *series) walls() []time.Duration {
	out := make([]time.Duration, len(s.samples))
	for i, one := range s.samples {
		out[i] = one.wall
	}
	return out
}

// wall is the median time.
func (s *series) wall() time.Duration {
	return median(s.walls(), func(a, b time.Duration) time.Duration { return (a + b) / 2 })
}

func (s *series) fastest() time.Duration { return slices.Min(s.walls()) }
func (s *series) slowest() time.Duration { return slices.Max(s.walls()) }

// peak is the largest memory of any round.
func (s *series) peak() int64 {
	var most int64
	for _, one := range s.samples {
		most = max(most, one.peak)
	}
	return most
}

// ratio is the median of the rounds' ratios: what slows the machine down for
// a moment slows both down, and cancels out.
func (s *series) ratio(to *series) float64 {
	out := make([]float64, min(len(s.samples), len(to.samples)))
	for i := range out {
		out[i] = float64(s.samples[i].wall) / float64(to.samples[i].wall)
	}
	return median(out, func(a, b float64) float64 { return (a + b) / 2 })
}
