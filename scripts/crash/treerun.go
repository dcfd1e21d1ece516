//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// runError is a command that did not exit 0.
type runError struct {
	code   int // -1: by a signal
	stderr string
	args   []string
}

func (e *runError) Error() string {
	return fmt.Sprintf("%q: exit %d: %s", e.args, e.code, strings.TrimSpace(e.stderr))
}

// hang is how long a command may take.
const hang = 2 * time.Minute

// run runs treefilter to its end.
func (t *tree) run(stdin []string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(t.bench.ctx, hang)
	defer cancel()
	out, err := t.runIn(exec.CommandContext(ctx, t.bench.binary, args...), stdin)
	if ctx.Err() != nil && t.bench.ctx.Err() == nil {
		return "", fmt.Errorf("%q: hangs", args)
	}
	return out, err
}

func (t *tree) runIn(cmd *exec.Cmd, stdin []string) (string, error) {
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	cmd.Stdin = strings.NewReader(joined(stdin))
	if err := cmd.Run(); err != nil || errOut.Len() > 0 {
		if err := t.judge(cmd, &errOut); err != nil {
			return "", err
		}
	}
	return out.String(), nil
}

// judge says whether a command that complained did its work all the same: a
// write that a crash cut short leaves a line that is no record.
func (t *tree) judge(cmd *exec.Cmd, errOut *bytes.Buffer) error {
	fail := &runError{cmd.ProcessState.ExitCode(), errOut.String(), cmd.Args[1:]}
	if fail.code != 1 {
		return fail
	}
	for line := range strings.Lines(errOut.String()) {
		if !strings.Contains(line, walName+": ") || !strings.Contains(line, " damaged records: ") {
			return fail
		}
	}
	return nil
}

func joined(paths []string) string {
	if len(paths) == 0 {
		return ""
	}
	return strings.Join(paths, "\x00") + "\x00"
}
