//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// cut is what a power cut left.
type cut struct {
	image string
	state map[string]string // on the disk that kept its power
	acked bool              // the run had ended, and had said that all was well
}

// cut takes what a power cut would leave now.
func (d *disk) cut(j *workRun, cuts []cut, acked bool) ([]cut, error) {
	// The state first: what is recorded later may speak of later work.
	state, err := j.state.read()
	if err != nil {
		return cuts, err
	}
	c := cut{fmt.Sprintf("%s.cut%d", d.image, len(cuts)), state, acked}
	return append(cuts, c), clone(d.image, c.image)
}

// cutWork runs the work, and takes what is left at each of its moments.
func (d *disk) cutWork(j *workRun) (cuts []cut, err error) {
	ctx, cancel := context.WithTimeout(d.bench.ctx, hang)
	defer cancel()
	if j.neighbor {
		stop := syncOthers(filepath.Join(d.root, "neighbor"), d.rng.Uint64())
		defer func() { err = errors.Join(err, stop()) }()
	}
	cmds := j.commands(ctx, d.bench.binary, d.self)
	wait, err := startPiped(cmds)
	if err != nil {
		return nil, err
	}
	start, ended := time.Now(), make(chan error, 1)
	go func() { ended <- wait() }()
	var stop <-chan time.Time
	if j.stop > 0 {
		stop = time.After(j.stop)
	}
	for moments := j.moments; ; {
		var next <-chan time.Time
		if len(moments) > 0 {
			next = time.After(time.Until(start.Add(moments[0])))
		}
		select {
		case <-next:
			moments = moments[1:]
			if cuts, err = d.cut(j, cuts, false); err != nil {
				cancel()
				return cuts, errors.Join(err, <-ended)
			}
		case <-stop:
			cmds[len(cmds)-1].Process.Signal(unix.SIGINT)
		case failed := <-ended:
			cuts, err = d.cut(j, cuts, j.stop == 0)
			if ctx.Err() != nil && d.bench.ctx.Err() == nil {
				err = errors.Join(err, errors.New("hangs"))
			}
			return cuts, errors.Join(err, j.unexplained(failed))
		}
	}
}

// judge looks at what a cut has left: what the filter does not print must have
// its result.
func (d *disk) judge(j *workRun, c cut) error {
	if err := j.state.write(c.state); err != nil {
		return err
	}
	out, err := d.treefilter(nil, append([]string{"-0"}, j.roots()...)...)
	if err != nil {
		return fmt.Errorf("filter: %w", err)
	}
	printed := map[string]bool{}
	for path := range strings.SplitSeq(out, "\x00") {
		printed[path] = true
	}
	for _, rel := range d.files {
		acked := c.acked && !(j.way == failing && fails(rel))
		if acked {
			d.acks++
		}
		switch {
		case printed[filepath.Join(j.root, rel)]:
			if acked {
				d.lost++
				d.broken(fmt.Errorf("%v: %q was acknowledged and is printed", j, rel))
			}
		case !j.done(rel):
			d.skips[j.by()]++
			d.broken(fmt.Errorf("%v: %q is skipped and has no result", j, rel))
		}
	}
	return nil
}

func (d *disk) broken(promise error) {
	if d.first == nil {
		d.first = promise
	}
}
