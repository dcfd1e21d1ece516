package main

import (
	"context"
	"errors"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// A command is what the command line selects: it fills a job and hands it to
// package filter.
type command interface {
	run(ctx context.Context, s *stdio) error
}

// commands are all that there are, in the order of --help. A command line that
// names none is for the first.
var commands = []namedCommand{
	{"filter", "print the files that need work (what it does without COMMAND)", func() subcommand { return &filterCommand{} }},
	{"commit", "read processed paths from stdin, append their stamps to the WAL", func() subcommand { return &commitCommand{} }},
	{"exec", "filter, run a command on each file, commit those that succeed", func() subcommand { return &execCommand{} }},
	{"dump", "fold the WAL into the snapshot", func() subcommand { return &dumpCommand{} }},
	{"status", "show what is stored, what is pending", func() subcommand { return &statusCommand{} }},
	{"explain", "say why each path would or would not be printed", func() subcommand { return &explainCommand{} }},
	{"prune", "drop the stamps of files that are gone", func() subcommand { return &pruneCommand{} }},
	{"forget", "drop the stamps of files that are to be processed again", func() subcommand { return &forgetCommand{} }},
	{"discard", "throw away the WAL of a failed run", func() subcommand { return &discardCommand{} }},
	{"import", "take over what the Python package treestamps wrote", func() subcommand { return &importCommand{} }},
	{"help", "show the help of a COMMAND", func() subcommand { return &helpCommand{} }},
}

type namedCommand struct {
	name   string
	help   string
	create func() subcommand
}

func commandNames() (names []string) {
	for _, c := range commands {
		names = append(names, c.name)
	}
	return names
}

// A subcommand is a command with a name; its fields are its flags.
type subcommand interface {
	command
	// operate is given what the command line holds beside these: the words before
	// and after "--", and the flags of all commands.
	operate(words, after []string, flags global)
	page() page
}

// global are the flags that belong to all commands: which state files.
type global struct {
	Program   string `placeholder:"NAME" help:"another name for the two files of a tree"`
	StateDir  string `placeholder:"DIR" help:"keep the two files in DIR, ignore those in trees"`
	StateBase string `placeholder:"DIR" help:"name trees there by their path below this DIR"`
}

// common are the flags beside those of a command.
type common struct {
	Directory list `short:"C" placeholder:"DIR" help:"run as if started in DIR (repeatable)"`
	global
	Help       helpFlag       `short:"h" help:"help; after a COMMAND, the help of that"`
	Version    versionFlag    `short:"V" help:"the version"`
	Man        manFlag        `help:"the man page: treefilter --man | man -l -"`
	Completion completionFlag `placeholder:"bash|zsh|fish" help:"for: source <(treefilter --completion bash)"`
}

// newParser returns the parser of the flags that are fields of the structs. One
// for all commands at once would take 1 ms to make, one for a command 0.2 ms.
func newParser(command, common any) *kong.Kong {
	return kong.Must(command,
		kong.Embed(common),
		kong.Name("treefilter"),
		kong.NoDefaultHelp(),
		kong.KindMapper(reflect.String, text),
		kong.Resolvers(kong.ResolverFunc(variables)),
	)
}

// parse turns arguments and variables into the command that they select.
//
// kong is given nothing but flags. It would take "commit" in "treefilter -- commit"
// for the command, and refuses an operand after a flag after an operand, and the
// flags of a command before its name.
func parse(args []string) (command, error) {
	args, after := cut(args, "--")

	// Those that args may be for: the command that needs no name, and each whose
	// name occurs, be it as the value of a flag or as a ROOT.
	candidates := map[string]*candidate{}
	valued := map[string]bool{}
	for i, c := range commands {
		if i == 0 || slices.Contains(args, c.name) {
			candidates[c.name] = newCandidate(&commands[i], valued)
		}
	}

	flags, words := divide(args, valued)
	selected := candidates[commands[0].name]
	var named *namedCommand
	if len(words) > 0 && candidates[words[0]] != nil {
		selected, words = candidates[words[0]], words[1:]
		named = selected.namedCommand
	}
	if flag := selected.unknown(flags, valued); flag != "" {
		hint := selected.meant(flag)
		if _, runs := selected.command.(*execCommand); runs && after == nil && hint == selected.listed() {
			hint = execForm // it is one of COMMAND
		}
		return nil, &usageError{"unknown flag " + flag, hint}
	}
	if _, err := selected.parser.Parse(flags); err != nil {
		return selected.refuse(err, named)
	}
	if flags := selected.common.global; flags.StateBase != "" && flags.StateDir == "" {
		return nil, &usageError{reason: "--state-base: nothing to name without --state-dir"}
	}
	selected.command.operate(words, after, selected.common.global)
	if dirs := selected.common.Directory; len(dirs) > 0 {
		return &elsewhere{selected.command, dirs}, nil
	}
	return selected.command, nil
}

// elsewhere is a command that runs as if treefilter had been started in another
// directory, to which each of dirs leads from the one before it.
type elsewhere struct {
	command
	dirs []string
}

func (e *elsewhere) run(ctx context.Context, s *stdio) error {
	for _, dir := range e.dirs {
		if err := os.Chdir(dir); err != nil {
			return err
		}
	}
	at, err := os.Getwd()
	if err != nil {
		return err
	}
	if err := os.Setenv("PWD", at); err != nil { // what exec runs may believe it
		return err
	}
	return e.command.run(ctx, s)
}

// A candidate is a command that a command line may be for.
type candidate struct {
	*namedCommand
	command subcommand
	common  common
	parser  *kong.Kong
	known   map[string]bool // its flags, as they are written
}

// newCandidate also notes, as they are written, the flags that take a value. None
// does in one command and does not in another.
func newCandidate(c *namedCommand, valued map[string]bool) *candidate {
	made := &candidate{namedCommand: c, command: c.create(), known: map[string]bool{}}
	made.parser = newParser(made.command, &made.common)
	for _, flag := range made.parser.Model.Flags {
		for _, spelled := range spellings(flag) {
			made.known[spelled] = true
			if !flag.IsBool() {
				valued[spelled] = true
			}
		}
	}
	return made
}

// spellings are how a flag may be written.
func spellings(flag *kong.Flag) []string {
	if flag.Short == 0 {
		return []string{"--" + flag.Name}
	}
	return []string{"--" + flag.Name, "-" + string(flag.Short)}
}

// refuse returns what an error of kong means: an answer was asked for, perhaps
// about the command that was named, or the command line cannot be meant.
func (c *candidate) refuse(err error, named *namedCommand) (command, error) {
	var asked request
	if errors.As(err, &asked) {
		return &answer{asked(named)}, nil
	}
	hint := c.listed()
	var usage *usageError
	if errors.As(err, &usage) && usage.hint != "" {
		hint = usage.hint
	}
	return nil, &usageError{err.Error(), hint}
}

// divide takes flags, each with its value, out of the words between them.
func divide(args []string, valued map[string]bool) (flags, words []string) {
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "-" || !strings.HasPrefix(arg, "-") {
			words = append(words, arg)
			continue
		}
		flags = append(flags, arg)
		if wantsValue(arg, valued) && i+1 < len(args) {
			i++
			flags = append(flags, args[i])
		}
	}
	return flags, words
}

// wantsValue reports whether the value of the flag, or of the last of several in
// one argument, is the next argument.
func wantsValue(arg string, valued map[string]bool) bool {
	if strings.HasPrefix(arg, "--") {
		return valued[arg]
	}
	for i, short := range arg[1:] {
		if valued["-"+string(short)] {
			return i+2 == len(arg)
		}
	}
	return false
}

// cut splits args around the first that is sep.
func cut(args []string, sep string) (before, after []string) {
	if i := slices.Index(args, sep); i >= 0 {
		return args[:i], args[i+1:]
	}
	return args, nil
}

// text takes an argument as the bytes that it is. kong's own mapper turns bytes
// that are not UTF-8 into U+FFFD, which makes it the path of another file.
var text = kong.MapperFunc(func(ctx *kong.DecodeContext, target reflect.Value) error {
	value, err := popText(ctx)
	target.SetString(value)
	return err
})

// popText returns the next value.
func popText(ctx *kong.DecodeContext) (string, error) {
	token := ctx.Scan.Pop()
	switch {
	case token.IsEOL(), token.Value == "":
		// Empty is what is left of a shell variable that was not set.
		return "", &usageError{reason: "needs a value"}
	case !token.IsValue():
		return "", &usageError{reason: `needs a value; one that begins with "-" is written ` +
			ctx.Value.ShortSummary() + "=" + token.String()}
	}
	return token.String(), nil
}
