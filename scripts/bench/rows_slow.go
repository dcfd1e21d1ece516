package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// measureSlow filters on a file system that takes a millisecond for each look-up, and
// interrupts the filter there.
func (b *bench) measureSlow(t tree) error {
	return b.onSlow(t, func(slow tree) error {
		stopped := b.filter(slow)
		stopped.name = interrupted
		return b.measure("slow", slow, []contender{
			b.knownBy(slow, 32), {command: b.filter(slow)}, {command: stopped, run: interrupt},
		})
	})
}

const interrupted = "end of treefilter after a signal"

// onSlow shows the tree through slowfs, with everything in it stamped.
func (b *bench) onSlow(t tree, measure func(slow tree) error) error {
	slow := t
	slow.root = filepath.Join(b.Work, "slow-mount")
	slow.flags = []string{"--state-dir", stateDir(t)}
	unmount, err := b.mountSlow(t.root, slow.root)
	if err != nil {
		b.note("%s: left out: %v", t.name, err)
		return nil
	}
	err = b.nameSlow(t, slow)
	if err == nil {
		err = b.must(b.own(slow, "").commit(slow.list()), b.filter(slow))
	}
	if err == nil {
		err = measure(slow)
	}
	return errors.Join(err, unmount(), os.RemoveAll(stateDir(t)), b.writeLists(&t))
}

// nameSlow writes the lists of the tree with the paths that it has there.
func (b *bench) nameSlow(t, slow tree) error {
	for _, file := range []string{t.names(), t.list()} {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if err := os.WriteFile(file, bytes.ReplaceAll(text, []byte(t.root), []byte(slow.root)), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// mountSlow builds slowfs and mounts it.
func (b *bench) mountSlow(dir, at string) (unmount func() error, err error) {
	slowfs := filepath.Join(b.Work, "bin", "slowfs")
	if err := b.prepare("go", "-C", "scripts/slowfs", "build", "-o", slowfs, "."); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(at, 0o755); err != nil {
		return nil, err
	}
	cmd := exec.Command(slowfs, dir, at)
	cmd.Stderr = os.Stderr
	end, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	unmount = func() error { return errors.Join(end.Close(), waitUnmounted(cmd)) }
	if _, err := io.ReadFull(out, make([]byte, len("mounted\n"))); err != nil {
		return nil, errors.Join(err, unmount())
	}
	return unmount, nil
}

// waitUnmounted asks again while the kernel still holds a file open that a program that
// has ended had open.
func waitUnmounted(slowfs *exec.Cmd) error {
	ended := make(chan error, 1)
	go func() { ended <- slowfs.Wait() }()
	for range 100 {
		select {
		case err := <-ended:
			return err
		case <-time.After(100 * time.Millisecond):
			_ = slowfs.Process.Signal(syscall.SIGTERM)
		}
	}
	return errors.New("slowfs does not unmount")
}

// interrupt starts a command, interrupts it while it works, and measures how long it
// takes to end. SIGINT would be ignored where bench runs in the background of a shell.
func interrupt(c command) (sample, error) {
	cmd := exec.Command(c.args[0], c.args[1:]...)
	cmd.Env = environment(nil)
	if err := cmd.Start(); err != nil {
		return sample{}, err
	}
	time.Sleep(100 * time.Millisecond)
	start := time.Now()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return sample{}, errors.Join(err, cmd.Wait())
	}
	_ = cmd.Wait() // its exit code says it better
	wall := time.Since(start)
	if code := cmd.ProcessState.ExitCode(); code != 143 {
		return sample{}, fmt.Errorf("%s: exit status %d, not 143", c.name, code)
	}
	return sample{wall: wall}, nil
}
