package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// command is one program call.
type command struct {
	name  string
	args  []string
	env   []string // beside the common environment
	stdin string   // a file; none is /dev/null
}

// shell writes the command as one would type it, with the work folder as
// $WORK and programs by their name.
func (b *bench) shell(c command) string {
	words := append(append([]string{}, c.env...), filepath.Base(c.args[0]))
	for _, arg := range c.args[1:] {
		if arg == "" || strings.ContainsAny(arg, " !*'") {
			arg = "'" + arg + "'"
		}
		words = append(words, arg)
	}
	if c.stdin != "" {
		words = append(words, "<", c.stdin)
	}
	return strings.ReplaceAll(strings.Join(words, " "), b.Work, "$WORK")
}

// sample is what one call cost.
type sample struct {
	wall, user, sys time.Duration
	peak            int64 // resident bytes
}

// environment is the same for all commands and free of settings that would
// change what they do: no TREEFILTER_*, no GIT_*, no configuration of git.
func environment(extra []string) []string {
	env := []string{"LC_ALL=C", "TZ=UTC", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull}
	for _, name := range []string{"PATH", "HOME", "TMPDIR"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return append(env, extra...)
}

// execute runs a command and returns what it printed and what it cost.
//
// Its stdout is a plain file. No program treats that in a special way, as
// some do /dev/null; nothing has to run beside it to drain a pipe, on
// processors that it wants for itself; and what it printed can be checked.
func (b *bench) execute(c command) ([]byte, sample, error) {
	var s sample
	files := map[string]*os.File{}
	for _, name := range []string{"stdout", "stderr", "cost"} {
		f, err := os.Create(filepath.Join(b.Work, name))
		if err != nil {
			return nil, s, err
		}
		defer f.Close()
		files[name] = f
	}
	cmd := exec.Command(b.tools.launch, c.args...)
	cmd.Env = environment(c.env)
	cmd.Stdout, cmd.Stderr = files["stdout"], files["stderr"]
	cmd.ExtraFiles = []*os.File{files["cost"]}
	if c.stdin != "" {
		in, err := os.Open(c.stdin)
		if err != nil {
			return nil, s, err
		}
		defer in.Close()
		cmd.Stdin = in
	}
	if err := cmd.Run(); err != nil {
		return nil, s, b.failed(c, err)
	}
	s, err := readCost(files["cost"].Name())
	if err != nil {
		return nil, s, b.failed(c, err)
	}
	out, err := os.ReadFile(files["stdout"].Name())
	return out, s, err
}

// readCost reads the launcher's line.
func readCost(file string) (sample, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return sample{}, err
	}
	var wall, user, sys, peak, status int64
	if _, err := fmt.Sscan(string(text), &wall, &user, &sys, &peak, &status); err != nil {
		return sample{}, err
	}
	if status != 0 {
		return sample{}, fmt.Errorf("exit status %d", status)
	}
	return sample{
		wall: time.Duration(wall),
		user: time.Duration(user) * time.Microsecond,
		sys:  time.Duration(sys) * time.Microsecond,
		peak: peak * 1024,
	}, nil
}

// failed puts the command and what it said on stderr around an error.
func (b *bench) failed(c command, err error) error {
	said, readErr := os.ReadFile(filepath.Join(b.Work, "stderr"))
	if readErr != nil {
		said = nil
	}
	return fmt.Errorf("%s: %w\n%s", b.shell(c), err, said[:min(len(said), 2000)])
}

// mustPrint runs a command that must print exactly want.
func (b *bench) mustPrint(c command, want string) (sample, error) {
	out, s, err := b.execute(c)
	if err == nil && string(out) != want {
		err = b.failed(c, fmt.Errorf("printed %d bytes (%q...), not the expected %d",
			len(out), out[:min(len(out), 200)], len(want)))
	}
	return s, err
}
