// Mktree makes a tree of empty files for tests and measurements: the same
// names and the same mtimes, to the nanosecond, for the same seed.
//
//	go run ./scripts/mktree SHAPE N DIR [--seed S] [--per-dir F] [--weird]
//
// SHAPE is one of
//
//	flat    N/F directories of F files (F is 1000 unless --per-dir says otherwise)
//	deep    about N/10 directories of 10 files, up to 4-6 levels down
//	single  one directory of N files
//
// All mtimes lie between 2015 and 2025. With --weird every tenth name is one
// that breaks careless programs: newlines, quotes, leading dashes, bytes that
// are not UTF-8, words that YAML takes for something else.
//
// DIR must not exist or must be empty: nothing is ever overwritten.
package main

import (
	"fmt"
	"os"

	"github.com/alecthomas/kong"
)

// cli is the command line.
type cli struct {
	Shape  string `arg:"" enum:"flat,deep,single" help:"flat, deep or single."`
	N      int    `arg:"" help:"Number of files."`
	Dir    string `arg:"" help:"Directory to make; must not exist or be empty."`
	Seed   uint64 `default:"1" help:"Same seed, same tree."`
	PerDir int    `default:"0" help:"Files in a directory (flat: 1000, deep: 10 unless given)."`
	Weird  bool   `help:"Make every tenth name one that breaks careless programs."`
}

func main() {
	var c cli
	kong.Parse(&c, kong.Name("mktree"), kong.Description("Make a seeded tree of empty files."))
	if err := run(c); err != nil {
		fmt.Fprintln(os.Stderr, "mktree:", err)
		os.Exit(1)
	}
}

// run plans the tree and makes it.
func run(c cli) error {
	dirs, err := plan(c)
	if err != nil {
		return err
	}
	if err := claim(c.Dir); err != nil {
		return err
	}
	return build(c.Dir, dirs, namer{seed: c.Seed, weird: c.Weird})
}

// claim makes dir, or makes sure that it is empty.
func claim(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if len(entries) > 0 {
		return fmt.Errorf("%s: not empty", dir)
	}
	return nil
}
