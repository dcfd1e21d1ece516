package main

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func resultOf(row, tree string, millis map[string]int) *result {
	r := &result{row: row, tree: tree}
	for name, ms := range millis {
		s := seriesOf(ms)
		s.name = name
		s.samples[0].peak = int64(ms) << 20
		r.series = append(r.series, *s)
	}
	return r
}

func TestJudge(t *testing.T) {
	r := resultOf("row", "flat", map[string]int{"ours": 3000, "other": 2000})
	for _, test := range []struct {
		limit    limit
		measured string
		met      bool
	}{
		{times(1.5, "other"), "1.50 x (3.00 s to 2.00 s)", true},
		{times(1.4, "other"), "1.50 x (3.00 s to 2.00 s)", false},
		{moreThan("other", time.Second), "+1.00 s (3.00 s to 2.00 s)", true},
		{moreThan("other", time.Millisecond), "+1.00 s (3.00 s to 2.00 s)", false},
		{within(3 * time.Second), "3.00 s, 3.00 s to 3.00 s", true},
		{within(2 * time.Second), "3.00 s, 3.00 s to 3.00 s", false},
		{megabytesAtMost(3000), "3000.0 MB", true},
		{megabytesAtMost(2999), "3000.0 MB", false},
	} {
		v, ok := target{"row", "flat", "ours", test.limit}.judge(r)
		if !ok || v.measured != test.measured || v.met() != test.met {
			t.Errorf("%s: %q, met: %v, judged: %v", test.limit, v.measured, v.met(), ok)
		}
	}
	for _, absent := range []target{{"row", "flat", "nobody", within(1)}, {"row", "flat", "ours", times(1, "nobody")}} {
		if v, ok := absent.judge(r); ok {
			t.Errorf("judged without a sample: %+v", v)
		}
	}
}

// A misspelt row, tree or contender would be a promise that is never looked at.
func TestTargetsAreOfRows(t *testing.T) {
	for _, target := range targets {
		i := slices.IndexFunc(rows(), func(r row) bool { return r.name == target.row })
		if i < 0 {
			t.Errorf("%s: no such row", target.row)
			continue
		}
		for _, tree := range strings.Fields(target.trees) {
			if !slices.Contains(strings.Fields(rows()[i].trees), tree) {
				t.Errorf("%s: not measured on %s", target.row, tree)
			}
		}
	}
	for _, r := range rows() {
		for _, tree := range strings.Fields(r.trees) {
			if tree != yours && !slices.Contains(treeNames(), tree) {
				t.Errorf("%s: no tree %s", r.name, tree)
			}
		}
	}
}
