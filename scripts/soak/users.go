//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"

	"treefilter/filter"
	"treefilter/walk"
)

// hang is how long a step may take.
const hang = 2 * time.Minute

// user does one step with its tree: filter, commit, exec, prune or dump. It reads
// and returns paths.
type user interface {
	do(ctx context.Context, step string, in []string) (out []string, err error)
}

// program is a user of the commands.
type program struct {
	binary, root string
	measures     *measures
}

func (p *program) do(ctx context.Context, step string, in []string) ([]string, error) {
	args := []string{step, p.root}
	if step == "exec" {
		args = append(args, "--", "true")
	}
	ctx, cancel := context.WithTimeout(ctx, hang)
	defer cancel()
	cmd := exec.CommandContext(ctx, p.binary, args...)
	var out, said bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(joined(in)), &out, &said
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	stop, watched := make(chan struct{}), make(chan peak)
	go func() { watched <- watch(cmd.Process.Pid, stop) }()
	err := cmd.Wait()
	close(stop)
	most := <-watched
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, said.Bytes())
	}
	p.measures.add("peak memory of "+step, kilobytes, float64(most.memory))
	p.measures.add("most descriptors of "+step, descriptors, float64(most.descriptors))
	return split(out.String()), nil
}

// library is a user of the packages, in this process.
type library struct{ root string }

func (l *library) do(ctx context.Context, step string, in []string) ([]string, error) {
	var warnings []error
	options := filter.Options{
		Roots:  []string{l.root},
		Warn:   func(err error) { warnings = append(warnings, err) },
		Notice: func(error) {},
	}
	ctx, cancel := context.WithTimeout(ctx, hang)
	defer cancel()
	var out bytes.Buffer
	err := l.job(options, step, in, &out)(ctx)
	return split(out.String()), errors.Join(append(warnings, err)...)
}

func (l *library) job(o filter.Options, step string, in []string, out io.Writer) func(context.Context) error {
	switch step {
	case "filter":
		job := &filter.Filter{Selection: filter.Selection{Options: o}, Out: out, OutDelimiter: walk.NUL}
		return func(ctx context.Context) error { _, err := job.Run(ctx); return err }
	case "commit":
		return (&filter.Commit{Options: o, In: strings.NewReader(joined(in)), InDelimiter: walk.NUL}).Run
	case "exec":
		print := func(_, _ io.WriterTo) error { return nil }
		return (&filter.Exec{Selection: filter.Selection{Options: o}, Command: []string{"true"}, Print: print}).Run
	case "prune":
		return (&filter.Prune{Options: o}).Run
	case "dump":
		return (&filter.Dump{Options: o}).Run
	}
	panic("no such step: " + step)
}

// joined is how paths stand in a pipe.
func joined(paths []string) string {
	if paths == nil {
		return ""
	}
	return strings.Join(paths, "\x00") + "\x00"
}

func split(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(list, "\x00"), "\x00")
}
