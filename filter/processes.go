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
	running   map[*os.Process]bool
	signalled bool
}

// errStopped is a command that was not started because of a signal.
var errStopped = errors.New("stopped")

func (p *processes) start(cmd *exec.Cmd) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.signalled {
		return errStopped
	}
	ownGroup(cmd)
	if err := cmd.Start(); err != nil {
		return &StartError{cmd.Args[0], err}
	}
	if p.running == nil {
		p.running = map[*os.Process]bool{}
	}
	p.running[cmd.Process] = true
	return nil
}

func (p *processes) wait(cmd *exec.Cmd) error {
	err := cmd.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.running, cmd.Process)
	return err
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
		signalGroup(leader, sig)
	}
}

// Unlocked calls f while this process holds the lock of no WAL, and takes none:
// see state.Unlocked.
func Unlocked(f func()) { state.Unlocked(f) }
