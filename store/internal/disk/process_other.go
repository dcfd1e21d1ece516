//go:build !linux

package disk

import "os"

// Process names no boot: nothing tells the processes of one from those of the last.
func (OS) Process() Process {
	host, _ := os.Hostname()
	return Process{Host: host, PID: os.Getpid()}
}

func (OS) Gone(Process) bool { return false }
