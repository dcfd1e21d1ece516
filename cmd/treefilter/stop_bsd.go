//go:build unix && !linux

package main

import (
	"os"
	"os/signal"
	"syscall"
	"time"
)

// stop stops this process, and returns when it goes on. A process goes on for a
// moment after it has sent itself the signal, so SIGCONT is waited for; not for
// ever: it may have come before.
func stop() {
	continued := make(chan os.Signal, 1)
	signal.Notify(continued, syscall.SIGCONT)
	defer signal.Stop(continued)
	_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
	select {
	case <-continued:
	case <-time.After(time.Second):
	}
}
