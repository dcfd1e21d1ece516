package filter

import (
	"errors"
	"os"
	"os/exec"
	"sync"

	"treefilter/store/state"
)

// processes are the commands that run at present, each in a process group of its
// own: a terminal's Ctrl-C then reaches a command once, from us, and with all
// that it has started.
type processes struct {
	mu        sync.Mutex
	running   map[*child]bool
	signalled bool
	stdin     *os.File // of every command, nil before the first; it is empty
	env       []string
}

// errStopped is a command that was not started because of a signal.
var errStopped = errors.New("stopped")

func (p *processes) start(c *command) (*child, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.signalled {
		return nil, errStopped
	}
	err := p.open()
	var started *child
	if err == nil {
		started, err = startChild(c, p.stdin, p.env)
	}
	if err != nil {
		return nil, &StartError{c.args[0], err}
	}
	p.running[started] = true
	return started, nil
}

// open opens what the commands share, once.
func (p *processes) open() (err error) {
	if p.stdin == nil {
		p.stdin, err = os.Open(os.DevNull)
		p.running, p.env = map[*child]bool{}, (&exec.Cmd{}).Environ()
	}
	return err
}

func (p *processes) wait(c *child) error {
	err := c.wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.running, c)
	return err
}

// close gives up what the commands shared.
func (p *processes) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stdin != nil {
		p.stdin.Close()
	}
}

// signal passes the first signal on to all that run; nothing is started from
// then on. A later signal kills them, whatever it is: who sends another has
// waited long enough. suspend suspends this process, for SIGTSTP.
func (p *processes) signal(sig os.Signal, suspend func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.suspend(sig, suspend) {
		return
	}
	if p.signalled {
		sig = os.Kill
	}
	p.signalled = true
	p.pass(sig)
}

// wereSignalled reports whether a signal was passed on: what fails since may have failed
// of that alone.
func (p *processes) wereSignalled() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.signalled
}

func (p *processes) pass(sig os.Signal) {
	for leader := range p.running {
		leader.signal(sig)
	}
}

// Unlocked calls f while this process holds the lock of no WAL, and takes none:
// see state.Unlocked.
func Unlocked(f func()) { state.Unlocked(f) }
