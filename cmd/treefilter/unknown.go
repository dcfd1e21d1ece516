package main

import (
	"slices"
	"strings"
	"sync"
)

// What stands here answers words that are neither a flag nor a command.

// unknown returns the first of the arguments that is a flag which the command does not
// have, "" where it has all. A word of find, such as -exec, is never taken for several
// letters: "-e xec" is not what it means.
func (c *candidate) unknown(flags []string, valued map[string]bool) string {
	for i := 0; i < len(flags); i++ {
		arg := flags[i]
		if wantsValue(arg, valued) {
			i++
		}
		name, _, _ := strings.Cut(arg, "=")
		switch {
		case !strings.HasPrefix(arg, "--") && len(name) > 2 && answerTo(flagHabits, name, c.name) != "":
			return name
		case strings.HasPrefix(arg, "--"):
			if !c.known[name] {
				return name
			}
		default:
			if letter := c.unknownLetter(arg[1:], valued); letter != "" {
				return letter
			}
		}
	}
	return ""
}

// unknownLetter is unknown for flags of one letter in one argument.
func (c *candidate) unknownLetter(letters string, valued map[string]bool) string {
	for _, letter := range letters {
		flag := "-" + string(letter)
		if !c.known[flag] {
			return flag
		}
		if valued[flag] {
			break
		}
	}
	return ""
}

// meant returns what to say about a flag that the command does not have.
func (c *candidate) meant(flag string) string {
	all, owners := everyFlag()
	isOf := func(flag string) string { return flag + " is a flag of " + join(owners[flag], "and") }
	if answer := answerTo(flagHabits, flag, c.name); answer != "" {
		for _, word := range strings.Fields(answer) {
			if word = strings.Trim(word, `";:,`); strings.HasPrefix(word, "--") && owners[word] != nil && !c.known[word] {
				return answer + " (" + isOf(word) + ")"
			}
		}
		return answer
	}
	if owners[flag] != nil {
		return isOf(flag)
	}
	own := slices.DeleteFunc(slices.Clone(all), func(flag string) bool { return !c.known[flag] })
	if near := closest(flag, own); near != "" {
		return "did you mean " + near + "? " + c.listed()
	}
	if near := closest(flag, all); near != "" {
		return isOf(near)
	}
	return c.listed()
}

// listed says where the flags of the command are explained.
func (c *candidate) listed() string { return `"treefilter ` + c.name + ` --help" lists the flags` }

// everyFlag returns the flags of all commands, and the commands that have each.
var everyFlag = sync.OnceValues(func() (all []string, owners map[string][]string) {
	owners = map[string][]string{}
	for i := range commands {
		for flag := range newCandidate(&commands[i], map[string]bool{}).known {
			if owners[flag] == nil {
				all = append(all, flag)
			}
			owners[flag] = append(owners[flag], commands[i].name)
		}
	}
	slices.Sort(all)
	return all, owners
})

// meantCommand returns what to say about a word that is no command.
func meantCommand(word string) string {
	if answer := answerTo(commandHabits, word, ""); answer != "" {
		return answer
	}
	listed := `"treefilter --help" lists the commands`
	if near := closest(word, commandNames()); near != "" {
		return "did you mean " + near + "? " + listed
	}
	return listed
}

// closest returns the name that a word is a misspelling of, "" where there is none: it
// begins a name, or is one or two slips of the finger away. Of short words, too many
// others are.
func closest(word string, names []string) string {
	best, slips := "", 2
	switch letters := len(strings.TrimLeft(word, "-")); {
	case letters < 3:
		return ""
	case letters < 5:
		slips = 1
	}
	for _, name := range names {
		n := distance(word, name)
		if strings.HasPrefix(name, word) {
			n = 0
		}
		if n <= slips && (best == "" || n < slips) {
			best, slips = name, n
		}
	}
	return best
}

// distance is the number of letters that were left out, put in, exchanged for another,
// or swapped with the next one.
func distance(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			other := 1
			if a[i] == b[j] {
				other = 0
			}
			row[j+1] = min(last[j]+other, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}

// join lists words as people do.
func join(words []string, conjunction string) string {
	last := len(words) - 1
	if last <= 0 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " " + conjunction + " " + words[last]
}
