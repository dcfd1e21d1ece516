package filter

import (
	"errors"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// child is a command that runs. It is served by one goroutine in system calls that
// wait: a command of os/exec has three, whose pipes go through the runtime's poller, and
// to pass it from one to the other costs as much as all the rest of a short command.
type child struct {
	pid     int
	outputs []unix.PollFd // what is read; -1 where that has ended
	to      []*spool
}

// exitPeriod is how often a command whose output goes on is asked whether it has ended:
// what it has started may keep that open.
const exitPeriod = 200 * time.Millisecond

func startChild(c *command, stdin *os.File, env []string) (*child, error) {
	r := &child{}
	files := []uintptr{stdin.Fd()}
	var err error
	for i, to := range []*spool{c.stdout, c.stderr} {
		if i == 1 && to == c.stdout {
			files = append(files, files[1])
			break
		}
		var pipe [2]int
		if err = unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
			break
		}
		defer unix.Close(pipe[1])
		r.outputs = append(r.outputs, unix.PollFd{Fd: int32(pipe[0]), Events: unix.POLLIN})
		r.to = append(r.to, to)
		files = append(files, uintptr(pipe[1]))
	}
	if err == nil {
		attr := syscall.ProcAttr{Env: env, Files: files, Sys: ownGroup()}
		r.pid, err = syscall.ForkExec(c.file, c.args, &attr)
	}
	if err != nil {
		r.closeAll()
	}
	return r, err
}

func (c *child) signal(sig os.Signal) { signalGroup(c.pid, sig) }

// wait returns how the command failed, nil for success.
func (c *child) wait() error {
	var status syscall.WaitStatus
	ended := false
	looked, until := time.Now(), time.Time{}
	for c.read() && (!ended || time.Now().Before(until)) {
		if now := time.Now(); !ended && now.Sub(looked) >= exitPeriod {
			looked, until = now, now.Add(pipeDelay)
			ended = reap(c.pid, &status, syscall.WNOHANG)
		}
	}
	c.closeAll()
	if !ended {
		reap(c.pid, &status, 0)
	}
	if status.Exited() && status.ExitStatus() == 0 {
		return nil
	}
	return errors.New(wayOut(status))
}

// reap reports whether a process has ended.
func reap(pid int, status *syscall.WaitStatus, options int) bool {
	for {
		ended, err := syscall.Wait4(pid, status, options, nil)
		if err != syscall.EINTR {
			return ended == pid
		}
	}
}

// read reads what there is, and waits a little until there is something. It reports
// whether more may come.
func (c *child) read() (more bool) {
	for i := range c.outputs {
		more = more || c.outputs[i].Fd >= 0
	}
	if !more {
		return false
	}
	if n, err := unix.Poll(c.outputs, int(exitPeriod.Milliseconds())); n <= 0 {
		return err == nil || err == unix.EINTR
	}
	for i := range c.outputs {
		switch p := &c.outputs[i]; {
		case p.Fd < 0 || p.Revents == 0:
		case p.Revents&unix.POLLIN == 0:
			c.close(i) // and nothing is left in it
		default:
			c.readFrom(i)
		}
	}
	return true
}

func (c *child) readFrom(i int) {
	var buf [32 << 10]byte
	n, err := unix.Read(int(c.outputs[i].Fd), buf[:])
	if err == unix.EINTR {
		return
	}
	if n > 0 {
		_, err = c.to[i].Write(buf[:n])
	}
	if n <= 0 || err != nil {
		c.close(i) // where its output cannot be kept, the command learns of it
	}
}

func (c *child) closeAll() {
	for i := range c.outputs {
		c.close(i)
	}
}

func (c *child) close(i int) {
	if fd := c.outputs[i].Fd; fd >= 0 {
		unix.Close(int(fd))
		c.outputs[i].Fd = -1
	}
}
