package main

import (
	"errors"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// grammar is the command line: one field a command.
type grammar struct {
	common

	Filter  filterCommand  `cmd:"" default:"withargs" help:"print the files that need work (what it does without COMMAND)"`
	Commit  commitCommand  `cmd:"" help:"read processed paths from stdin, append their stamps to the WAL"`
	Exec    execCommand    `cmd:"" help:"filter, run a command on each file, commit those that succeed"`
	Dump    dumpCommand    `cmd:"" help:"fold the WAL into the snapshot"`
	Status  statusCommand  `cmd:"" help:"show what is stored, what is pending"`
	Explain explainCommand `cmd:"" help:"say why each path would or would not be printed"`
	Prune   pruneCommand   `cmd:"" help:"drop the stamps of files that are gone"`
	Discard discardCommand `cmd:"" help:"throw away the WAL of a failed run"`
	Import  importCommand  `cmd:"" help:"take over what the Python package treestamps wrote"`
}

// unnamed is the command line of a run that names no command. kong takes 0.4 ms
// for it, and 1.4 ms for all commands.
type unnamed struct {
	common
	Filter filterCommand `cmd:"" default:"withargs"`
}

// common are the flags beside those of a command.
type common struct {
	global
	Help       helpFlag       `short:"h" help:"help; after a COMMAND, the help of that"`
	Version    versionFlag    `help:"the version"`
	Man        manFlag        `help:"the man page: treefilter --man | man -l -"`
	Completion completionFlag `placeholder:"bash|zsh|fish" help:"for: source <(treefilter --completion bash)"`
}

// global are the flags that belong to all commands: which state files.
type global struct {
	Program  string `placeholder:"NAME" help:"another name for the two files of a tree"`
	StateDir string `placeholder:"DIR" help:"keep the two files in DIR, ignore those in trees"`
}

// newParser returns an empty grammar and the parser that fills it.
func newParser() (*grammar, *kong.Kong) {
	g := &grammar{}
	return g, parserOf(g)
}

func parserOf(grammar any) *kong.Kong {
	return kong.Must(grammar,
		kong.Name("treefilter"),
		kong.NoDefaultHelp(),
		kong.KindMapper(reflect.String, text),
		kong.Resolvers(kong.ResolverFunc(variables)),
	)
}

// parse turns arguments and variables into the command that they select.
func parse(args []string) (command, error) {
	if !slices.ContainsFunc(args, isCommand) {
		u := &unnamed{}
		parser := parserOf(u)
		arranged, _ := arrange(args, parser.Model)
		if _, err := parser.Parse(arranged); err == nil {
			u.Filter.under(u.global)
			return &u.Filter, nil
		}
	}
	g, parser := newParser()
	arranged, toRun := arrange(args, parser.Model)
	ctx, err := parser.Parse(arranged)
	if err == nil {
		cmd := ctx.Selected().Target.Addr().Interface().(command)
		cmd.(interface{ under(global) }).under(g.global)
		if exec, ok := cmd.(*execCommand); ok {
			exec.command = toRun
		}
		return cmd, nil
	}

	var failed *kong.ParseError
	errors.As(err, &failed)
	selected := failed.Context.Selected()
	var asked request
	if errors.As(err, &asked) {
		return &answer{asked(parser.Model, selected)}, nil
	}
	if selected == nil {
		selected = parser.Model.DefaultCmd
	}
	hint := `"treefilter ` + selected.Name + ` --help" lists the flags`
	var usage *usageError
	if errors.As(err, &usage) && usage.hint != "" {
		hint = usage.hint
	}
	return nil, &usageError{err.Error(), hint}
}

// isCommand reports whether a word is the name of a command.
func isCommand(word string) bool {
	field, ok := reflect.TypeFor[grammar]().FieldByNameFunc(func(name string) bool { return strings.ToLower(name) == word })
	if !ok {
		return false
	}
	_, ok = field.Tag.Lookup("cmd")
	return ok
}

// arrange puts arguments into the order in which kong can take nothing for
// something else: the command, the flags, "--", the operands. As the arguments
// come, kong takes "commit" in "treefilter -- commit" for the command, refuses
// an operand after a flag after an operand, and the flags of a command before
// its name. For exec, what stands after "--" is none of kong's business: it is
// returned apart.
func arrange(args []string, model *kong.Application) (arranged, toRun []string) {
	args, operands := cut(args, "--")
	valued := valuedFlags(model)
	var flags, words []string
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

	name := model.DefaultCmd.Name
	switch {
	case len(words) > 0 && isCommand(words[0]):
		name, words = words[0], words[1:]
	case len(words) == 0 && len(operands) == 0:
		return flags, nil // perhaps --help, which says more when no command is named
	}
	if name == execName {
		operands, toRun = nil, operands
	}
	return slices.Concat([]string{name}, flags, []string{"--"}, words, operands), toRun
}

// cut splits args around the first that is sep.
func cut(args []string, sep string) (before, after []string) {
	if i := slices.Index(args, sep); i >= 0 {
		return args[:i], args[i+1:]
	}
	return args, nil
}

// valuedFlags holds, as they are written, the flags of all commands that take a
// value. No flag does in one command and does not in another.
func valuedFlags(model *kong.Application) map[string]bool {
	valued := map[string]bool{}
	for _, node := range append(model.Children, model.Node) {
		for _, flag := range node.Flags {
			if !flag.IsBool() {
				valued["--"+flag.Name] = true
				valued["-"+string(flag.Short)] = true
			}
		}
	}
	return valued
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

// text takes an argument as the bytes that it is. kong's own mapper turns bytes
// that are not UTF-8 into U+FFFD, which makes it the path of another file.
var text = kong.MapperFunc(func(ctx *kong.DecodeContext, target reflect.Value) error {
	value, err := popText(ctx)
	target.SetString(value)
	return err
})

// popText returns the next value. A "--" is none where it is still the mark that
// arrange has put after the flags.
func popText(ctx *kong.DecodeContext) (string, error) {
	token := ctx.Scan.Pop()
	mark := kong.Token{Value: "--", Type: kong.UntypedToken}
	switch {
	case token.IsEOL(), token == mark, token.Value == "" && ctx.Value.Flag != nil:
		// Empty is what is left of a shell variable that was not set.
		return "", &usageError{reason: "needs a value"}
	case !token.IsValue():
		return "", &usageError{reason: `needs a value; one that begins with "-" is written ` +
			ctx.Value.ShortSummary() + "=" + token.String()}
	}
	return token.String(), nil
}
