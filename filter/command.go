package filter

import (
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"time"
)

// template is a command with the places for its paths.
type template struct {
	args []pattern
	file string // what args[0] was found to be, "" where it depends on the path
	rest int    // bytes of the arguments that are no path
	many bool
}

// parseCommand makes a template for runs of up to a number of paths.
func parseCommand(args []string, batch int, outputs Outputs) (*template, error) {
	if len(args) == 0 {
		return nil, errors.New("no command to run")
	}
	t := &template{many: batch > 1}
	holds := false
	for i, arg := range args {
		t.rest += len(arg) + 1
		p, _ := parsePattern(arg)
		switch {
		case len(outputs) == 0 && p.holds(outputPath):
			return nil, fmt.Errorf("{out} in %q: no output is named", arg)
		case t.many && p.varies() && (len(p) > 1 || i == 0):
			return nil, fmt.Errorf("batch: many paths cannot take one place in %q", arg)
		}
		holds = holds || p.namesPath()
		t.args = append(t.args, p)
	}
	if !holds {
		t.args = append(t.args, pattern{{slot: wholePath}})
	}
	return t, nil
}

// fill returns the arguments of one run.
func (t *template) fill(sources []*source) []string {
	args := make([]string, 0, len(t.args)+len(sources))
	for _, arg := range t.args {
		words := sources
		if !arg.varies() {
			words = sources[:1]
		}
		for _, s := range words {
			args = append(args, arg.expand(s))
		}
	}
	return args
}

// size is how many bytes of arguments a path adds to a run of many.
func (t *template) size(s *source) (n int) {
	for _, arg := range t.args {
		if arg.varies() {
			n += len(arg.expand(s)) + 1
		}
	}
	return n
}

// A StartError is a command that could not be started.
type StartError struct {
	Command string
	Err     error
}

func (e *StartError) Error() string { return e.Command + ": " + e.reason().Error() }
func (e *StartError) Unwrap() error { return e.Err }

// NotFound reports whether the command is not there, rather than not executable.
func (e *StartError) NotFound() bool {
	return errors.Is(e.Err, exec.ErrNotFound) || errors.Is(e.Err, fs.ErrNotExist)
}

// reason is the error without the words of os/exec, which name the command again.
func (e *StartError) reason() error {
	if e.NotFound() {
		return errors.New("command not found")
	}
	err := e.Err
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	return fmt.Errorf("command cannot be run: %w", err)
}

// find looks the command up before anything is run, unless it depends on the
// path.
func (t *template) find() (err error) {
	if !t.args[0].varies() {
		t.file, err = lookPath(t.args[0].expand(nil))
	}
	return err
}

// lookPath finds a command as a shell does: in the current directory, too, if
// PATH says so.
func lookPath(name string) (string, error) {
	file, err := exec.LookPath(name)
	if err != nil && !errors.Is(err, exec.ErrDot) {
		return "", &StartError{name, err}
	}
	return file, nil
}

// pipeDelay is how long we go on reading the output of a command that has ended but
// has started a process, such as a daemon, that keeps the output open.
const pipeDelay = 2 * time.Second

// command is one run of a template. What it prints is kept.
type command struct {
	file           string
	args           []string
	stdout, stderr *spool // may be one
}

func (t *template) command(sources []*source, stdout, stderr *spool) (*command, error) {
	c := &command{t.file, t.fill(sources), stdout, stderr}
	var err error
	if c.file == "" {
		c.file, err = lookPath(c.args[0])
	}
	return c, err
}

// outcome is how a command failed, nil for success: what it printed must have been
// kept, too.
func outcome(failed error, outputs ...*spool) error {
	for _, s := range outputs {
		if s.err != nil {
			return s.err
		}
	}
	return failed
}
