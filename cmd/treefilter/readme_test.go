package main

import (
	"bytes"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"
)

// The README is run. What its fenced blocks may hold:
//
//	```console   "$ COMMAND", and below it what COMMAND prints, both streams. A
//	             line "..." stands for any number of lines, and after a text for
//	             the rest of its line. A command succeeds, unless the next one is
//	             "echo $?".
//	```make      the Makefile of the section
//	```yaml      a CI job: each "run" is run, in a directory of its own
//
// The commands of a section (##) run in one shell, in an empty directory that
// the README calls home. There the first block of "A session" makes some files,
// which are as old there as a reader's own. "Set-up" runs in the module.
//
// A section in which otherPrograms are at work is skipped where one is missing.
//
// A NUL is shown as a newline, which is what treefilter prints on a terminal.
const (
	setUpSection   = "Set-up"
	sessionSection = "A session"
	homeShown      = "/home/you"
	aged           = "find photos -type f -exec touch -t 202401010000 {} +\n"
)

// otherPrograms are those that not every machine has.
var otherPrograms = regexp.MustCompile(`\b(gzip|convert|jpegoptim|optipng|ffmpeg|ffprobe|mkvmerge|parallel)\b`)

// ownTest is what runs this very test, so it is not run but compared with what
// CI runs.
const ownTest = "go test ./..."

func TestReadme(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("its examples are for a POSIX shell")
	}
	blocks := readmeBlocks(t)
	fixture := shell(blocks[slices.IndexFunc(blocks, func(b block) bool {
		return b.section == sessionSection
	})].commands(t)) + aged

	var sections []string
	for _, b := range blocks {
		if !slices.Contains(sections, b.section) {
			sections = append(sections, b.section)
		}
	}
	for _, section := range sections {
		t.Run(section, func(t *testing.T) {
			dir, before := module(t), ""
			if section != setUpSection {
				dir = tempDir(t)
			}
			if section != setUpSection && section != sessionSection {
				before = fixture
			}
			var commands []shellCommand
			for _, b := range blocks {
				if b.section == section {
					needPrograms(t, otherPrograms.FindAllString(b.text, -1)...)
				}
				switch {
				case b.section != section:
				case b.kind == "console":
					commands = append(commands, b.commands(t)...)
				case b.kind == "make":
					write(t, filepath.Join(dir, "Makefile"), b.text)
				case b.kind == "yaml":
					t.Run("job", func(t *testing.T) { runJob(t, b.text, fixture) })
				}
			}
			runCommands(t, dir, before, slices.DeleteFunc(commands, func(c shellCommand) bool { return c.text == ownTest }))
		})
	}
}

// TestReadmeTestCommand holds the README's test command to what CI runs.
func TestReadmeTestCommand(t *testing.T) {
	var shown []string
	for _, b := range readmeBlocks(t) {
		for _, c := range b.commands(t) {
			if strings.HasPrefix(c.text, "go test") {
				shown = append(shown, c.text)
			}
		}
	}
	if !slices.Equal(shown, []string{ownTest}) {
		t.Errorf("README.md shows %q, want %q once", shown, ownTest)
	}
	ci := regexp.MustCompile(`(?m)^go test.*$`).FindString(read(t, ".ci/run"))
	if ci != ownTest {
		t.Errorf("the test command of .ci/run is %q, want %q", ci, ownTest)
	}
}

// TestReadmeFlags holds the README's table of flags to the command line.
func TestReadmeFlags(t *testing.T) {
	_, parser := newParser()
	is := map[string][]string{} // by flag, the commands that have it
	for _, cmd := range parser.Model.Children {
		for _, flag := range cmd.Flags {
			is["--"+flag.Name] = append(is["--"+flag.Name], cmd.Name)
		}
	}
	for _, flag := range parser.Model.Flags {
		is["--"+flag.Name] = []string{"all"}
	}

	told := map[string][]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| (`-.*?) \\| (.*?) \\|").FindAllStringSubmatch(read(t, "README.md"), -1) {
		for _, flag := range regexp.MustCompile(`--[a-z-]+`).FindAllString(row[1], -1) {
			told[flag] = strings.Split(row[2], ", ")
		}
	}
	for flag, commands := range is {
		if slices.Sort(commands); !slices.Equal(commands, sorted(told[flag])) {
			t.Errorf("%s is a flag of %q, README.md says %q", flag, commands, told[flag])
		}
		delete(told, flag)
	}
	for flag := range told {
		t.Errorf("README.md explains %s, which does not exist", flag)
	}
}

// TestReadmeLinks follows the README's links into the repository and the page.
func TestReadmeLinks(t *testing.T) {
	text := read(t, "README.md")
	headings := map[string]bool{}
	for _, h := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(text, -1) {
		headings["#"+strings.ReplaceAll(strings.ToLower(h[1]), " ", "-")] = true
	}
	for _, link := range regexp.MustCompile(`\]\((.*?)\)`).FindAllStringSubmatch(text, -1) {
		to, err := url.Parse(link[1])
		switch {
		case err != nil:
			t.Error(err)
		case to.IsAbs():
		case to.Path == "":
			if !headings[link[1]] {
				t.Errorf("README.md links to %s, which is no heading", link[1])
			}
		default:
			if _, err := os.Stat(filepath.Join(module(t), to.Path)); err != nil {
				t.Errorf("README.md links to %s: %v", link[1], err)
			}
		}
	}
}

// A block is a fenced block of the README.
type block struct {
	section string
	kind    string
	line    int // of its first line
	text    string
}

func readmeBlocks(t *testing.T) (blocks []block) {
	t.Helper()
	section, open := "", false
	for i, line := range strings.SplitAfter(read(t, "README.md"), "\n") {
		kind, fence := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "```")
		switch {
		case fence && open:
			open = false
		case fence:
			if !slices.Contains([]string{"console", "make", "yaml"}, kind) {
				t.Fatalf("README.md:%d: nothing runs a block of kind %q", i+1, kind)
			}
			blocks = append(blocks, block{section: section, kind: kind, line: i + 2})
			open = true
		case open:
			blocks[len(blocks)-1].text += line
		case strings.HasPrefix(line, "    "), strings.HasPrefix(line, "\t"), strings.HasPrefix(line, "~~~"):
			t.Fatalf("README.md:%d: nothing runs such a block", i+1)
		case strings.HasPrefix(line, "## "):
			section = strings.TrimSpace(line[3:])
		}
	}
	if open {
		t.Fatal("README.md: the last block has no end")
	}
	return blocks
}

// A shellCommand is one command of a console block, and what it prints.
type shellCommand struct {
	line int // in the README
	text string
	want []string
}

func (b block) commands(t *testing.T) (commands []shellCommand) {
	t.Helper()
	if b.kind != "console" {
		return nil
	}
	for i, line := range strings.Split(strings.TrimSuffix(b.text, "\n"), "\n") {
		if text, ok := strings.CutPrefix(line, "$ "); ok {
			commands = append(commands, shellCommand{line: b.line + i, text: text})
		} else if n := len(commands); n > 0 {
			commands[n-1].want = append(commands[n-1].want, line)
		} else {
			t.Fatalf("README.md:%d: output of no command", b.line+i)
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
		if !match(c.want, got) {
			t.Errorf("README.md:%d: $ %s\nprints\n%s\nwant\n%s", c.line, c.text, indentLines(got), indentLines(c.want))
		}
		asked := i+1 < len(commands) && commands[i+1].text == "echo $?"
		if code := output[m[4]:m[5]]; code != "0" && !asked {
			t.Errorf("README.md:%d: $ %s\nends with exit code %s", c.line, c.text, code)
		}
	}
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
// script must succeed, except where marks tell the exit codes.
func runShell(t *testing.T, dir, script string) string {
	t.Helper()
	needPrograms(t, "sh", "xargs", "find", "make", "go", "cksum")
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

// tempDir returns an empty directory by its real path, which is what treefilter
// prints.
func tempDir(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// module returns the directory of the module.
func module(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(module(t), file))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func sorted(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return list
}
