package main

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/alecthomas/kong"
)

// The completion scripts are static: they know the command line by heart and
// start no treefilter at a TAB. What they know comes from the grammar alone: the
// commands and flags from kong's model, what a flag's value may be from its
// placeholder. completion.bash, completion.zsh and completion.fish hold what the
// grammar does not change; @NAMES@ in them stand for what it does.
//
// No library does this well enough. Those that ask the program itself at every
// TAB (kongplete, kong-completion) were made for kong before 1.0; the one that
// writes scripts (king, 1.6 MB in the binary) does not know default commands,
// and its fish script never completes a file.

// completionFlag asks for the completion script of a shell.
type completionFlag string

// Decode implements kong.MapperValue.
func (*completionFlag) Decode(ctx *kong.DecodeContext) error {
	shell, err := popText(ctx)
	if err != nil {
		return err
	}
	scripts := map[string]func(*kong.Application) string{
		"bash": bashCompletion,
		"zsh":  zshCompletion,
		"fish": fishCompletion,
	}
	script, ok := scripts[shell]
	if !ok {
		return &usageError{
			reason: "not bash, zsh or fish: " + strconv.Quote(shell),
			hint:   `"treefilter --help" shows how the scripts are used`,
		}
	}
	return request(func(app *kong.Application, _ *kong.Node) string { return script(app) })
}

// choices is what may stand in one place.
type choices struct {
	words []string
	files bool // of any kind
	dirs  bool
}

// choicesOf reads a placeholder: alternatives in lower case are words to be
// typed as they stand, of the others FILE, PATH and DIR can be completed.
func choicesOf(placeholder string) (c choices) {
	for _, alternative := range strings.Split(placeholder, "|") {
		switch {
		case alternative == "FILE", alternative == "PATH":
			c.files = true
		case alternative == "DIR":
			c.dirs = true
		case alternative != "" && !strings.ContainsFunc(alternative, isNoWord):
			c.words = append(c.words, alternative)
		}
	}
	return c
}

func isNoWord(r rune) bool { return r != '-' && !unicode.IsLower(r) && !unicode.IsDigit(r) }

// commandsOf returns the commands that are shown.
func commandsOf(app *kong.Application) []*kong.Node {
	return slices.DeleteFunc(slices.Clone(app.Children), func(n *kong.Node) bool { return n.Hidden })
}

// flagsOf returns the flags that can be given to a command.
func flagsOf(app *kong.Application, command *kong.Node) []*kong.Flag {
	return slices.DeleteFunc(slices.Concat(command.Flags, app.Flags), func(f *kong.Flag) bool { return f.Hidden })
}

// A scope is where the words before the cursor lead to.
type scope struct {
	command string // "" as long as none can be told
	flags   []*kong.Flag
	runs    bool // what follows "--" is a command with arguments of its own
}

// scopesOf returns the scope of each command and, first, that of none: the flags
// of any command may stand before its name.
func scopesOf(app *kong.Application) []scope {
	scopes := []scope{{}}
	for _, c := range commandsOf(app) {
		s := scope{command: c.Name, flags: flagsOf(app, c), runs: runsCommand(c)}
		scopes = append(scopes, s)
		for _, f := range s.flags {
			known := func(other *kong.Flag) bool { return other.Name == f.Name }
			if !slices.ContainsFunc(scopes[0].flags, known) {
				scopes[0].flags = append(scopes[0].flags, f)
			}
		}
	}
	return scopes
}

// runsCommand reports whether what follows "--" is a command with arguments of its
// own. The grammar may not show it, since none of that is the parser's business.
func runsCommand(command *kong.Node) bool {
	return strings.Contains(pageOf(command).usage, "-- COMMAND")
}

// spellings returns a flag as it is written, the short form first.
func spellings(flag *kong.Flag) (all []string) {
	if flag.Short != 0 {
		all = append(all, "-"+string(flag.Short))
	}
	return append(all, "--"+flag.Name)
}

// vocabularyOf returns what every script must know to find the command among
// the words: its name is the first word that is no flag and no value of one.
func vocabularyOf(app *kong.Application, separator string) map[string]string {
	var commands, long, short []string
	for _, c := range commandsOf(app) {
		commands = append(commands, c.Name)
	}
	for flag := range valuedFlags(app) {
		switch letter := strings.TrimPrefix(flag, "-"); {
		case strings.HasPrefix(letter, "-"):
			long = append(long, flag)
		case letter != "\x00": // which is a flag's short form where it has none
			short = append(short, letter)
		}
	}
	slices.Sort(long)
	slices.Sort(short)
	return map[string]string{
		"COMMANDS": strings.Join(commands, separator),
		"DEFAULT":  app.DefaultCmd.Name,
		"LONG":     strings.Join(long, separator),
		"SHORT":    strings.Join(short, ""),
	}
}

// fill replaces the @NAMES@ of a script.
func fill(script string, names map[string]string) string {
	for name, text := range names {
		script = strings.ReplaceAll(script, "@"+name+"@", text)
	}
	return script
}

// shellQuote quotes text for bash and zsh.
func shellQuote(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
