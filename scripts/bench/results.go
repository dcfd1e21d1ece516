package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

const resultsHeader = "row\ttree\tfiles\tcontender\tpeak_bytes\tseconds"

// writeResults writes a line for each contender of each row: the times of its rounds,
// in order, have spaces between them.
func writeResults(results []*result) string {
	var w strings.Builder
	fmt.Fprintln(&w, resultsHeader)
	for _, r := range results {
		for i := range r.series {
			s := &r.series[i]
			fmt.Fprintf(&w, "%s\t%s\t%d\t%s\t%d\t", r.row, r.tree, r.files, s.name, s.peak())
			for j, one := range s.samples {
				if j > 0 {
					w.WriteByte(' ')
				}
				fmt.Fprintf(&w, "%.6f", one.wall.Seconds())
			}
			w.WriteByte('\n')
		}
	}
	return w.String()
}

// readResults reads what writeResults wrote.
func readResults(text string) ([]*result, error) {
	header, lines, _ := strings.Cut(text, "\n")
	if header != resultsHeader {
		return nil, fmt.Errorf("line 1: not %q", resultsHeader)
	}
	var out []*result
	n := 1
	for line := range strings.Lines(lines) {
		n++
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(fields) != 6 {
			return nil, fmt.Errorf("line %d: %d fields, not 6", n, len(fields))
		}
		files, err := strconv.Atoi(fields[2])
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if len(out) == 0 || out[len(out)-1].row != fields[0] || out[len(out)-1].tree != fields[1] {
			out = append(out, &result{row: fields[0], tree: fields[1], files: files})
		}
		s, err := readSeries(fields[3], fields[4], fields[5])
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		last := out[len(out)-1]
		last.series = append(last.series, s)
	}
	return out, nil
}

func readSeries(name, peak, walls string) (series, error) {
	s := series{name: name}
	bytes, err := strconv.ParseInt(peak, 10, 64)
	if err != nil {
		return s, err
	}
	for _, word := range strings.Fields(walls) {
		wall, err := time.ParseDuration(word + "s")
		if err != nil {
			return s, err
		}
		s.samples = append(s.samples, sample{wall: wall, peak: bytes})
	}
	return s, nil
}
