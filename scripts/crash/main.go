//go:build linux

// Crash ends treefilter in every way that we know of, thousands of times, and
// checks that nothing acknowledged is lost and nothing is skipped that needs
// work.
//
//	go run ./scripts/crash [--short] [--only PART]... [--kills N] [--cuts N] [--runs N] [--seed S] [WORK]
//
// The parts are
//
//	kill   commits, dumps and filters, alone and at once, ended with SIGKILL
//	       at random moments
//	full   a file system without room: tmpfs, filled up to every page (root)
//	fsize  a limit on the size of files (RLIMIT_FSIZE), at every byte
//	power  the power cut of an ext4 on a loop device: EXT4_IOC_SHUTDOWN without
//	       a flush of the journal, then mounted again (root, mkfs.ext4)
//	work   the power cut under the work itself, from exec and from a pipeline, on
//	       ext4, xfs and btrfs: no stamp without the whole result (root, mkfs of
//	       each; xfs or btrfs, where the temporary directory cannot clone files)
//
// A part that is not possible here says so; that is no failure.
package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"time"

	"github.com/alecthomas/kong"
	"golang.org/x/sys/unix"
)

// cli is the command line.
type cli struct {
	Short      bool     `help:"What CI runs: less than a minute."`
	Only       []string `enum:"kill,full,fsize,power,work" help:"Run only these parts: kill, full, fsize, power, work."`
	Kills      int      `help:"Number of kills (10000, short 50)."`
	Cuts       int      `help:"Number of power cuts (200, short 5)."`
	Runs       int      `help:"Number of runs of work under power cuts, on each file system (140, short 7)."`
	Seed       uint64   `help:"Same seed, same choices; moments still differ."`
	Treefilter string   `placeholder:"FILE" help:"Test this binary instead of building one."`
	Work       string   `arg:"" optional:"" help:"Where to make trees, removed afterwards (the temporary directory)."`
}

// errImpossible is a part that this machine does not allow.
var errImpossible = errors.New("not possible here")

// bench is what every part works with.
type bench struct {
	cli
	ctx    context.Context // ends with SIGINT and SIGTERM
	rng    *rand.Rand
	dir    string // of our own, removed at the end
	binary string
}

func main() {
	if len(os.Args) > 3 && os.Args[1] == limited {
		fmt.Fprintln(os.Stderr, "crash:", runLimited(os.Args[2], os.Args[3:]))
		os.Exit(3)
	}
	if len(os.Args) > 1 && os.Args[1] == asTool {
		if err := runTool(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, "tool:", err)
			os.Exit(1)
		}
		return
	}
	var c cli
	kong.Parse(&c, kong.Name("crash"), kong.Description("End treefilter in every way, and check what is left."))
	if code, ok := runApart(); ok {
		os.Exit(code)
	}
	ctx, release := signal.NotifyContext(context.Background(), os.Interrupt, unix.SIGTERM)
	err := run(ctx, c)
	release()
	if err != nil {
		fmt.Fprintln(os.Stderr, "crash:", err)
		os.Exit(1)
	}
}

const apart = "CRASH_APART"

// runApart runs us once more, with mounts of our own: whatever ends us, they
// end too. ok is false where that was done, or cannot be.
func runApart() (code int, ok bool) {
	if os.Geteuid() != 0 || os.Getenv(apart) != "" {
		return 0, false
	}
	again := exec.Command("/proc/self/exe", os.Args[1:]...)
	again.Stdout, again.Stderr = os.Stdout, os.Stderr
	again.Env = append(os.Environ(), apart+"=1")
	again.SysProcAttr = &unix.SysProcAttr{Unshareflags: unix.CLONE_NEWNS}
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, unix.SIGTERM)
	if err := again.Start(); err != nil {
		signal.Stop(signals)
		return 0, false // the parts that mount will say so
	}
	go func() {
		for sig := range signals {
			again.Process.Signal(sig)
		}
	}()
	again.Wait()
	if code = again.ProcessState.ExitCode(); code < 0 {
		code = 1
	}
	return code, true
}

func run(ctx context.Context, c cli) error {
	if c.Kills == 0 {
		c.Kills = pick(c.Short, 50, 10_000)
	}
	if c.Cuts == 0 {
		c.Cuts = pick(c.Short, 5, 200)
	}
	if c.Runs == 0 {
		c.Runs = pick(c.Short, 7, 140)
	}
	if c.Seed == 0 {
		c.Seed = uint64(time.Now().UnixNano())
	}
	if c.Work != "" {
		if err := os.MkdirAll(c.Work, 0o777); err != nil {
			return err
		}
	}
	dir, err := os.MkdirTemp(c.Work, "crash")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	b := &bench{cli: c, ctx: ctx, dir: dir, binary: filepath.Join(dir, "treefilter")}
	if err := b.findBinary(); err != nil {
		return err
	}
	fmt.Printf("seed %d\n", c.Seed)
	var errs []error
	for _, part := range []struct {
		name string
		run  func() (string, error)
	}{{"kill", b.kill}, {"full", b.full}, {"fsize", b.fsize}, {"power", b.power}, {"work", b.work}} {
		if len(c.Only) > 0 && !slices.Contains(c.Only, part.name) {
			continue
		}
		b.rng = rand.New(rand.NewPCG(c.Seed, 0))
		start := time.Now()
		figures, err := part.run()
		switch {
		case ctx.Err() != nil:
			fmt.Printf("%s: until the interruption: %s (%.1f s)\n", part.name, figures, time.Since(start).Seconds())
			return errors.Join(append(errs, fmt.Errorf("%s: interrupted", part.name))...)
		case errors.Is(err, errImpossible):
			fmt.Printf("%s: %v\n", part.name, err)
		case err != nil:
			fmt.Printf("%s: FAILED: %s (%.1f s)\n", part.name, figures, time.Since(start).Seconds())
		default:
			fmt.Printf("%s: %s (%.1f s)\n", part.name, figures, time.Since(start).Seconds())
		}
		if err != nil && !errors.Is(err, errImpossible) {
			errs = append(errs, fmt.Errorf("%s: %w", part.name, err))
		}
	}
	return errors.Join(errs...)
}

// findBinary builds the program, or takes the one that was given.
func (b *bench) findBinary() (err error) {
	if b.Treefilter != "" {
		b.binary, err = filepath.Abs(b.Treefilter)
		return err
	}
	build := exec.Command("go", "build", "-o", b.binary, "treefilter/cmd/treefilter")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("build: %w", err)
	}
	return nil
}

func pick[T any](short bool, a, b T) T {
	if short {
		return a
	}
	return b
}
