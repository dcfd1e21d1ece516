package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestFlagHabits types each flag of each row, for each command that the row is for and
// that has no such flag of its own: it is answered, with a flag that there is.
func TestFlagHabits(t *testing.T) {
	all, owners := everyFlag()
	for _, row := range flagHabits {
		of := strings.Fields(row.of)
		if row.of == "" {
			of = commandNames()
		}
		for _, typed := range strings.Fields(row.typed) {
			without := slices.DeleteFunc(slices.Clone(of), func(name string) bool { return slices.Contains(owners[typed], name) })
			answered := len(without) == 0
			for _, name := range without {
				_, err := parse([]string{name, typed})
				usage, _ := err.(*usageError)
				answered = answered || usage != nil && usage.reason == "unknown flag "+typed && strings.HasPrefix(usage.hint, row.answer)
			}
			if !answered {
				t.Errorf("%s of %q is never answered %q", typed, of, row.answer)
			}
		}
		for _, flag := range regexp.MustCompile(`--[a-z-]+`).FindAllString(row.answer, -1) {
			if !slices.Contains(all, flag) {
				t.Errorf("%q: there is no %s", row.answer, flag)
			}
		}
	}
}

// TestCommandHabits: no word of the table is a command, and what is named is one.
func TestCommandHabits(t *testing.T) {
	for _, row := range commandHabits {
		for _, word := range strings.Fields(row.typed) {
			if got := meantCommand(word); got != row.answer || slices.Contains(commandNames(), word) {
				t.Errorf("%s is answered %q, want %q", word, got, row.answer)
			}
		}
		for _, m := range regexp.MustCompile(`"treefilter ([a-z]+)`).FindAllStringSubmatch(row.answer, -1) {
			if !slices.Contains(commandNames(), m[1]) {
				t.Errorf("%q: there is no %s", row.answer, m[1])
			}
		}
	}
}

func TestUnknownFlag(t *testing.T) {
	for _, test := range []struct{ args, flag, hint string }{
		// Slips of the finger, and beginnings.
		{"--exclud x", "--exclud", `did you mean --exclude? "treefilter filter --help" lists the flags`},
		{"--exculde x", "--exculde", `did you mean --exclude? "treefilter filter --help" lists the flags`},
		{"commit --sicne=start", "--sicne", `did you mean --since? "treefilter commit --help" lists the flags`},
		{"commit --ignore-mis", "--ignore-mis", `did you mean --ignore-missing? "treefilter commit --help" lists the flags`},
		{"--fail-fsat", "--fail-fsat", "--fail-fast is a flag of exec"},
		{"--bogus", "--bogus", `"treefilter filter --help" lists the flags`},
		{"exec photos ./optimize --quality 90", "--quality", `"treefilter exec [ROOT...] -- COMMAND [ARG...]" is the form`},
		{"exec --quality 90 -- ./optimize", "--quality", `"treefilter exec --help" lists the flags`},
		// Flags of other commands.
		{"commit --follow", "--follow", "--follow is a flag of filter, exec, status and import"},
		{"status -v", "-v", "-v is a flag of commit and exec"},
		// Of several letters, the one that is unknown; a value is no flag.
		{"-0z", "-z", "-0 is for paths that end in NUL"},
		{"commit -c -z --since -name -Q", "-Q", `"treefilter commit --help" lists the flags`},
		// A word of find is never several letters.
		{"exec -follow -- a", "-follow", "--follow follows symbolic links"},
		{"commit -L", "-L", "--follow follows symbolic links (--follow is a flag of filter, exec, status and import)"},
	} {
		_, err := parse(strings.Fields(test.args))
		usage, _ := err.(*usageError)
		if usage == nil || usage.reason != "unknown flag "+test.flag || usage.hint != test.hint {
			t.Errorf("%q:\ngot  %+v\nwant %s: %s", test.args, err, test.flag, test.hint)
		}
	}
}

func TestClosest(t *testing.T) {
	for _, test := range []struct{ word, want string }{
		{"commmit", "commit"}, {"comit", "commit"}, {"commit", "commit"}, {"stauts", "status"},
		{"exce", "exec"}, {"dmup", "dump"}, {"prun", "prune"}, {"pru", "prune"}, {"sta", "status"},
		{"explian", "explain"}, {"disscrad", "discard"}, {"photos", ""}, {"src", ""}, {"ex", ""}, {"", ""},
	} {
		if got := closest(test.word, commandNames()); got != test.want {
			t.Errorf("%q is closest to %q, want %q", test.word, got, test.want)
		}
	}
}
