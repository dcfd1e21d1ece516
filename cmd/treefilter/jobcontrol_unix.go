//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// suspensions are the signals that suspend a job, as Ctrl-Z does, and continue it.
var suspensions = []os.Signal{syscall.SIGTSTP, syscall.SIGCONT}

// refuseTerminal is for commands that run in a process group of their own. One
// that asks a question on the terminal would be stopped there for ever; with
// these signals ignored, which it inherits, it gets an error.
func refuseTerminal() {
	signal.Ignore(syscall.SIGTTIN, syscall.SIGTTOU)
}
