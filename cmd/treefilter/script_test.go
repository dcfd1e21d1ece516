package main

import (
	"errors"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"treefilter/scripts/long"
)

func TestMain(m *testing.M) {
	testscript.Main(raceTests{long.Tests{M: m}}, map[string]func(){
		"treefilter": main, "unprivileged": unprivileged, "await": await, "signals": signals, "heeds": heeds,
	})
}

// TestScript runs the end-to-end scripts. Besides testscript's own commands
// they know these:
//
//	exits CODE PROGRAM [ARG...]
//	    Run PROGRAM, as exec does; it must end with that exit code.
//
//	mtime FILE... TIME
//	    Set the mtime of each FILE, exact to the nanosecond. TIME is RFC 3339
//	    (2024-05-06T07:08:09.123456789Z) or seconds since 1970, as a decimal
//	    (1700000000.000000001); a fraction of any length up to nine digits.
//
//	mkname QUOTED...
//	    Make an empty file, and the directories above it, for each Go string
//	    literal: for names that cannot stand in a txtar archive, such as
//	    '"new\nline"' or '"\xff"'.
//
//	nul2nl FILE
//	    Print what FILE (or stdout, or stderr) holds, a NUL-delimited list, one
//	    name a line and escaped as in mkname, to be compared with cmp stdout.
//	    It fails when the last name has no NUL at its end.
//
// Everything else, such as ln -s and mkfifo, is the system's, by exec. Beside
// treefilter they can run these programs, of which none waits for ever:
//
//	unprivileged PROGRAM [ARG...]
//	    Run PROGRAM without root's power to read and write everything.
//
//	await CONDITION
//	    Wait until CONDITION, a line of shell, is true.
//
//	signals SIGNAL CONDITION [SIGNAL CONDITION]... -- PROGRAM [ARG...]
//	    Run PROGRAM and send it each SIGNAL (HUP, INT, TERM or KILL) once its
//	    CONDITION is true; INT+ again and again until it has ended. End with its
//	    exit code.
//
//	heeds [-none] LOG
//	    Add the line "ready" to LOG and wait for a signal. Add "got SIGNAL" to
//	    LOG, print "finished SIGNAL", and succeed; with -none wait on.
//
// And they know these conditions:
//
//	[root]         this is root
//	[permissions]  file permissions can keep an unprivileged program out
//	[mounts]       unshare -rm can mount a tmpfs
//	[sysfs]        there is a /sys/kernel/notes
func TestScript(t *testing.T) {
	testscript.Run(t, scripts("script"))
}

// scripts are those in a folder of testdata.
func scripts(folder string) testscript.Params {
	return testscript.Params{
		Dir: filepath.Join("..", "..", "testdata", folder),
		Setup: func(e *testscript.Env) error {
			// How long the race detector's programs sleep at their end, and where
			// raceTests finds what they report.
			e.Setenv("GORACE", os.Getenv("GORACE"))
			return nil
		},
		Deadline:            time.Now().Add(15 * time.Minute), // of all scripts, for what hangs
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits":  cmdExits,
			"mtime":  cmdMtime,
			"mkname": cmdMkname,
			"nul2nl": cmdNul2nl,
		},
		Condition: func(name string) (bool, error) {
			switch name {
			case "root":
				return os.Geteuid() == 0, nil
			case "permissions":
				return hasPermissions(), nil
			case "mounts":
				return hasMounts(), nil
			case "sysfs":
				_, err := os.Stat("/sys/kernel/notes")
				return err == nil, nil
			}
			return false, fmt.Errorf("no such condition: %q", name)
		},
	}
}

// giveUp is how root becomes subject to file permissions.
var giveUp = []string{"setpriv", "--bounding-set=-dac_override,-dac_read_search"}

var hasPermissions = sync.OnceValue(func() bool {
	return runtime.GOOS != "windows" && (os.Geteuid() != 0 || exec.Command(giveUp[0], append(giveUp[1:], "true")...).Run() == nil)
})

var hasMounts = sync.OnceValue(func() bool {
	return exec.Command("unshare", "-rm", "mount", "-t", "tmpfs", "none", os.TempDir()).Run() == nil
})

// unprivileged is a program of its own.
func unprivileged() {
	args := os.Args[1:]
	if os.Geteuid() == 0 {
		args = append(giveUp, args...)
	}
	program, err := exec.LookPath(args[0])
	if err == nil {
		err = syscall.Exec(program, args, os.Environ())
	}
	fmt.Fprintln(os.Stderr, "unprivileged:", err)
	os.Exit(127)
}

func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM [ARG...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func cmdMtime(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: mtime FILE... TIME")
	}
	last := len(args) - 1
	mtime, err := parseTime(args[last])
	ts.Check(err)
	for _, file := range args[:last] {
		ts.Check(os.Chtimes(ts.MkAbs(file), time.Time{}, mtime))
	}
}

func parseTime(s string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t, nil
	}
	seconds, ok := new(big.Rat).SetString(s)
	if !ok {
		return time.Time{}, fmt.Errorf("no time: %q", s)
	}
	nanoseconds := seconds.Mul(seconds, big.NewRat(int64(time.Second), 1))
	if !nanoseconds.IsInt() {
		return time.Time{}, fmt.Errorf("more than nine digits: %q", s)
	}
	whole, rest := new(big.Int).DivMod(nanoseconds.Num(), big.NewInt(int64(time.Second)), new(big.Int))
	return time.Unix(whole.Int64(), rest.Int64()), nil
}

func cmdMkname(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: mkname QUOTED...")
	}
	for _, quoted := range args {
		name, err := strconv.Unquote(quoted)
		ts.Check(err)
		// Not MkAbs, which would clean the name.
		file := ts.MkAbs(".") + string(filepath.Separator) + name
		ts.Check(os.MkdirAll(filepath.Dir(file), 0o777))
		ts.Check(os.WriteFile(file, nil, 0o666))
	}
}

func cmdNul2nl(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: nul2nl FILE")
	}
	content := ts.ReadFile(args[0])
	names := strings.Split(content, "\x00")
	if last := len(names) - 1; names[last] != "" {
		ts.Fatalf("no NUL after %q", names[last])
	}
	for _, name := range names[:len(names)-1] {
		quoted := strconv.Quote(name)
		_, err := fmt.Fprintln(ts.Stdout(), quoted[1:len(quoted)-1])
		ts.Check(err)
	}
}
