package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// report writes the table and, beside it, every single sample.
func (b *bench) report() error {
	if err := os.MkdirAll(b.Out, 0o755); err != nil {
		return err
	}
	base := filepath.Join(b.Out, b.machine.date.UTC().Format(time.DateOnly)+"-"+b.machine.host)
	if err := os.WriteFile(base+".md", []byte(b.markdown()), 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(base+".tsv", []byte(b.raw()), 0o644); err != nil {
		return err
	}
	progress("wrote %s.md and .tsv", base)
	return nil
}

func (b *bench) markdown() string {
	var w strings.Builder
	fmt.Fprintf(&w, "# Measured on %s, %s\n\n", b.machine.date.UTC().Format(time.DateOnly), b.machine.host)
	fmt.Fprintf(&w, "%s.\n\n", b.machine)
	if b.machine.busy() {
		fmt.Fprint(&w, "**The machine was busy with other things: not a run to judge by.**\n\n")
	}
	fmt.Fprintf(&w, "Made by `%s`. Warm cache; commands take turns, after one round that is not counted; "+
		"medians of %d rounds (three times as many where a run takes milliseconds), minimum to maximum beside them; "+
		"ratios are medians of the ratios within each round; memory is the largest peak. "+
		"All commands were first seen to print the same. Raw data: the .tsv file beside this one.\n\n", b.invocation(), b.Runs)
	for _, version := range b.tools.versions {
		fmt.Fprintf(&w, "- %s\n", version)
	}
	b.writeTargets(&w)
	b.writeRows(&w)
	b.writeCommands(&w)
	return w.String()
}

// invocation is the call that makes such a report.
func (b *bench) invocation() string {
	call := "go run ./scripts/bench"
	if b.Quick {
		call += " --quick"
	} else if b.Runs != 7 {
		call += fmt.Sprintf(" --runs %d", b.Runs)
	}
	if len(b.Rows) > 0 {
		call += " --rows " + strings.Join(b.Rows, ",")
	}
	return call
}

func (b *bench) writeTargets(w *strings.Builder) {
	fmt.Fprint(w, "\n## Targets\n\n| work | tree | measured | target | |\n|---|---|---|---|---|\n")
	for _, v := range b.verdicts() {
		met := "missed"
		switch {
		case v.target == "":
			met = "for comparison"
		case v.met:
			met = "met"
		}
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s |\n", v.work, v.tree, v.measured, v.target, met)
	}
}

// writeRows writes a table for each row and tree: the first contender is
// what the others are compared with.
func (b *bench) writeRows(w *strings.Builder) {
	fmt.Fprint(w, "\n## Everything\n")
	for _, r := range b.sorted() {
		first := &r.series[0]
		fmt.Fprintf(w, "\n%s, %s, %d rounds\n\n", r.row, r.tree.name(), len(first.samples))
		fmt.Fprintf(w, "| | median | min to max | x %s | peak MB |\n|---|---|---|---|---|\n", first.name)
		for i := range r.series {
			s := &r.series[i]
			fmt.Fprintf(w, "| %s | %s | %s to %s | %.2f | %s |\n", s.name, seconds(s.wall()),
				seconds(s.fastest()), seconds(s.slowest()), s.ratio(first), megabytes(s.peak()))
		}
	}
}

// writeCommands writes what was called, on the largest tree.
func (b *bench) writeCommands(w *strings.Builder) {
	fmt.Fprint(w, "\n## Commands\n\nThe same for every size; `$WORK` is the work folder.\n")
	for _, row := range rows {
		for _, r := range b.sorted() {
			if r.row != row.name || r.tree.files != b.Sizes[len(b.Sizes)-1] || r.tree.shape != b.Shapes[0] {
				continue
			}
			fmt.Fprintf(w, "\n%s\n\n", r.row)
			for _, s := range r.series {
				fmt.Fprintf(w, "    %s  # %s\n", s.shell, s.name)
			}
		}
	}
}

// raw is every sample, a line each.
func (b *bench) raw() string {
	var w strings.Builder
	fmt.Fprintln(&w, "row\tshape\tfiles\tcontender\tround\twall_s\tuser_s\tsys_s\tpeak_bytes")
	for _, r := range b.sorted() {
		for _, s := range r.series {
			for round, one := range s.samples {
				fmt.Fprintf(&w, "%s\t%s\t%d\t%s\t%d\t%.6f\t%.6f\t%.6f\t%d\n", r.row, r.tree.shape, r.tree.files, s.name,
					round+1, one.wall.Seconds(), one.user.Seconds(), one.sys.Seconds(), one.peak)
			}
		}
	}
	return w.String()
}

// seconds writes a duration with about three digits.
func seconds(d time.Duration) string {
	ms := float64(d.Microseconds()) / 1000
	switch {
	case ms < 100:
		return fmt.Sprintf("%.1f ms", ms)
	case ms < 1000:
		return fmt.Sprintf("%.0f ms", ms)
	}
	return fmt.Sprintf("%.2f s", ms/1000)
}

// spread writes median, minimum and maximum.
func spread(s *series) string {
	return fmt.Sprintf("%s, %s to %s", seconds(s.wall()), seconds(s.fastest()), seconds(s.slowest()))
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f", float64(n)/(1<<20)) }
