package main

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

//go:embed completion.zsh
var zshScript string

// zshCompletion returns the completion script for zsh, to be sourced or, as
// _treefilter, to be put where fpath leads.
func zshCompletion(app *kong.Application) string {
	var cases, described strings.Builder
	for _, s := range scopesOf(app) {
		cases.WriteString(zshCase(s))
	}
	for _, c := range commandsOf(app) {
		fmt.Fprintf(&described, "\t\t%s\n", shellQuote(c.Name+":"+c.Help))
	}
	names := vocabularyOf(app, " | ")
	names["CASES"] = cases.String()
	names["DESCRIBED"] = described.String()
	return fill(zshScript, names)
}

// zshCase returns the case of one command.
func zshCase(s scope) string {
	text := "\t'" + s.command + "')\n"
	if s.runs {
		text += "\t\tif ((ended)); then\n" +
			"\t\t\t_treefilter_run $ended\n" +
			"\t\t\treturn\n" +
			"\t\tfi\n"
	}
	text += "\t\t_arguments -s -S \\\n"
	for _, f := range s.flags {
		for _, spelling := range spellings(f) {
			text += "\t\t\t" + shellQuote(zshSpec(f, spelling, s.flags)) + " \\\n"
		}
	}
	return text + "\t\t\t$operands\n\t\t;;\n"
}

// zshSpec returns what _arguments wants to know about a flag: the flags that it
// excludes, itself, its help, its value.
func zshSpec(flag *kong.Flag, spelling string, flags []*kong.Flag) string {
	excludes := "(" + strings.Join(excluded(flag, flags), " ") + ")"
	switch {
	case isRequest(flag):
		excludes = "(- *)"
	case flag.IsCumulative():
		excludes = "*"
	}
	spec := excludes + spelling
	switch {
	case flag.IsBool():
	case strings.HasPrefix(spelling, "--"):
		spec += "="
	default:
		spec += "+"
	}
	spec += "[" + escape(flag.Help, "[]:") + "]"
	if !flag.IsBool() {
		spec += ":" + escape(flag.PlaceHolder, ":") + ":" + zshAction(choicesOf(flag.PlaceHolder))
	}
	return spec
}

// excluded returns the flags that cannot stand beside this one: itself, and
// those of its groups.
func excluded(flag *kong.Flag, flags []*kong.Flag) (all []string) {
	for _, f := range flags {
		shared := func(group string) bool { return slices.Contains(flag.Xor, group) }
		if f == flag || slices.ContainsFunc(f.Xor, shared) {
			all = append(all, spellings(f)...)
		}
	}
	return all
}

// zshAction returns what completes the value of a flag.
func zshAction(c choices) string {
	switch {
	case c.files && len(c.words) > 0:
		return " _treefilter_word_or_file " + strings.Join(c.words, " ")
	case c.files:
		return "_treefilter_paths"
	case c.dirs:
		return "_files -/"
	default:
		return "(" + strings.Join(c.words, " ") + ")"
	}
}

// escape puts a backslash before each of the given characters.
func escape(text, special string) string {
	var b strings.Builder
	for _, r := range text {
		if r == '\\' || strings.ContainsRune(special, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
