//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"time"
)

// kill ends commands with SIGKILL at random moments.
func (b *bench) kill() (string, error) {
	t, err := b.makeTree(filepath.Join(b.dir, "kill"), 2000)
	if err != nil {
		return "", err
	}
	r := &killRun{tree: t}
	for round := 1; err == nil && r.kills() < b.Kills; round++ {
		err = r.round(b.rng)
		if err == nil {
			err = t.change(b.rng)
		}
		switch {
		case err != nil:
		case round%200 == 0:
			err = t.works()
		case round%25 == 0:
			err = t.forget()
		}
		if b.ctx.Err() != nil {
			err = b.ctx.Err()
		}
	}
	if err == nil {
		err = t.works()
	}
	return fmt.Sprintf("%d kills (%d commits, %d dumps, %d filters), %d acknowledged stamps, %s",
		r.kills(), r.killed[0].Load(), r.killed[1].Load(), r.killed[2].Load(), t.acks, verdict(err)), err
}

// killRun counts what was killed: commits, dumps, filters.
type killRun struct {
	*tree
	killed [3]atomic.Int64
}

func (r *killRun) kills() int {
	return int(r.killed[0].Load() + r.killed[1].Load() + r.killed[2].Load())
}

// job is one command of a round.
type job struct {
	kind   int // index into killRun.killed
	args   []string
	paths  []string
	pieces []string      // of its input
	start  time.Duration // when it starts
	pause  time.Duration // between two pieces
	kill   time.Duration // after its start, or after its last piece; 0: never
	late   bool          // the latter
}

// plan draws a job.
func (t *tree) plan(rng *rand.Rand, kind int, victim bool) *job {
	j := &job{kind: kind}
	if victim {
		j.kill, j.late = upTo(rng, 15*time.Millisecond), rng.IntN(2) == 0
	} else {
		j.start = upTo(rng, 15*time.Millisecond)
	}
	switch kind {
	case 1:
		j.args, j.kill = []string{"dump", t.root}, min(j.kill, 8*time.Millisecond)
	case 2:
		j.args = []string{"-0", t.root}
	default:
		mode := dumpModes[rng.IntN(len(dumpModes))]
		j.args, j.paths = []string{"commit", "-0", mode, t.root}, t.some(rng, 200)
		// Cut anywhere, in the middle of a path too.
		for rest, most := joined(j.paths), 1+rng.IntN(12000); len(rest) > 0; {
			n := min(1+rng.IntN(most+1), len(rest))
			j.pieces, rest = append(j.pieces, rest[:n]), rest[n:]
		}
		j.pause = upTo(rng, 20*time.Millisecond) / time.Duration(len(j.pieces))
		if rng.IntN(3) == 0 {
			j.pause = 0
		}
	}
	return j
}

// round runs some commands at once and kills at least one of them.
func (r *killRun) round(rng *rand.Rand) error {
	jobs := []*job{r.plan(rng, []int{0, 0, 0, 0, 0, 0, 1, 1, 2}[rng.IntN(9)], true)}
	for kind := range 3 {
		if rng.IntN(3) == 0 {
			jobs = append(jobs, r.plan(rng, kind, rng.IntN(3) == 0))
		}
	}
	for _, j := range jobs {
		r.feed(j.paths)
	}
	errs := make(chan error)
	for _, j := range jobs {
		go func() { errs <- r.do(j) }()
	}
	stop, watched := make(chan struct{}), make(chan error)
	go func() { watched <- r.watch(stop) }()
	var err error
	for range jobs {
		err = errors.Join(err, <-errs)
	}
	close(stop)
	if err = errors.Join(err, <-watched); err != nil {
		return err
	}
	return r.check()
}

// do runs a job. What others could see of it just before its end stays.
func (r *killRun) do(j *job) error {
	time.Sleep(j.start)
	ctx, cancel := context.WithTimeout(r.bench.ctx, hang)
	defer cancel()
	cmd := exec.CommandContext(ctx, r.bench.binary, j.args...)
	var errOut bytes.Buffer
	cmd.Stderr = &errOut
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	fed, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		defer close(fed)
		defer stdin.Close()
		for _, piece := range j.pieces {
			if _, err := io.WriteString(stdin, piece); err != nil {
				return // it was killed
			}
			time.Sleep(j.pause)
		}
	}()
	go func() {
		<-fed // Wait closes the pipe
		ended <- cmd.Wait()
	}()
	if j.kill > 0 {
		if j.late {
			<-fed
		}
		time.Sleep(j.kill)
		if err := r.observe(); err != nil {
			return err
		}
		cmd.Process.Kill() // if it has ended, its exit code counts
	}
	err = <-ended
	switch {
	case ctx.Err() != nil && r.bench.ctx.Err() == nil:
		return fmt.Errorf("%q: hangs", j.args)
	case j.kill > 0 && cmd.ProcessState.ExitCode() < 0:
		r.killed[j.kind].Add(1)
		return r.check() // with the others still running
	case err != nil || errOut.Len() > 0:
		if err := r.judge(cmd, &errOut); err != nil {
			return err
		}
	}
	r.ack(j.paths)
	return nil
}
