package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"
)

// A shellCommand is one command of a console block, and what it prints.
type shellCommand struct {
	at   string // file:line
	text string
	want []string
}

// at names a line of a block.
func (b block) at(i int) string { return fmt.Sprintf("%s:%d", b.file, b.line+i) }

func (b block) commands(t *testing.T) (commands []shellCommand) {
	t.Helper()
	if b.kind != "console" {
		return nil
	}
	for i, line := range strings.Split(strings.TrimSuffix(b.text, "\n"), "\n") {
		if text, ok := strings.CutPrefix(line, "$ "); ok {
			commands = append(commands, shellCommand{at: b.at(i), text: text})
		} else if n := len(commands); n > 0 {
			commands[n-1].want = append(commands[n-1].want, line)
		} else {
			t.Fatalf("%s: output of no command", b.at(i))
		}
	}
	return commands
}

// shell is the commands alone.
func shell(commands []shellCommand) (script string) {
	for _, c := range commands {
		script += c.text + "\n"
	}
	return script
}

// mark stands after the output of a command: its number and its exit code,
// which the next command sees, too.
const mark = "\x01%d %s\x01"

var markForm = regexp.MustCompile("\x01(\\d+) (\\d+)\x01")

// runCommands runs commands in one shell, one after the other, and compares
// what they print.
func runCommands(t *testing.T, dir, before string, commands []shellCommand) {
	t.Helper()
	script := before
	for i, c := range commands {
		script += c.text + "\nstatus=$?; printf '" + fmt.Sprintf(mark, i, "%d") + "' $status; (exit $status)\n"
	}
	output := runShell(t, dir, script)
	marks := markForm.FindAllStringSubmatchIndex(output, -1)
	if len(marks) != len(commands) {
		t.Errorf("%d of %d commands came to their end:\n%s", len(marks), len(commands), markForm.ReplaceAllString(output, ""))
	}
	at := 0
	for i, m := range marks[:min(len(marks), len(commands))] {
		c := commands[i]
		got := lines(output[at:m[0]])
		at = m[1]
		if !match(inOrder(c.want), inOrder(got)) {
			t.Errorf("%s: $ %s\nprints\n%s\nwant\n%s", c.at, c.text, indentLines(got), indentLines(c.want))
		}
		asked := i+1 < len(commands) && commands[i+1].text == "echo $?"
		if code := output[m[4]:m[5]]; code != "0" && !asked {
			t.Errorf("%s: $ %s\nends with exit code %s", c.at, c.text, code)
		}
	}
}

// inOrder sorts what the examples' optimize prints, where it stands together:
// exec runs it on several files at once, and they end in any order.
func inOrder(lines []string) []string {
	lines = slices.Clone(lines)
	start := 0
	for i, line := range append(lines, "") {
		if !strings.HasPrefix(line, "optimized ") {
			slices.Sort(lines[start:i])
			start = i + 1
		}
	}
	return lines
}

// match compares lines; "..." in want matches any number of them, or the rest of
// one.
func match(want, got []string) bool {
	switch {
	case len(want) == 0:
		return len(got) == 0
	case want[0] != "...":
		begin, open := strings.CutSuffix(want[0], "...")
		same := len(got) > 0 && (got[0] == want[0] || open && strings.HasPrefix(got[0], begin))
		return same && match(want[1:], got[1:])
	}
	for i := range len(got) + 1 {
		if match(want[1:], got[i:]) {
			return true
		}
	}
	return false
}

// lines are what a terminal would show.
func lines(output string) []string {
	output = strings.TrimSuffix(strings.ReplaceAll(output, "\x00", "\n"), "\n")
	if output == "" {
		return nil
	}
	return strings.Split(output, "\n")
}

func indentLines(lines []string) string { return "\t" + strings.Join(lines, "\n\t") }

// runJob runs the steps of a CI job, as a runner does: each in a shell of its
// own that ends at the first command that fails.
func runJob(t *testing.T, text, fixture string) {
	var job struct {
		Steps []struct{ Uses, Run string }
	}
	if err := yaml.Unmarshal([]byte(text), &job); err != nil {
		t.Fatal(err)
	}
	dir := tempDir(t)
	home := "HOME=" + tempDir(t) + "\n"
	runShell(t, dir, "set -e\n"+fixture)
	ran := 0
	for _, step := range job.Steps {
		if step.Run != "" {
			ran++
			runShell(t, dir, "set -e\n"+home+step.Run)
		}
	}
	if ran == 0 {
		t.Error("the job runs nothing")
	}
}

// runShell runs a script and returns what it printed, on both streams. The
// script must succeed, except where marks give the exit codes.
func runShell(t *testing.T, dir, script string) string {
	t.Helper()
	needPrograms(t, "sh", "find")
	var output bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "sh", "-c", script)
	cmd.Dir = dir
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.WaitDelay = time.Second
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "TREEFILTER_") && !strings.HasPrefix(v, "MAKE") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, "TZ=UTC", "LC_ALL=C", "PWD="+dir, "GOBIN="+t.TempDir(), "PARALLEL_HOME="+t.TempDir())
	if err := cmd.Run(); err != nil && !markForm.Match(output.Bytes()) {
		t.Errorf("%v:\n%s", err, output.Bytes())
	}
	return strings.ReplaceAll(output.String(), dir, homeShown)
}
