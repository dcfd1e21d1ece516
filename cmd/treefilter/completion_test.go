package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
)

func TestChoicesOf(t *testing.T) {
	for placeholder, want := range map[string]choices{
		"":                  {},
		"N":                 {},
		"KEY=VALUE":         {},
		"FILE":              {files: true},
		"PATH":              {files: true},
		"DIR":               {dirs: true},
		"auto|always|never": {words: []string{"auto", "always", "never"}},
		"start|FILE|TIME":   {words: []string{"start"}, files: true},
		"utf-8|base64":      {words: []string{"utf-8", "base64"}},
	} {
		if got := choicesOf(placeholder); !reflect.DeepEqual(got, want) {
			t.Errorf("choicesOf(%q) = %+v, want %+v", placeholder, got, want)
		}
	}
}

// A tab is a command line and what a TAB at its end offers.
type tab struct {
	line string
	want []string
}

// here is what lies where the command lines are typed.
var here = []string{"-dash", "a=b", "commas and blanks", "config.yaml", "photos/", "to do/", "todo", "todo list"}

func TestCompletion(t *testing.T) {
	_, parser := newParser()
	commands, long := []string{}, map[string][]string{}
	for _, s := range scopesOf(parser.Model) {
		commands = append(commands, s.command)
		for _, f := range s.flags {
			long[s.command] = append(long[s.command], "--"+f.Name)
		}
	}
	commands = commands[1:]
	// A name with a leading dash must not be offered where it would be a flag.
	visible := append([]string{"./-dash"}, here[1:]...)

	testTabs(t, parser.Model, []tab{
		// commands and files, and only files where there can be no command
		{"treefilter ", append(commands, visible...)},
		{"treefilter comm", []string{"commit", "commas and blanks"}},
		{"treefilter photos comm", []string{"commas and blanks"}},
		{"treefilter commit comm", []string{"commas and blanks"}},
		{"treefilter commit ", visible},
		{"treefilter -- comm", []string{"commas and blanks"}},
		{"treefilter -- -", []string{"-dash"}},
		{`treefilter commit todo\ `, []string{"todo list"}},
		{"treefilter commit <tod", []string{"todo", "todo list"}},

		// the value of a flag is no command
		{"treefilter --program commit com", []string{"commit", "commas and blanks"}},
		{"treefilter -0c commit com", []string{"commit", "commas and blanks"}},
		{"treefilter -cx comm", []string{"commit", "commas and blanks"}},

		// flags: of the command, and of any as long as there is none
		{"treefilter --", long[""]},
		{"treefilter commit --", long["commit"]},
		{"treefilter dump --", long["dump"]},
		{"treefilter photos --", long["filter"]},
		{"treefilter commit photos --empt", []string{"--empty-config"}},

		// values
		{"treefilter --dump=", []string{"auto", "always", "never"}},
		{"treefilter commit --dump=al", []string{"always"}},
		{"treefilter commit --dump ", []string{"auto", "always", "never"}},
		{"treefilter commit --since s", []string{"start"}},
		{"treefilter commit --since tod", []string{"todo", "todo list"}},
		{"treefilter commit --since=tod", []string{"todo", "todo list"}},
		{"treefilter --config-file conf", []string{"config.yaml"}},
		{"treefilter -c ", nil},
		{"treefilter -c todo", nil},
		{"treefilter --program ", nil},
		{"treefilter --completion ", []string{"bash", "zsh", "fish"}},
	})
}

// toy has what the grammar has not, or may not have for ever.
type (
	toy struct {
		Help   helpFlag  `short:"h" help:"it's [help]: \\ \"$HOME\" %s"`
		Show   toyShow   `cmd:"" default:"withargs" help:"it's [show]: \\ \"$HOME\" %s"`
		Exec   toyExec   `cmd:"" help:"run"`
		Secret toySecret `cmd:"" hidden:"" help:"not shown"`
	}
	toyShow struct {
		Flat bool `short:"f" help:"a:b"`
	}
	toyExec struct {
		StateDir string   `placeholder:"DIR" help:"where"`
		Jobs     string   `short:"j" placeholder:"N" help:"how many"`
		Roots    []string `arg:"" optional:""`
	}
	toySecret struct{}
)

func (*toyShow) page() page   { return page{usage: "treefilter show [ROOT...]"} }
func (*toyExec) page() page   { return page{usage: "treefilter exec [ROOT...] -- COMMAND [ARG...]"} }
func (*toySecret) page() page { return page{} }

func TestCompletionOfToy(t *testing.T) {
	app := kong.Must(&toy{}, kong.Name("treefilter"), kong.NoDefaultHelp()).Model
	testTabs(t, app, []tab{
		{"treefilter e", []string{"exec"}},
		{"treefilter s", []string{"show"}},
		{"treefilter show --", []string{"--flat", "--help"}},
		{"treefilter exec --", []string{"--state-dir", "--jobs", "--help"}},
		{"treefilter exec --state-dir ", []string{"photos/", "to do/"}},
		{"treefilter exec --state-dir=pho", []string{"photos/"}},
		{"treefilter exec -j ", nil},
		{"treefilter exec tod", []string{"todo", "todo list"}},
		{"treefilter exec photos -- mkfif", []string{"mkfifo"}},
		{"treefilter exec -- mkfifo -m 600 tod", []string{"todo", "todo list"}},
	})
	// With the package bash-completion, the command has its own completion.
	offset := "_command_offset() { COMPREPLY=(\"${COMP_WORDS[$1]} itself\"); }\n"
	t.Run("offset", func(t *testing.T) {
		testTabsIn(t, "bash", app, offset, []tab{
			{"treefilter exec --jobs=2 a=b -- mkfifo tod", []string{"mkfifo itself"}},
		})
	})
}

func TestZshSpec(t *testing.T) {
	app := kong.Must(&struct {
		Odd   string   `placeholder:"a|FILE" help:"it's [odd]: \\ x"`
		Many  []string `short:"m" placeholder:"N" help:"many"`
		Left  bool     `xor:"side" help:"left"`
		Right bool     `short:"r" xor:"side" help:"right"`
		Help  helpFlag `help:"help"`
	}{}, kong.NoDefaultHelp()).Model
	want := []string{
		`(--odd)--odd=[it's \[odd\]\: \\ x]:a|FILE: _treefilter_word_or_file a`,
		`*-m+[many]:N:()`,
		`*--many=[many]:N:()`,
		`(--left -r --right)--left[left]`,
		`(--left -r --right)-r[right]`,
		`(--left -r --right)--right[right]`,
		`(- *)--help[help]`,
	}
	var got []string
	for _, f := range app.Flags {
		for _, spelling := range spellings(f) {
			got = append(got, zshSpec(f, spelling, app.Flags))
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%q, want\n%q", got, want)
	}
}

func testTabs(t *testing.T, app *kong.Application, tabs []tab) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		t.Run(shell, func(t *testing.T) { testTabsIn(t, shell, app, "", tabs) })
	}
}

// testTabsIn compares what a real shell offers with what is wanted. More is put
// after the script.
func testTabsIn(t *testing.T, shell string, app *kong.Application, more string, tabs []tab) {
	needTool(t, shell)
	script := map[string]func(*kong.Application) string{
		"bash": bashCompletion, "zsh": zshCompletion, "fish": fishCompletion,
	}[shell](app)
	file := filepath.Join(t.TempDir(), "script")
	write(t, file, script+more)

	var lines strings.Builder
	for _, tab := range tabs {
		lines.WriteString(tab.line + "\n")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, shell, filepath.Join(module(t), "testdata", "completion", "capture."+shell), file)
	cmd.Dir = t.TempDir()
	for _, name := range here {
		if dir, ok := strings.CutSuffix(name, "/"); ok {
			if err := os.Mkdir(filepath.Join(cmd.Dir, dir), 0o777); err != nil {
				t.Fatal(err)
			}
		} else {
			write(t, filepath.Join(cmd.Dir, name), "")
		}
	}
	// Nobody's start-up files, history or functions.
	home := t.TempDir()
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "ZDOTDIR=" + home, "TMPDIR=" + home, "TERM=dumb", "LC_ALL=C"}
	cmd.Stdin = strings.NewReader(lines.String())
	cmd.WaitDelay = time.Second
	var stderr strings.Builder
	cmd.Stderr = &stderr
	stdout, err := cmd.Output()
	if err != nil || stderr.Len() > 0 {
		t.Fatalf("%s: %v\n%s\n%s", shell, err, stdout, stderr.String())
	}

	answers := strings.SplitAfter(string(stdout), "==\n")
	for i, tab := range tabs {
		offered := plain(strings.Split(strings.TrimSuffix(answers[i], "==\n"), "\n"))
		want := plain(tab.want)
		if shell == "fish" { // takes "./-dash" for a hidden file
			want = slices.DeleteFunc(want, func(name string) bool { return name == "./-dash" })
		}
		if !slices.Equal(offered, want) {
			t.Errorf("%s: %q offers\n%q, want\n%q", shell, tab.line, offered, want)
		}
	}
}

// plain makes the same of what different shells say: fish repeats the flag
// before a value, zsh quotes, and only fish marks directories.
func plain(offered []string) (all []string) {
	for _, word := range offered {
		if _, value, found := strings.Cut(word, "="); found && strings.HasPrefix(word, "--") {
			word = value
		}
		word = strings.TrimSuffix(strings.ReplaceAll(word, `\`, ""), "/")
		if word != "" {
			all = append(all, word)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// needTool skips a test that cannot be run here; CI has every tool.
func needTool(t *testing.T, tool string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("needs a POSIX system")
	}
	needPrograms(t, tool)
}
