package disk

import (
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

func (OS) Process() Process {
	host, _ := os.Hostname()
	p := Process{Host: host, PID: os.Getpid()}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	// Containers of one machine share its boot, and may share a host name.
	space, spaceErr := os.Readlink("/proc/self/ns/pid")
	if err == nil && spaceErr == nil {
		p.Boot = strings.TrimSpace(string(boot)) + " " + space
	}
	return p
}

// Gone reports whether a process is known to have ended. One of another machine, or
// with a number that is in use again, is not.
func (o OS) Gone(p Process) bool {
	own := o.Process()
	return p.Boot != "" && p.Boot == own.Boot && p.Host == own.Host && p.PID > 0 && unix.Kill(p.PID, 0) == unix.ESRCH
}
