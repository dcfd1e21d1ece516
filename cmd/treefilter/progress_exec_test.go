package main

import (
	"testing"
	"time"
)

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
