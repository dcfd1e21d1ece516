package main

import (
	"cmp"
	_ "embed"
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
)

//go:embed completion.fish
var fishScript string

// fishCompletion returns the completion script for fish, 3.0 or later.
func fishCompletion(app *kong.Application) string {
	var rules strings.Builder
	rule := func(condition, then string) {
		fmt.Fprintf(&rules, "complete -c treefilter -n %s %s\n", fishQuote(condition), then)
	}
	for _, c := range commandsOf(app) {
		rule("__treefilter_at_first", "-a "+c.Name+" -d "+fishQuote(c.Help))
	}
	for _, c := range commandsOf(app) {
		if runsCommand(c) {
			rule("__treefilter_in "+c.Name+" && __treefilter_ended", "-x -a '(__treefilter_run)'")
		}
	}
	// A flag that means the same in several commands is one rule, or it would be
	// offered as often.
	var flags []string
	commands := map[string]string{}
	for _, s := range scopesOf(app) {
		for _, f := range s.flags {
			flag := fishFlag(f)
			if _, known := commands[flag]; !known {
				flags = append(flags, flag)
			}
			commands[flag] += " " + cmp.Or(s.command, "-")
		}
	}
	for _, f := range flags {
		rule("__treefilter_in"+commands[f], f)
	}

	names := vocabularyOf(app, " ")
	names["RULES"] = strings.TrimSuffix(rules.String(), "\n")
	return fill(fishScript, names)
}

// fishFlag returns what "complete" wants to know about a flag.
func fishFlag(flag *kong.Flag) string {
	text := "-l " + flag.Name
	if flag.Short != 0 {
		text = "-s " + string(flag.Short) + " " + text
	}
	if !flag.IsBool() {
		c := choicesOf(flag.PlaceHolder)
		words := strings.Join(c.words, " ")
		if c.dirs {
			words = strings.TrimSpace(words + " (__fish_complete_directories)")
		}
		if c.files {
			text += " -r -F"
		} else {
			text += " -x"
		}
		if words != "" {
			text += " -a " + fishQuote(words)
		}
	}
	return text + " -d " + fishQuote(flag.Help)
}

// fishQuote quotes text for fish.
func fishQuote(text string) string { return "'" + escape(text, "'") + "'" }
