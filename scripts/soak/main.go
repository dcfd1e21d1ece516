//go:build linux

// Soak uses treefilter for a long time and fails when memory, descriptors,
// goroutines or state files grow.
//
//	go run ./scripts/soak [--for DURATION] [WORK]
//
// A tree of constant size changes in each round: its oldest directory goes, a new
// one comes, some files are edited. Then come filter, commit, exec, filter again,
// prune and dump, and each filter must print exactly what needs work. There are two
// trees. On one, the commands run as a user would run them; on the other, this one
// process does the same with package filter, and so with walk and store, for as
// long as the soak lasts.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/alecthomas/kong"
	"golang.org/x/sys/unix"
)

// cli is the command line.
type cli struct {
	For        time.Duration `default:"10m" help:"How long to go on (10m)."`
	Treefilter string        `placeholder:"FILE" help:"Test this binary instead of building one."`
	Work       string        `arg:"" optional:"" help:"Where to make trees, removed afterwards (the temporary directory)."`
}

// enough is how many rounds a soak has at least, however slow the machine is: with
// fewer, the means below say nothing.
const enough = 15

func main() {
	var c cli
	kong.Parse(&c, kong.Name("soak"), kong.Description("Use treefilter for long, and see whether anything grows."))
	ctx, release := signal.NotifyContext(context.Background(), os.Interrupt, unix.SIGTERM)
	err := run(ctx, c)
	release()
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, c cli) error {
	// A collection closes files that were forgotten, so it runs only between the
	// rounds, once the descriptors are counted.
	debug.SetGCPercent(-1)

	dir, err := os.MkdirTemp(c.Work, "soak")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	binary, err := c.binary(dir)
	if err != nil {
		return err
	}
	m := &measures{}
	commands, err := newTree(filepath.Join(dir, "commands"))
	if err != nil {
		return err
	}
	packages, err := newTree(filepath.Join(dir, "packages"))
	if err != nil {
		return err
	}
	round := func() error {
		return errors.Join(
			commands.round(ctx, &program{binary, commands.root, m}, m),
			packages.round(ctx, &library{packages.root}, m),
			m.self(),
		)
	}

	// The first round begins with empty trees and opens what stays open.
	if err := round(); err != nil {
		return fmt.Errorf("first round: %w", err)
	}
	if err := m.begin(); err != nil {
		return err
	}
	start, rounds := time.Now(), 0
	for progress := 0.0; progress < 1; {
		m.third = int(3 * progress)
		rounds++
		if err := round(); err != nil {
			return fmt.Errorf("round %d: %w", rounds, err)
		}
		progress = min(float64(time.Since(start))/float64(c.For), float64(rounds)/enough)
	}
	fmt.Printf("%d rounds in %.0f s\n", rounds, time.Since(start).Seconds())
	return m.report()
}

// binary builds the program, or takes the one that was given.
func (c cli) binary(dir string) (string, error) {
	if c.Treefilter != "" {
		return filepath.Abs(c.Treefilter)
	}
	binary := filepath.Join(dir, "treefilter")
	build := exec.Command("go", "build", "-o", binary, "treefilter/cmd/treefilter")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return "", fmt.Errorf("build: %w", err)
	}
	return binary, nil
}
