package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"treefilter/scripts/long"
)

// TestTools runs the end-to-end scripts in which other people's programs work on
// files of the kind that they are made for. Where one is not installed, the
// scripts that need it are skipped, and "go test -v" names it; in CI that is a
// failure.
//
// They know the commands of TestScript, and these:
//
//	needs PROGRAM...
//	    Skip the script when one of them is missing.
//
//	samepaths FILE FILE
//	    Two NUL-delimited lists hold the same paths, equally often, in any order.
//
// Beside treefilter they run what is in scripts and in testdata/tools/bin.
func TestTools(t *testing.T) { runTools(t, "tools") }

// TestMachines runs those that play several machines, in the same way.
func TestMachines(t *testing.T) {
	long.Only(t, long.Check)
	runTools(t, "machines")
}

func runTools(t *testing.T, folder string) {
	if runtime.GOOS != "linux" {
		t.Skip("for file names and programs as on Linux")
	}
	p := scripts(folder)
	setup := p.Setup
	p.Setup = func(e *testscript.Env) error {
		e.Setenv("PATH", strings.Join([]string{
			filepath.Join(module(t), "scripts"),
			filepath.Join(module(t), "testdata", "tools", "bin"),
			e.Getenv("PATH"),
		}, string(filepath.ListSeparator)))
		e.Setenv("HOME", e.WorkDir) // some note there that they were used
		e.Setenv("CALLS", filepath.Join(e.WorkDir, "calls"))
		e.Values[testKey{}] = e.T()
		return setup(e)
	}
	p.Cmds["needs"] = cmdNeeds
	p.Cmds["samepaths"] = cmdSamepaths
	testscript.Run(t, p)
}

// testKey is where a script has its testscript.T.
type testKey struct{}

func cmdNeeds(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: needs PROGRAM...")
	}
	needPrograms(ts.Value(testKey{}).(testscript.T), args...)
}

// comesWith distinguishes a program from another of the same name by a program that
// is installed with it: moreutils has a parallel that is not GNU's.
var comesWith = map[string]string{"parallel": "sem"}

// needPrograms skips a test when one of the programs is missing. In CI that is a
// failure.
func needPrograms(t interface {
	Skip(...any)
	Fatal(...any)
}, programs ...string) {
	var missing []string
	for _, program := range programs {
		_, err := exec.LookPath(program)
		if other := comesWith[program]; err == nil && other != "" {
			_, err = exec.LookPath(other)
		}
		if err != nil && !slices.Contains(missing, program) {
			missing = append(missing, program)
		}
	}
	switch {
	case missing == nil:
	case os.Getenv("CI") != "":
		t.Fatal("not installed: " + strings.Join(missing, ", "))
	default:
		t.Skip("not installed: " + strings.Join(missing, ", "))
	}
}

func cmdSamepaths(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: samepaths FILE FILE")
	}
	var lists [2][]string
	for i, file := range args {
		lists[i] = strings.SplitAfter(ts.ReadFile(file), "\x00")
		slices.Sort(lists[i])
	}
	if !slices.Equal(lists[0], lists[1]) {
		ts.Fatalf("%s: %q\n%s: %q", args[0], lists[0], args[1], lists[1])
	}
}
