package main

import (
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// shownFlags is which flags a document knows: each spelling, with " VALUE" after
// one that takes a value, leads to the commands that have it, sorted.
type shownFlags map[string][]string

// add notes one flag, the long spelling last. "all" stands for all commands.
func (s shownFlags) add(spellings []string, valued bool, commands []string) {
	if slices.Equal(commands, []string{"all"}) {
		commands = commandNames()
	}
	commands = slices.Sorted(slices.Values(commands))
	for _, flag := range spellings {
		if valued {
			flag += " VALUE"
		}
		s[flag] = commands
	}
}

// grammarFlags is what the documents have to know.
func grammarFlags() shownFlags {
	all := map[string][]string{}
	shown := shownFlags{}
	for _, c := range commands {
		for _, flag := range newParser(c.create(), &common{}).Model.Flags {
			all[flag.Name] = append(all[flag.Name], c.name)
			shown.add(spellings(flag), !flag.IsBool(), all[flag.Name])
		}
	}
	return shown
}

// TestShare compares the man page and the completion scripts with the grammar:
// every command, and every flag with its commands, no more and no less.
func TestShare(t *testing.T) {
	for name, document := range map[string]struct {
		flags    shownFlags
		commands []string
	}{
		"man":  {manFlags(manPage), between(manPage, `\.SS (\w+)`)},
		"bash": {bashFlags(bashCompletion), words(bashCompletion, `names='(.*)'`)},
		"zsh":  {zshFlags(zshCompletion), words(zshCompletion, `names=\((.*)\)`)},
		"fish": {fishFlags(fishCompletion), words(fishCompletion, `__treefilter_names (.*)`)},
	} {
		t.Run(name, func(t *testing.T) {
			if want := commandNames(); !slices.Equal(document.commands, want) {
				t.Errorf("commands %q, want %q", document.commands, want)
			}
			want := grammarFlags()
			for flag, commands := range want {
				if got := document.flags[flag]; !slices.Equal(got, commands) {
					t.Errorf("%s is one of %q, want %q", flag, got, commands)
				}
			}
			for flag := range document.flags {
				if want[flag] == nil {
					t.Errorf("%s: there is no such flag", flag)
				}
			}
		})
	}
}

// TestShareDescribes asks for a description of each command by each document
// that describes them.
func TestShareDescribes(t *testing.T) {
	want := commandNames()
	for name, got := range map[string][]string{
		"zsh":  between(zshCompletion, `\t\t'(\w+):.*'`),
		"fish": between(fishCompletion, `complete -c treefilter -n '__treefilter_at_first' -a (\w+) -d '.*'`),
	} {
		if !slices.Equal(got, want) {
			t.Errorf("%s describes %q, want %q", name, got, want)
		}
	}
}

// TestShareKnowsValues compares the flags whose value a script steps over to find
// the command.
func TestShareKnowsValues(t *testing.T) {
	var long []string
	var letters string
	for flag := range grammarFlags() {
		switch flag, valued := strings.CutSuffix(flag, " VALUE"); {
		case !valued:
		case strings.HasPrefix(flag, "--"):
			long = append(long, flag)
		default:
			letters += flag[1:]
		}
	}
	slices.Sort(long)
	for name, got := range map[string]struct {
		long    []string
		letters []string
	}{
		"zsh":  {words(zshCompletion, `valued=\(([^)]*)\)`), words(zshCompletion, `-\?\*\)\s.*?\[(\w+)\]`)},
		"fish": {words(strings.ReplaceAll(fishCompletion, "\\\n", ""), `__treefilter_valued (.*)`), words(fishCompletion, `\[(\w+)\]\$`)},
	} {
		if !slices.Equal(got.long, long) {
			t.Errorf("%s: %q, want %q", name, got.long, long)
		}
		if len(got.letters) != 1 || ordered(got.letters[0]) != ordered(letters) {
			t.Errorf("%s: %q, want %q", name, got.letters, letters)
		}
	}
}

func ordered(letters string) string { return string(slices.Sorted(slices.Values([]byte(letters)))) }

func TestManNamesVariables(t *testing.T) {
	got := regexp.MustCompile(`TREEFILTER_[A-Z_]+`).FindAllString(manPage, -1)
	var want []string
	for _, flag := range shared {
		want = append(want, variable(flag))
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("variables %q, want %q", got, want)
	}
}

// TestManLint asks the strictest of the programs that read it.
func TestManLint(t *testing.T) {
	needPrograms(t, "mandoc")
	cmd := exec.CommandContext(t.Context(), "mandoc", "-T", "lint", "-W", "style")
	cmd.Stdin = strings.NewReader(manPage)
	if output, err := cmd.CombinedOutput(); err != nil || len(output) > 0 {
		t.Errorf("%v\n%s", err, output)
	}
}

// between returns what a group matches in each line that is like the pattern.
func between(text, pattern string) (found []string) {
	for _, m := range regexp.MustCompile(`(?m)^`+pattern+`$`).FindAllStringSubmatch(text, -1) {
		found = append(found, m[1])
	}
	return found
}

// words returns the words that a group matches.
func words(text, pattern string) []string {
	return strings.Fields(regexp.MustCompile(pattern).FindStringSubmatch(text)[1])
}

// manFlags reads ".TP" entries: \fB\-c, \-\-config\fR \fIKEY=VALUE\fR (COMMAND, ...).
func manFlags(page string) shownFlags {
	shown := shownFlags{}
	for _, m := range regexp.MustCompile(`(?m)^\\fB(-[^\\]*)\\fR( \\fI.*\\fR)?(?: \((.*)\))?$`).
		FindAllStringSubmatch(strings.ReplaceAll(page, `\-`, "-"), -1) {
		commands := []string{"all"}
		if m[3] != "" {
			commands = strings.Split(m[3], ", ")
		}
		shown.add(strings.Split(m[1], ", "), m[2] != "", commands)
	}
	return shown
}

// bashFlags reads its table.
func bashFlags(script string) shownFlags {
	shown := shownFlags{}
	for _, m := range regexp.MustCompile(`(?m)^\t\t(-[\w -]*): ([\w ]*)(:?)`).FindAllStringSubmatch(script, -1) {
		shown.add(strings.Fields(m[1]), m[3] != "", strings.Fields(m[2]))
	}
	return shown
}

// zshFlags reads _treefilter_of COMMAND... && flags+=('(-c)'{-c+,--config=}'[...').
func zshFlags(script string) shownFlags {
	shown := shownFlags{}
	for _, m := range regexp.MustCompile(`(?m)^\t_treefilter_of ([\w ]+) && flags\+=\('(?:\*|\(.*?\))'?\{?(-[^\[}']*)`).FindAllStringSubmatch(script, -1) {
		spellings := strings.Split(strings.NewReplacer("+", "", "=", "").Replace(m[2]), ",")
		shown.add(spellings, strings.HasSuffix(m[2], "="), strings.Fields(m[1]))
	}
	return shown
}

// fishFlags reads __treefilter_flag COMMANDS -s c -l config -x.
func fishFlags(script string) shownFlags {
	shown := shownFlags{}
	for _, m := range regexp.MustCompile(`(?m)^__treefilter_flag '?([\w ]+?)'?(?: -s (\w))? -l (\S+)( -[xr])?`).FindAllStringSubmatch(script, -1) {
		spellings := []string{"--" + m[3]}
		if m[2] != "" {
			spellings = append(spellings, "-"+m[2])
		}
		shown.add(spellings, m[4] != "", strings.Fields(m[1]))
	}
	return shown
}
