//go:build !linux

package filter

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// child is a command that runs.
type child struct{ cmd *exec.Cmd }

func startChild(c *command, stdin *os.File, env []string) (*child, error) {
	cmd := &exec.Cmd{
		Path: c.file, Args: c.args, Env: env, SysProcAttr: ownGroup(),
		Stdin: stdin, Stdout: c.stdout, Stderr: c.stderr, WaitDelay: pipeDelay,
	}
	return &child{cmd}, cmd.Start()
}

func (c *child) signal(sig os.Signal) { signalGroup(c.cmd.Process.Pid, sig) }

// wait returns how the command failed, nil for success.
func (c *child) wait() error {
	err := c.cmd.Wait()
	var exit *exec.ExitError
	switch {
	case errors.Is(err, exec.ErrWaitDelay):
		return nil
	case errors.As(err, &exit):
		return errors.New(wayOut(exit.Sys().(syscall.WaitStatus)))
	}
	return err
}
