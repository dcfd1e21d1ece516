package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Programs that scripts run beside treefilter, see TestScript. None waits longer
// than this.
const scriptPatience = 30 * time.Second

var scriptSignals = map[string]syscall.Signal{
	"HUP": syscall.SIGHUP, "INT": syscall.SIGINT, "KILL": syscall.SIGKILL, "TERM": syscall.SIGTERM,
}

// await runs until its argument, a line of shell, is true.
func await() {
	if len(os.Args) != 2 {
		failScript("usage: await CONDITION")
	}
	if !isTrueSoon(os.Args[1], nil) {
		failScript("await: it never came to this: " + os.Args[1])
	}
}

// isTrueSoon reports whether a line of shell becomes true, in time and before ended
// is closed.
func isTrueSoon(condition string, ended <-chan struct{}) bool {
	for deadline := time.Now().Add(scriptPatience); time.Now().Before(deadline); {
		if exec.Command("sh", "-c", condition).Run() == nil {
			return true
		}
		select {
		case <-ended:
			return false
		case <-time.After(5 * time.Millisecond):
		}
	}
	return false
}

// signals runs a program and sends it signals, each once a condition is true.
func signals() {
	at := slices.Index(os.Args, "--")
	if at < 3 || at%2 == 0 || at == len(os.Args)-1 {
		failScript("usage: signals SIGNAL CONDITION [SIGNAL CONDITION]... -- PROGRAM [ARG...]")
	}
	steps, argv := os.Args[1:at], os.Args[at+1:]
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		failScript("signals: " + err.Error())
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // its exit code says how it ended
		close(ended)
	}()
	for step := range slices.Chunk(steps, 2) {
		name, untilItEnds := strings.CutSuffix(step[0], "+")
		if !isTrueSoon(step[1], ended) {
			_ = cmd.Process.Kill() // or it has ended
			failScript("signals: it never came to this: " + step[1])
		}
		_ = cmd.Process.Signal(scriptSignals[name]) // or it has ended
		for deadline := time.Now().Add(scriptPatience); untilItEnds && time.Now().Before(deadline); {
			select {
			case <-ended:
				untilItEnds = false
			case <-time.After(100 * time.Millisecond): // signals that wait become one
				_ = cmd.Process.Signal(scriptSignals[name])
			}
		}
	}
	select {
	case <-ended:
	case <-time.After(scriptPatience):
		_ = cmd.Process.Kill() // or it has ended
		failScript("signals: it does not end")
	}
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		os.Exit(128 + int(status.Signal()))
	}
	os.Exit(cmd.ProcessState.ExitCode())
}

// heeds ends with the first signal that it gets, in good order; or with none of
// those that can be caught.
func heeds() {
	args := os.Args[1:]
	deaf := len(args) > 0 && args[0] == "-none"
	if deaf {
		args = args[1:]
	}
	if len(args) != 1 {
		failScript("usage: heeds [-none] LOG")
	}
	got := make(chan os.Signal, 1)
	signal.Notify(got, syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM)
	log, err := os.OpenFile(args[0], os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o666)
	if err == nil {
		_, err = fmt.Fprintln(log, "ready")
	}
	for deadline := time.After(scriptPatience); err == nil; {
		select {
		case s := <-got:
			_, err = fmt.Fprintln(log, "got", nameOf(s))
			if !deaf {
				_, printed := fmt.Println("finished", nameOf(s))
				if errors.Join(err, printed) == nil {
					return
				}
			}
		case <-deadline:
			err = errors.New("no signal")
		}
	}
	failScript("heeds: " + err.Error())
}

func nameOf(s os.Signal) string {
	for name, known := range scriptSignals {
		if s == known {
			return name
		}
	}
	return s.String()
}

func failScript(message string) {
	fmt.Fprintln(os.Stderr, message)
	os.Exit(125)
}
