package main

import (
	"errors"
	"fmt"
	"strings"

	"treefilter/filter"
	"treefilter/walk"
)

// adviceOn returns what the user could do about an error, "" for most. The
// packages below this one know no flags: it stands here what helps.
func adviceOn(err error) string {
	switch {
	case errors.Is(err, walk.ErrMixedDelimiters):
		return "if the paths end in NUL bytes, say --null, to the filter --in-null"
	case errors.Is(err, filter.ErrNewline):
		return "--null prints such names"
	case errors.Is(err, filter.ErrConfigUnknown):
		return "-c or --config-file gives it, --empty-config says that there is none"
	case errors.Is(err, filter.ErrConfigModified):
		return "what was processed may not have seen what this file of --depends or --config-file says now: filter and process it again"
	}
	if forgotten, ok := errors.AsType[*filter.ConfigNotGivenError](err); ok {
		return configLine(forgotten.Stored)
	}
	if _, ok := errors.AsType[*filter.DamageError](err); ok {
		return "dump --repair leaves out what cannot be read"
	}
	if dumping, ok := errors.AsType[*filter.DumpingError](err); ok {
		return "once it is certain that no dump is under way, on any machine: rm -r " + shellWord(dumping.Dir)
	}
	if errors.Is(err, filter.ErrNoEnd) {
		return "dump --repair folds what it holds, once its writer is gone"
	}
	if _, ok := errors.AsType[*filter.OutOfReachError](err); ok {
		return "if the files are gone for good, prune --force drops their stamps"
	}
	if usage, ok := errors.AsType[*usageError](err); ok {
		return usage.hint
	}
	if walked, ok := errors.AsType[*filter.WalkNotice](err); ok {
		return walkFlags(walked) + " walks as it did"
	}
	switch dir, programs := filter.Importable(err); len(programs) {
	case 0:
		return ""
	case 1:
		return importLine(programs[0], dir) + " takes over what it says"
	default:
		return "--from one of " + strings.Join(programs, ", ")
	}
}

// importLine is a command line that imports what treestamps wrote for a program
// into a directory, beside it.
func importLine(program, dir string) string {
	line := "treefilter import"
	if program == filter.DefaultProgram {
		line = "treefilter --program NAME import"
	}
	return fmt.Sprintf("%s --from %s %s", line, shellWord(program), shellWord(dir))
}

// configLine is how a stored config is given, to be pasted.
func configLine(stored filter.Given) string {
	var flags []string
	add := func(flag, value string) {
		word := shellWord(value)
		if printable(word) != word {
			stored.Rest = append(stored.Rest, value) // would not be pasted as it is
			return
		}
		flags = append(flags, flag+" "+word)
	}
	for _, pair := range stored.Pairs {
		add("-c", pair)
	}
	for _, file := range stored.Depends {
		add("--depends", file)
	}
	if len(stored.Rest) > 0 {
		flags = append(flags, "--config-file with "+strings.Join(stored.Rest, ", "))
	}
	return "give it: " + strings.Join(flags, " ") + "; or say --empty-config if none is meant"
}

// walkFlags words the walk that treestamps made as flags.
func walkFlags(n *filter.WalkNotice) string {
	var flags []string
	for _, glob := range n.Ignore {
		flags = append(flags, "--exclude "+shellWord(glob))
	}
	if n.Follow {
		flags = append(flags, "--follow")
	}
	return strings.Join(flags, " ")
}

// shellWord quotes what a shell would not take for one word as it is.
func shellWord(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_./+=@%^,:-", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
