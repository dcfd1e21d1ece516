// Bench measures treefilter side by side with its peers and with the floor,
// on trees that it makes itself, and writes a table. Linux only: the floor
// is made of Linux system calls.
//
//	go run ./scripts/bench [WORK] [--quick] [--runs N] [--rows ROW,...]
//
// WORK (default: treefilter-bench in $TMPDIR) keeps the trees between runs;
// the full set takes about 2.3 million inodes and 1 GB. Missing peers are
// installed from Debian when that is allowed (root, apt-get); a peer that is
// still missing is left out, and the report says so.
//
// What is compared is first checked to print the same. Then all commands of
// a row run in turn, A B C A B C, after one round that is thrown away, so
// that a slow moment of the machine hits all of them. Ratios are taken
// within each round, and it is their median that counts. Missed targets are
// reported, not turned into a failure: exit 1 means that something did not
// work or did not print the same.
//
// The source, in the order in which a run goes through it:
//
//	main.go     the command line; the plan of a run
//	tools.go    peers and helpers: found, installed, built, their versions
//	tree.go     trees and lists of their paths, made once and kept
//	touch.go    changing mtimes and setting them back
//	git.go      a repository outside each tree, for the git peers
//	state.go    treefilter's own files: taken away, put in place, swapped
//	command.go  what is run, and running it
//	check.go    all print the same, or nothing is measured
//	rows.go     what is measured
//	sync.go     the same, of what waits for the disk
//	measure.go  rounds and samples
//	stats.go    medians and ratios
//	targets.go  what was promised, and whether it was met
//	machine.go  where it was measured
//	report.go   the table and the raw data
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// cli is the command line.
type cli struct {
	Work       string   `arg:"" optional:"" help:"Folder for trees and scratch files; kept (default: treefilter-bench in $TMPDIR)."`
	Quick      bool     `help:"Smoke check: 10k and 100k files, 3 rounds; the report stays in WORK."`
	Runs       int      `default:"7" help:"Rounds; rows that take milliseconds get three times as many."`
	Sizes      []int    `default:"10000,100000,1000000" help:"Numbers of files."`
	Shapes     []string `default:"flat,deep" enum:"flat,deep" help:"Shapes of trees."`
	Rows       []string `help:"Measure only these rows (${rows})."`
	Seed       uint64   `default:"1" help:"Seed of the trees."`
	Treefilter string   `placeholder:"FILE" help:"Measure this binary instead of building one."`
	Out        string   `placeholder:"DIR" help:"Where the report goes (default: scripts/results)."`
}

// bench is one run.
type bench struct {
	cli
	repo    string // the module's root
	machine machine
	tools   tools
	results results
}

func main() {
	var c cli
	kong.Parse(&c, kong.Name("bench"), kong.Description("Measure treefilter beside its peers and the floor."),
		kong.Vars{"rows": strings.Join(rowNames(), ", ")})
	if err := run(c); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(c cli) error {
	b, err := newBench(c)
	if err != nil {
		return err
	}
	for _, shape := range b.Shapes {
		for _, n := range b.Sizes {
			if err := b.runTree(shape, n); err != nil {
				return fmt.Errorf("%s, %s files: %w", shape, human(n), err)
			}
		}
	}
	return b.report()
}

// newBench settles the command line and gets all tools ready.
func newBench(c cli) (*bench, error) {
	if runtime.GOOS != "linux" {
		return nil, fmt.Errorf("needs Linux")
	}
	for _, row := range c.Rows {
		if !slices.Contains(rowNames(), row) {
			return nil, fmt.Errorf("no row %q (there are %s)", row, strings.Join(rowNames(), ", "))
		}
	}
	b := &bench{cli: c, results: results{}}
	var err error
	if b.repo, err = moduleRoot(); err != nil {
		return nil, err
	}
	if b.Work == "" {
		b.Work = filepath.Join(os.TempDir(), "treefilter-bench")
	}
	if b.Work, err = filepath.Abs(b.Work); err != nil {
		return nil, err
	}
	if b.Quick {
		b.Sizes, b.Runs = []int{10_000, 100_000}, 3
	}
	if b.Out == "" {
		b.Out = filepath.Join(b.repo, "scripts", "results")
		if b.Quick {
			b.Out = b.Work
		}
	}
	slices.Sort(b.Sizes)
	for _, dir := range []string{"bin", "trees", "lists", "git", "state"} {
		if err := os.MkdirAll(filepath.Join(b.Work, dir), 0o755); err != nil {
			return nil, err
		}
	}
	b.machine = describeMachine(b.Work) // before our own builds make it busy
	progress("%s", b.machine)
	b.tools, err = b.findTools()
	return b, err
}

// runTree does everything for one tree while the kernel has it in memory.
func (b *bench) runTree(shape string, n int) error {
	t, err := b.makeTree(shape, n)
	if err != nil {
		return err
	}
	if err := b.makeRepository(t); err != nil {
		return err
	}
	if err := b.check(t); err != nil {
		return err
	}
	for _, row := range rows {
		if len(b.Rows) > 0 && !slices.Contains(b.Rows, row.name) {
			continue
		}
		progress("%s: %s", t.name(), row.name)
		if err := row.measure(b, t); err != nil {
			return fmt.Errorf("%s: %w", row.name, err)
		}
	}
	return nil
}

func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...)
}
