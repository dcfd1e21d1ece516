package main

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
)

//go:embed completion.bash
var bashScript string

// bashCompletion returns the completion script for bash. It does not need the
// package bash-completion and, for the sake of macOS, nothing that bash 3.2 has
// not, or else does without.
func bashCompletion(app *kong.Application) string {
	var cases strings.Builder
	for _, s := range scopesOf(app) {
		cases.WriteString(bashCase(s))
	}
	names := vocabularyOf(app, " | ")
	names["CASES"] = cases.String()
	names["NAMES"] = strings.ReplaceAll(names["COMMANDS"], " | ", " ")
	return fill(bashScript, names)
}

// bashCase returns the case of one command: its flags, and what their values can
// be.
func bashCase(s scope) string {
	var flags []string
	var values strings.Builder
	for _, f := range s.flags {
		flags = append(flags, spellings(f)...)
		if f.IsBool() {
			continue
		}
		c := choicesOf(f.PlaceHolder)
		paths := ""
		switch {
		case c.files:
			paths = "files"
		case c.dirs:
			paths = "dirs"
		}
		fmt.Fprintf(&values, "\t\t%s) offer='%s' paths='%s' ;;\n",
			strings.Join(spellings(f), " | "), strings.Join(c.words, " "), paths)
	}

	text := "\t'" + s.command + "')\n\t\tflags='" + strings.Join(flags, " ") + "'\n"
	if s.runs {
		text += "\t\truns=1\n"
	}
	return text + "\t\tcase $value in\n" + values.String() + "\t\tesac\n\t\t;;\n"
}
