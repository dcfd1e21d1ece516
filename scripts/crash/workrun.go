//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// workRun is a run of the work that loses its power.
type workRun struct {
	workTool
	pipeline bool   // treefilter | tool | treefilter commit, or else treefilter exec
	fed      bool   // exec gets the paths on stdin
	top      string // the ROOT of the run
	bind     string // what is mounted in the ROOT; ""
	state    keptState
	flags    []string
	options  string // of mount
	neighbor bool   // another program syncs files of its own
	moments  []time.Duration
	stop     time.Duration // when it gets SIGINT; 0: never
}

// plan draws a run. The ways of the work come in turn.
func (d *disk) plan(i int) *workRun {
	turns := []workRun{
		{workTool: workTool{way: inPlace}}, {workTool: workTool{way: inPlace}, pipeline: true},
		{workTool: workTool{way: renamed}}, {workTool: workTool{way: renamed}, pipeline: true},
		{workTool: workTool{way: elsewhere}}, {workTool: workTool{way: elsewhere}, pipeline: true},
		{workTool: workTool{way: failing}},
	}
	j := turns[i%len(turns)]
	j.options = d.fs.options[i%len(d.fs.options)]
	stamped := j.way == failing || d.rng.IntN(2) == 0
	j.top = filepath.Join(d.root, pick(stamped, stampedTree, freshTree))
	j.root, j.out = j.top, j.top+".out"
	if !stamped {
		switch d.rng.IntN(3) {
		case 0:
			j.state = keptState{kind: stateApart, dir: filepath.Join(d.bench.dir, d.fs.name+".state")}
		case 1:
			j.top = filepath.Join(d.bench.dir, d.fs.name+".above")
			j.state = keptState{kind: stateAbove, dir: j.top}
			j.bind, j.root = j.root, filepath.Join(j.top, "disk")
		}
	}
	// exec has no --no-wal.
	j.flags = []string{dumpModes[d.rng.IntN(pick(j.pipeline, len(dumpModes), len(dumpModes)-1))]}
	// Longer than a second: then stamps are recorded that are not the last.
	length := 300*time.Millisecond + upTo(d.rng, 2*time.Second)
	j.pause = length / time.Duration(len(d.files))
	if !j.pipeline {
		j.pause *= execJobs
		j.fed = d.rng.IntN(3) == 0
		if j.way != failing && d.rng.IntN(3) == 0 {
			j.flags = append(j.flags, "--batch=4")
		}
	}
	for range 3 {
		j.moments = append(j.moments, upTo(d.rng, length))
	}
	slices.Sort(j.moments)
	j.neighbor = d.rng.IntN(2) == 0
	if d.rng.IntN(5) == 0 {
		j.stop = upTo(d.rng, length)
	}
	return &j
}

func (j *workRun) by() string {
	by := fmt.Sprintf("%s by %s", j.way, pick(j.pipeline, "pipeline", "exec"))
	if j.state.kind != "" {
		by += " with " + j.state.kind
	}
	return by
}

func (j *workRun) String() string {
	words := []string{j.by(), strings.Join(j.flags, " "), filepath.Base(pick(j.bind == "", j.root, j.bind)) + " tree", "mounted with " + j.options}
	for _, also := range []struct {
		so   bool
		word string
	}{
		{j.fed, "paths on stdin"},
		{j.neighbor, "a neighbor syncs"}, {j.stop > 0, "stopped"},
	} {
		if also.so {
			words = append(words, also.word)
		}
	}
	return strings.Join(words, ", ")
}

// bound does something while what belongs into the ROOT is mounted there.
func (j *workRun) bound(do func() error) error {
	if j.bind == "" {
		return do()
	}
	if err := os.MkdirAll(j.root, 0o777); err != nil {
		return err
	}
	if err := unix.Mount(j.bind, j.root, "", unix.MS_BIND, ""); err != nil {
		return refused("mount --bind", err)
	}
	return errors.Join(do(), unmount(j.root))
}

// roots are the arguments that name the tree.
func (j *workRun) roots() []string {
	if j.state.kind == stateApart {
		return []string{"--state-dir", j.state.dir, j.top}
	}
	return []string{j.top}
}

// execJobs is how many commands an exec runs at once.
const execJobs = 2

// commands are those of the run, to be joined by pipes. The last one records.
func (j *workRun) commands(ctx context.Context, treefilter, self string) []*exec.Cmd {
	command := func(args ...[]string) *exec.Cmd {
		return exec.CommandContext(ctx, treefilter, slices.Concat(args...)...)
	}
	filter := command([]string{"-0"}, j.roots())
	if j.pipeline {
		return []*exec.Cmd{filter, exec.CommandContext(ctx, self, j.args()...), command([]string{"commit"}, j.flags, j.roots())}
	}
	flags := append(j.flags, fmt.Sprintf("--jobs=%d", execJobs))
	if !j.fed {
		return []*exec.Cmd{command([]string{"exec"}, flags, j.roots(), []string{"--", self}, j.args())}
	}
	return []*exec.Cmd{filter, command([]string{"exec", "--stdin"}, flags, j.roots(), []string{"--", self}, j.args())}
}

// unexplained returns an error of the commands, unless the run explains it.
func (j *workRun) unexplained(err error) error {
	var e *runError
	switch {
	case !errors.As(err, &e):
		return err
	case j.stop > 0 && (e.code == 130 || e.code < 0): // it may come before the program handles it
		return nil
	case j.way == failing && e.code == 1:
		return nil
	}
	return err
}

// done reports whether the result of the work on a file is there, whole.
func (j *workRun) done(rel string) bool {
	path := filepath.Join(j.root, rel)
	if j.way == elsewhere {
		path = filepath.Join(j.out, rel)
	}
	found, err := os.ReadFile(path)
	return err == nil && bytes.Equal(found, content(rel, "new"))
}

// startPiped starts commands, each with the output of the one before it as its
// input. wait returns the error of the last one before those of the others.
func startPiped(cmds []*exec.Cmd) (wait func() error, err error) {
	var pipes []*os.File
	defer func() {
		for _, f := range pipes {
			f.Close()
		}
	}()
	said := make([]bytes.Buffer, len(cmds))
	for i, cmd := range cmds {
		cmd.Stderr = &said[i]
		if i+1 == len(cmds) {
			break
		}
		r, w, err := os.Pipe()
		if err != nil {
			return nil, err
		}
		pipes = append(pipes, r, w)
		cmd.Stdout, cmds[i+1].Stdin = w, r
	}
	for _, cmd := range cmds {
		if err := cmd.Start(); err != nil {
			return nil, err // those before it end with their pipes
		}
	}
	return func() error {
		var errs []error
		for i, cmd := range slices.Backward(cmds) {
			if err := cmd.Wait(); err != nil {
				errs = append(errs, &runError{cmd.ProcessState.ExitCode(), said[i].String(), cmd.Args[1:]})
			}
		}
		return errors.Join(errs...)
	}, nil
}

// syncOthers plays a program that syncs a file of its own, until stop is called:
// with it the file system writes its journal, and in it the names and sizes of
// other files, whose data it still holds back.
func syncOthers(path string, seed uint64) (stop func() error) {
	rng, done, ended := rand.New(rand.NewPCG(seed, 0)), make(chan struct{}), make(chan error, 1)
	play := func() error {
		f, err := os.Create(path)
		if err != nil {
			return err
		}
		defer f.Close()
		for {
			if _, err := f.WriteString("its own business\n"); err != nil {
				return err
			}
			if err := f.Sync(); err != nil {
				return err
			}
			select {
			case <-done:
				return nil
			case <-time.After(time.Duration(rng.Int64N(int64(200 * time.Millisecond)))):
			}
		}
	}
	go func() { ended <- play() }()
	return func() error {
		close(done)
		return <-ended
	}
}
