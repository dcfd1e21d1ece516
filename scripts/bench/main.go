// Bench measures treefilter beside its peers, beside the floor and beside itself, on
// trees that it makes, on copies of what the machine has, or on yours. Linux only.
//
//	go run ./scripts/bench [WORK] [--quick] [--huge] [--trees TREE,...] [--rows ROW,...]
//	go run ./scripts/bench --tree DIR
//	go run ./scripts/bench --draw FILE.tsv
//
// WORK (default: treefilter-bench in $TMPDIR) keeps the trees between runs; the full
// set takes about 3 million inodes and 2 GB, with --huge 4.5 million and 5 GB more.
// Missing peers are installed from Debian where that is possible (root, apt-get); a
// peer that is still missing is left out, and the report says so.
//
// With --tree, DIR is only read: the state lies in WORK, and the run fails when
// anything in DIR but an atime is another at its end.
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
//	main.go       the command line; the plan of a run
//	tools.go before.go
//	              peers and helpers; an older treefilter to compare with
//	tree.go tree_copy.go tree_yours.go paths.go
//	              trees: made, copied, yours; lists of their paths
//	git.go        a repository outside each tree, for the git peers
//	state.go      what treefilter keeps: forgotten, kept, put back
//	touch.go      changing files and names, and setting them back
//	command.go    what is run, and running it
//	check.go      all print the same, or nothing is measured
//	rows.go rows_*.go
//	              what is measured
//	measure.go    rounds and samples
//	stats.go      medians and ratios
//	results.go    the raw data, written and read
//	targets.go    what was promised, and whether it was met
//	machine.go    where it was measured
//	report.go     the report
//	picture.go    the ratios, drawn
package main

import (
	"errors"
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
	Tree       string   `placeholder:"DIR" help:"Measure on this tree, which is only read; the report stays in WORK."`
	Quick      bool     `help:"Smoke check: trees of a tenth of the size, 3 rounds; the report stays in WORK."`
	Huge       bool     `help:"Measure on 4,000,000 files, too."`
	Runs       int      `default:"7" help:"Rounds; more where they take milliseconds, fewer where they take long."`
	Trees      []string `help:"Only these trees (${trees})."`
	Rows       []string `help:"Only these rows (${rows})."`
	Seed       uint64   `default:"1" help:"Seed of the trees."`
	Treefilter string   `placeholder:"FILE" help:"Measure this binary instead of building one."`
	Before     string   `placeholder:"COMMIT" help:"Compare with the treefilter of this commit, too."`
	Out        string   `placeholder:"DIR" help:"Where the report goes (default: scripts/results)."`
	Draw       string   `placeholder:"FILE" help:"Only draw the picture of these results again, beside them."`
}

// bench is one run.
type bench struct {
	cli
	repo    string // the module's root
	machine machine
	tools   tools
	trees   []tree
	results []*result
	notes   []string // what was left out, and what else a reader must know
}

func main() {
	var c cli
	kong.Parse(&c, kong.Name("bench"), kong.Description("Measure treefilter beside its peers and the floor."),
		kong.Vars{"rows": strings.Join(rowNames(), ", "), "trees": strings.Join(treeNames(), ", ")})
	if err := run(c); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(c cli) error {
	if c.Draw != "" {
		return redraw(c.Draw)
	}
	b, err := newBench(c)
	if err != nil {
		return err
	}
	if c.Tree != "" {
		err = b.runYours()
	} else {
		err = b.runAll()
	}
	return errors.Join(err, b.report())
}

// newBench settles the command line and gets all tools ready.
func newBench(c cli) (*bench, error) {
	if runtime.GOOS != "linux" {
		return nil, errors.New("needs Linux")
	}
	if err := errors.Join(checkNames("row", c.Rows, rowNames()), checkNames("tree", c.Trees, treeNames())); err != nil {
		return nil, err
	}
	b := &bench{cli: c}
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
		b.Runs = min(b.Runs, 3)
	}
	if b.Out == "" {
		b.Out = filepath.Join(b.repo, "scripts", "results")
		if b.Quick || b.Tree != "" {
			b.Out = b.Work
		}
	}
	for _, dir := range []string{"bin", "trees", "lists", "git", "state"} {
		if err := os.MkdirAll(filepath.Join(b.Work, dir), 0o755); err != nil {
			return nil, err
		}
	}
	if b.Work, err = filepath.EvalSymlinks(b.Work); err != nil {
		return nil, err
	}
	b.machine = describeMachine(b.Work) // before our own builds make it busy
	progress("%s", b.machine)
	b.tools, err = b.findTools()
	return b, err
}

// checkNames complains of names that do not exist.
func checkNames(what string, given, are []string) error {
	for _, name := range given {
		if !slices.Contains(are, name) {
			return fmt.Errorf("no %s %q (there are %s)", what, name, strings.Join(are, ", "))
		}
	}
	return nil
}

// runAll measures on each tree of the plan for which there is a row.
func (b *bench) runAll() error {
	var errs []error
	for _, p := range plans {
		if p.name == "huge" && !b.Huge || len(b.Trees) > 0 && !slices.Contains(b.Trees, p.name) {
			continue
		}
		if len(b.rowsOf(p.name)) == 0 {
			continue
		}
		t, err := b.makeTree(p)
		if err == nil {
			err = b.runTree(t)
		} else {
			err = b.failure(p.name, err)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// failure notes an error in the report. What does not depend on it is measured still: a
// run takes long.
func (b *bench) failure(what string, err error) error {
	if err != nil {
		err = fmt.Errorf("%s: %w", what, err)
		b.note("**Failed**: %s", strings.ReplaceAll(strings.TrimSpace(err.Error()), "\n", " "))
	}
	return err
}

// runTree does everything for one tree while the kernel has it in memory.
func (b *bench) runTree(t tree) error {
	b.trees = append(b.trees, t)
	if err := b.check(t); err != nil {
		return b.failure(t.name, err)
	}
	var errs []error
	for _, row := range b.rowsOf(t.name) {
		progress("%s: %s", t.name, row.name)
		errs = append(errs, b.failure(t.name+": "+row.name, row.measure(b, t)))
	}
	return errors.Join(errs...)
}

// note is for the report, and says so at once.
func (b *bench) note(format string, args ...any) {
	b.notes = append(b.notes, fmt.Sprintf(format, args...))
	progress(format, args...)
}

func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...)
}
