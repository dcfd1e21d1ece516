//go:build linux

// The model is a slow, plain reference of what treefilter must do: random histories
// of small trees are played with the real program, and after each step the model
// says, from all that happened, which files need work. Read in this order:
//
//	model_history_test.go   what was said of each path, and the rule
//	model_world_test.go     a directory with five files, and how commands are run in it
//	model_ops_test.go       the operations that a history is made of
//	model_files_test.go     those on files
//	model_tool_test.go      those of treefilter: filter, commit, dump, discard, prune, import
//	model_exec_test.go      exec, also in the background
//	model_state_test.go     damage, deleted state, power cuts
//	model_disk_test.go      the disk for power cuts
//	model_generate_test.go  random histories, and how a failing one is made shorter
//	model_skips_test.go     histories that were skips once
//	model_mutants_test.go   programs with an error that the model must find
package main_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"treefilter/scripts/long"
)

// TestModel plays random histories, each known by its number: as many as LONG asks
// for, or as MODEL says, from any number on. One that fails is printed in a form
// that can be added to skips.
//
//	MODEL=100000 [MODEL_FIRST=0] go test -timeout 10h -run TestModel$ ./cmd/treefilter
func TestModel(t *testing.T) {
	count := 60
	if long.Asked(t, long.Check, "240 more histories") {
		count = 300
	}
	if long.Asked(t, long.All, "9,700 more histories") {
		count = 10_000
	}
	first, count := number(t, "MODEL_FIRST", 0), number(t, "MODEL", count)
	binary := build(t, nil)
	var next, played, ops atomic.Int64
	var failed atomic.Pointer[failure]
	next.Store(int64(first))
	began := time.Now()
	stop := make(chan struct{})
	var report sync.WaitGroup
	if os.Getenv("MODEL") != "" {
		report.Go(func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(10 * time.Second):
					fmt.Fprintf(os.Stderr, "model: %d of %d histories, %d operations, %v\n",
						played.Load(), count, ops.Load(), time.Since(began).Round(time.Second))
				}
			}
		})
	}
	var workers sync.WaitGroup
	for range 2 * runtime.NumCPU() { // many of them wait for ticks
		workers.Go(func() {
			for failed.Load() == nil {
				n := int(next.Add(1)) - 1
				if n >= first+count {
					return
				}
				h := generate(n)
				if f := play(binary, h); f != nil {
					f.number = n
					failed.CompareAndSwap(nil, f)
				}
				played.Add(1)
				ops.Add(int64(len(h)))
			}
		})
	}
	workers.Wait()
	close(stop)
	report.Wait()
	t.Logf("%d histories, %d operations, %v", played.Load(), ops.Load(), time.Since(began).Round(time.Second))
	if f := failed.Load(); f != nil {
		number := f.number
		f = shrink(f, func(ops []op) *failure { return play(binary, ops) })
		t.Fatalf("history %d (MODEL=1 MODEL_FIRST=%d): %v\n%s\n\nas a script:\n\n%s", number, number, f.fault, text(f.ops), f.script)
	}
}

func number(t *testing.T, variable string, without int) int {
	value := os.Getenv(variable)
	if value == "" {
		return without
	}
	n, err := strconv.Atoi(value)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return n
}

func text(ops []op) string {
	var b strings.Builder
	for _, o := range ops {
		fmt.Fprintf(&b, "\t%s\n", o)
	}
	return b.String()
}

// failure is a history that fails.
type failure struct {
	number int
	ops    []op
	fault  *fault
	script string
}

// play does all operations of a history in a world of its own. The first one may
// say what kind of world.
func play(binary string, ops []op) (failed *failure) {
	top, err := os.MkdirTemp(scratch(), "model")
	if err != nil {
		return &failure{ops: ops, fault: &fault{"broken", err.Error()}}
	}
	first := ops[0]
	if first.verb != "world" {
		first = op{"world", nil}
	}
	w := newWorld(binary, top, first)
	defer func() {
		if r := recover(); r != nil {
			f, ok := r.(*fault)
			if !ok {
				panic(r)
			}
			failed = &failure{ops: ops, fault: f, script: strings.Join(w.script, "\n")}
		}
		w.close()
	}()
	w.make(first.arg["power"] != "" && canCut())
	// A fixed history goes on after a tree was founded where none belongs, and
	// shows the skip that comes of it.
	fixed := slices.ContainsFunc(ops, func(o op) bool { return o.verb == "pending" })
	for _, o := range ops {
		if w.do(o); !fixed {
			w.checkTrees()
		}
	}
	w.checkTrees()
	return nil
}

// scratch is where worlds are made: in memory where that is possible.
func scratch() string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		return "/dev/shm"
	}
	return os.TempDir()
}

// build builds the program, some of its files replaced by others.
func build(t *testing.T, replaced map[string]string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "treefilter")
	args := []string{"build", "-o", binary}
	if replaced != nil {
		args = append(args, "-overlay", overlay(t, replaced))
	}
	cmd := exec.Command("go", append(args, ".")...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	if err != nil && !errors.Is(err, exec.ErrNotFound) {
		t.Fatalf("%v: %s", err, out)
	}
	return binary
}
