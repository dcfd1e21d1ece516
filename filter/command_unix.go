//go:build unix

package filter

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// maxArguments is how many bytes of arguments a run gets at most: what xargs
// takes by default, on every system.
const maxArguments = 128 << 10

func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// signalGroup reaches also what a command has started. A group that has ended
// just now is no fault.
func signalGroup(leader int, sig os.Signal) {
	_ = syscall.Kill(-leader, sig.(syscall.Signal))
}

// wayOut words an exit that was no success.
func wayOut(status syscall.WaitStatus) string {
	if !status.Signaled() {
		return fmt.Sprintf("exit status %d", status.ExitStatus())
	}
	name := unix.SignalName(status.Signal())
	if name == "" {
		name = fmt.Sprintf("signal %d", status.Signal())
	}
	return "killed by " + name
}

// isTooLong reports whether the system takes fewer arguments than these.
func isTooLong(err error) bool { return errors.Is(err, syscall.E2BIG) }

// suspend handles Ctrl-Z; it is false for any other signal. The commands are no jobs
// of the shell, so they are stopped and continued with this process.
func (p *processes) suspend(sig os.Signal, this func()) bool {
	if sig != syscall.SIGTSTP {
		return false
	}
	p.pass(syscall.SIGSTOP)
	this()
	p.pass(syscall.SIGCONT)
	return true
}
