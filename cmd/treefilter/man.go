package main

import (
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// manDate stands in the man page for the day on which it was made: a date of the
// build would make each build's page another one, and mandoc wants one.
const manDate = "2026-11-22"

// The parts of the man page that no help page has.
const (
	manRule = `A stamp is what is remembered of one processed file: the mtime that it had when
it was committed, keyed by its path in the tree. It never is the time of the
clock. Seconds and nanoseconds are compared. A stamp that lies in the future
counts only for a file whose mtime is exactly that. Settings that decide how
files are processed are remembered with the stamps; when one changes, every
stamp is void. Doubt means that a file is printed again: extra work is an
annoyance, skipped work the one unforgivable fault.

Without a ROOT paths are read from stdin. A ROOT that bears a command's name is
written ./commit, or stands behind "--". One that cannot be read does not stop
the others. Only regular files are printed, in an order that is always the same,
but for the one that stdout goes to.`

	manFiles = `.treefilter_treestamps.yaml      the snapshot, replaced as a whole by a dump
.treefilter_treestamps.wal.yaml  the WAL, to which commits append

Both are YAML, and stand in the directory that was the ROOT. Both are safe to
delete: every file is then processed again. With --program NAME they are
.NAME_treestamps.yaml and .NAME_treestamps.wal.yaml. With --state-dir DIR they
stand in DIR instead, in a folder named for the ROOT, and those in trees are not
looked at: a stamp file that somebody put into a tree is then without effect.`

	manVariables = `NO_COLOR    when it is not empty, nothing is colored
TERM        "dumb" for no progress
GOMAXPROCS  how many processors are used`

	manCompletion = `treefilter --completion bash|zsh|fish prints a script. The shell's start-up file
can source it, or the shell finds it by itself in one of these:

bash  /usr/local/share/bash-completion/completions/treefilter
zsh   /usr/local/share/zsh/site-functions/_treefilter
fish  /usr/local/share/fish/vendor_completions.d/treefilter.fish`

	manNotes = `Every scheme that trusts mtimes is blind to what leaves them alone or sets them
back: an older file put over a stamped one by mv, cp -p, rsync -a or tar x; a
program that restores mtimes; a link that leads elsewhere now; a write through a
memory mapping whose mtime the kernel sets late; an edit while the clock runs
through a time for the second time; an edit between the reading of a tool that
rewrites its input and its commit. Where that has happened, touch the file, or
delete the state files: then it is printed again. --detect differs sees the
first of these, and any mtime that was set to another one.`

	manSeeAlso = `\fBfind\fR(1), \fBmake\fR(1), \fBparallel\fR(1), \fBxargs\fR(1)`
)

// manual returns the man page. What the help pages say is taken from them.
func manual(app *kong.Application, _ *kong.Node) string {
	commands := commandsOf(app)
	var m roff
	m.line(`.\" Made by "treefilter --man".`)
	m.line(".TH TREEFILTER 1 " + manDate + " treefilter")

	m.section("Name")
	m.line(`treefilter \- remember which files are processed, print those that need work`)
	m.section("Synopsis")
	for _, c := range commands {
		m.usage(pageOf(c).usage)
	}
	m.section("Description")
	m.text(overview.text)
	m.text(manRule)

	m.section("Commands")
	for _, c := range commands {
		p := pageOf(c)
		m.subsection(c.Name)
		m.usage(p.usage)
		m.text(p.text)
		m.flags(c.Flags)
	}
	m.section("Flags of every command")
	m.flags(app.Flags)

	m.section("Exit status")
	m.text(overview.exits)
	for _, c := range commands {
		m.subsection(c.Name)
		m.text(pageOf(c).exits)
	}
	m.section("Environment")
	m.text(variablesText)
	m.paragraph()
	m.words(strings.Join(variableNames(app), ", ") + ".")
	m.text(manVariables)
	m.section("Files")
	m.text(manFiles)
	m.section("Completion")
	m.text(manCompletion)
	m.section("Examples")
	m.example(overview.example)
	for _, c := range commands {
		if p := pageOf(c); p.example != overview.example {
			m.example(p.example)
		}
	}
	m.section("Notes")
	m.text(manNotes)
	m.section("See also")
	m.line(manSeeAlso)
	return m.String()
}

// variableNames returns the variables of all flags that have one.
func variableNames(app *kong.Application) (names []string) {
	for _, node := range append(commandsOf(app), app.Node) {
		for _, f := range node.Flags {
			if !isRequest(f) && !f.Hidden {
				names = append(names, variable(f.Name))
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
