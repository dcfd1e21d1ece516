package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// A tab is a command line and what a TAB at its end offers.
type tab struct {
	line string
	want []string
}

// here is what lies where the command lines are typed.
var here = []string{"-dash", "a=b", "commas and blanks", "config.yaml", "photos/", "to do/", "todo", "todo list"}

func TestCompletion(t *testing.T) {
	long := map[string][]string{}
	for flag, commandsOf := range grammarFlags() {
		if !strings.HasPrefix(flag, "--") {
			continue
		}
		flag, _, _ = strings.Cut(flag, " ")
		long[""] = append(long[""], flag)
		for _, command := range commandsOf {
			long[command] = append(long[command], flag)
		}
	}
	// A name with a leading dash must not be offered where it would be a flag.
	visible := append([]string{"./-dash"}, here[1:]...)

	tabs := []tab{{"treefilter --", long[""]}}
	for _, command := range commandNames() {
		tabs = append(tabs, tab{"treefilter " + command + " --", long[command]})
	}
	testTabs(t, append(tabs, []tab{
		// commands and files, and only files where there can be no command
		{"treefilter ", append(commandNames(), visible...)},
		{"treefilter comm", []string{"commit", "commas and blanks"}},
		{"treefilter photos comm", []string{"commas and blanks"}},
		{"treefilter commit comm", []string{"commas and blanks"}},
		{"treefilter commit ", visible},
		{"treefilter help ", commandNames()},
		{"treefilter help comm", []string{"commit"}},
		{"treefilter -- comm", []string{"commas and blanks"}},
		{"treefilter -- -", []string{"-dash"}},
		{`treefilter commit todo\ `, []string{"todo list"}},
		{"treefilter commit <tod", []string{"todo", "todo list"}},

		// the value of a flag is no command
		{"treefilter --program commit com", []string{"commit", "commas and blanks"}},
		{"treefilter -0c commit com", []string{"commit", "commas and blanks"}},
		{"treefilter -cx comm", []string{"commit", "commas and blanks"}},

		// flags: of the command, and of any as long as there is none
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
		{"treefilter --state-dir ", []string{"photos/", "to do/"}},
		{"treefilter -C ", []string{"photos/", "to do/"}},
		{"treefilter -C commit comm", []string{"commit", "commas and blanks"}},
		{"treefilter dump --state-dir=pho", []string{"photos/"}},
		{"treefilter exec -j ", nil},
		{"treefilter --completion ", []string{"bash", "zsh", "fish"}},

		// the command that exec runs
		{"treefilter exec tod", []string{"todo", "todo list"}},
		{"treefilter exec photos -- mkfif", []string{"mkfifo"}},
		{"treefilter exec -- mkfifo -m 600 tod", []string{"todo", "todo list"}},
	}...))
	// With the package bash-completion, the command has its own completion.
	offset := "_command_offset() { COMPREPLY=(\"${COMP_WORDS[$1]} itself\"); }\n"
	t.Run("offset", func(t *testing.T) {
		testTabsIn(t, "bash", offset, []tab{
			{"treefilter exec --jobs=2 a=b -- mkfifo tod", []string{"mkfifo itself"}},
		})
	})
}

func testTabs(t *testing.T, tabs []tab) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		t.Run(shell, func(t *testing.T) { testTabsIn(t, shell, "", tabs) })
	}
}

// testTabsIn compares what a real shell offers with what is wanted. More is put
// after the script.
func testTabsIn(t *testing.T, shell, more string, tabs []tab) {
	needPrograms(t, shell)
	script := map[string]string{"bash": bashCompletion, "zsh": zshCompletion, "fish": fishCompletion}[shell]
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
