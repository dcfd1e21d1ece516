package main

import (
	"reflect"
	"testing"
)

func TestResultsAreReadAsWritten(t *testing.T) {
	floor, ours := seriesOf(10, 20), seriesOf(12, 14)
	floor.name, ours.name = "floor", "treefilter"
	for _, s := range []*series{floor, ours} {
		s.samples[0].peak = s.samples[1].peak // only the largest is kept
	}
	if got, err := readResults(writeResults(nil)); err != nil || got != nil {
		t.Errorf("of nothing: %v, %v", got, err)
	}
	want := []*result{
		{row: "no-change", tree: "flat", files: 7, series: []series{*floor, *ours}},
		{row: "no-change", tree: "deep", files: 8, series: []series{*ours}},
	}
	got, err := readResults(writeResults(want))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestBrokenResults(t *testing.T) {
	for _, lines := range []string{"\n", "a\tb\t1\tc\t2", "a\tb\tx\tc\t2\t1", "a\tb\t1\tc\tx\t1", "a\tb\t1\tc\t2\tx"} {
		if _, err := readResults(resultsHeader + "\n" + lines); err == nil {
			t.Errorf("no error for %q", lines)
		}
	}
	if _, err := readResults("row\n"); err == nil {
		t.Error("no error for another header")
	}
}
