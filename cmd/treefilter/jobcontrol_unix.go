//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
)

// suspensions are the signals that suspend a job: Ctrl-Z.
var suspensions = []os.Signal{syscall.SIGTSTP}

// refuseTerminal is for commands that run in a process group of their own. One
// that asks a question on the terminal would be stopped there for ever; with
// these signals ignored, which it inherits, it gets an error.
func refuseTerminal() {
	signal.Ignore(syscall.SIGTTIN, syscall.SIGTTOU)
}
