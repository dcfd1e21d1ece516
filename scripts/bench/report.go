package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// The files of a report. They bear no date, so that others can refer to them: what they
// were before is in the history.
const (
	reportFile  = "report.md"
	resultsFile = "results.tsv"
	pictureFile = "ratios.svg"
)

// report writes the tables, and beside them every single sample and the picture.
func (b *bench) report() error {
	if err := os.MkdirAll(b.Out, 0o755); err != nil {
		return err
	}
	for name, text := range map[string]string{reportFile: b.markdown(), resultsFile: writeResults(b.results)} {
		if err := os.WriteFile(filepath.Join(b.Out, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	progress("wrote %s", filepath.Join(b.Out, reportFile))
	return redraw(filepath.Join(b.Out, resultsFile))
}

func (b *bench) markdown() string {
	var w strings.Builder
	fmt.Fprintf(&w, "# Measured on %s\n\n", b.machine.date.UTC().Format(time.DateOnly))
	fmt.Fprintf(&w, "%s.\n\n", b.machine)
	if b.machine.busy() {
		fmt.Fprint(&w, "**The machine was busy with other things: not a run to judge by.**\n\n")
	}
	fmt.Fprintf(&w, "Made by `%s`. [How the figures come about](README.md).\n\n", b.invocation())
	for _, line := range append(b.tools.versions, b.notes...) {
		fmt.Fprintf(&w, "- %s\n", line)
	}
	b.writeTrees(&w)
	b.writeTargets(&w)
	b.writeRows(&w)
	b.writeCommands(&w)
	return w.String()
}

// invocation is the call that makes such a report.
func (b *bench) invocation() string {
	call := "go run ./scripts/bench"
	for _, flag := range []struct {
		given bool
		text  string
	}{
		{b.Tree != "", " --tree DIR"},
		{b.Quick, " --quick"},
		{b.Huge, " --huge"},
		{b.Runs != 7 && !b.Quick, fmt.Sprintf(" --runs %d", b.Runs)},
		{len(b.Trees) > 0, " --trees " + strings.Join(b.Trees, ",")},
		{len(b.Rows) > 0, " --rows " + strings.Join(b.Rows, ",")},
		{b.Before != "", " --before " + b.Before},
	} {
		if flag.given {
			call += flag.text
		}
	}
	return call
}

func (b *bench) writeTrees(w *strings.Builder) {
	fmt.Fprint(w, "\n## Trees\n\n| tree | files | directories | links | files a directory | longest path |\n|---|---|---|---|---|---|\n")
	for _, t := range b.trees {
		fmt.Fprintf(w, "| %s | %d | %d | %d | %.1f | %d |\n", t.name, t.files, t.dirs, t.links, float64(t.files)/float64(t.dirs), t.longest)
	}
}

func (b *bench) writeTargets(w *strings.Builder) {
	fmt.Fprint(w, "\n## Targets\n\n| row | tree | what | measured | target | |\n|---|---|---|---|---|---|\n")
	for _, v := range judge(b.results) {
		met := "**missed**"
		if v.met() {
			met = "met"
		}
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %s |\n", v.row, v.tree, v.name, v.measured, v.limit, met)
	}
}

// writeRows writes a table for each row and tree: the first contender is
// what the others are compared with.
func (b *bench) writeRows(w *strings.Builder) {
	fmt.Fprint(w, "\n## Everything\n")
	for _, r := range b.results {
		first := &r.series[0]
		fmt.Fprintf(w, "\n%s, %s, %d rounds\n\n", r.row, r.tree, len(first.samples))
		fmt.Fprintf(w, "| | median | min to max | x %s | peak MB |\n|---|---|---|---|---|\n", first.name)
		for i := range r.series {
			s := &r.series[i]
			fmt.Fprintf(w, "| %s | %s | %s to %s | %.2f | %s |\n", s.name, seconds(s.wall()),
				seconds(s.fastest()), seconds(s.slowest()), s.ratio(first), megabytes(s.peak()))
		}
	}
}

// writeCommands writes what was called, on the first tree of each row.
func (b *bench) writeCommands(w *strings.Builder) {
	fmt.Fprint(w, "\n## Commands\n\nOf the first tree of each row; `$WORK` is the work folder.\n")
	shown := map[string]bool{}
	for _, r := range b.results {
		if shown[r.row] {
			continue
		}
		shown[r.row] = true
		fmt.Fprintf(w, "\n%s\n\n", r.row)
		for _, s := range r.series {
			fmt.Fprintf(w, "    %s  # %s\n", s.shell, s.name)
		}
	}
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
