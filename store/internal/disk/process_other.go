//go:build !linux

package disk

import "os"

// Process names no boot, since this system has no id of one. So no process is ever known
// to be gone.
func (OS) Process() Process {
	host, _ := os.Hostname()
	return Process{Host: host, PID: os.Getpid()}
}

func (OS) Gone(Process) bool { return false }
