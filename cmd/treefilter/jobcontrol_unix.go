//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"

	"treefilter/filter"
)

// suspensions are the signals that suspend a job, as Ctrl-Z does.
var suspensions = []os.Signal{syscall.SIGTSTP}

// suspend stops this process until it is continued. It never is while the process
// holds the lock of a WAL: all others would wait for that, and give up.
func suspend() { filter.Unlocked(stop) }

// suspendable lets Ctrl-Z suspend a command that writes. Others are left to the
// kernel.
func suspendable() (release func()) {
	caught, released := make(chan os.Signal, 1), make(chan struct{})
	notify(caught, suspensions...)
	go func() {
		for {
			select {
			case <-caught:
				suspend()
			case <-released:
				return
			}
		}
	}()
	return func() {
		signal.Stop(caught)
		close(released)
	}
}

// refuseTerminal is for commands that run in a process group of their own. One
// that asks a question on the terminal would be stopped there for ever; with
// these signals ignored, which it inherits, it gets an error.
func refuseTerminal() {
	signal.Ignore(syscall.SIGTTIN, syscall.SIGTTOU)
}
