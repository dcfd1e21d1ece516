package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
)

// helpFlag and versionFlag ask for an answer in place of a command, as manFlag and
// completionFlag do. They stop the parser before it looks for anything that may be
// missing.
type (
	helpFlag    bool
	versionFlag bool
)

// A request is what stops the parser: the answer to it, given the command that was
// named, if any.
type request func(selected *namedCommand) string

func (request) Error() string { return "an answer was asked for" }

// BeforeReset is called by kong when the flag was given.
func (helpFlag) BeforeReset() error    { return request(help) }
func (versionFlag) BeforeReset() error { return request(showVersion) }

// An answer is the command that prints what was asked for.
type answer struct{ text string }

func (a *answer) run(_ context.Context, s *stdio) error {
	_, err := io.WriteString(s.out, a.text)
	return err
}

// helpCommand shows what --help after a command does, for those who ask for it first.
type helpCommand struct {
	trees
}

func (*helpCommand) page() page {
	return page{
		usage:   "treefilter help [COMMAND]",
		example: `treefilter help exec`,
		text:    `Shows the page of COMMAND, as COMMAND --help does, or what commands there are.`,
		exits: `0         shown
2         no such command; output failure`,
	}
}

func (c *helpCommand) run(ctx context.Context, s *stdio) error {
	if len(c.Roots) == 0 {
		return (&answer{help(nil)}).run(ctx, s)
	}
	name := c.Roots[0]
	if i := slices.Index(commandNames(), name); i >= 0 && len(c.Roots) == 1 {
		return (&answer{help(&commands[i])}).run(ctx, s)
	}
	return &usageError{"help " + strings.Join(c.Roots, " ") + ": no such command", meantCommand(name)}
}

// A page is what the help of a command says besides its flags.
type page struct {
	usage   string
	example string
	text    string
	exits   string
}

// overview is the page of the program itself.
var overview = page{
	usage: `treefilter [COMMAND] [ROOT...]`,
	example: `treefilter /photos >todo
xargs -0 -r ./optimize <todo && treefilter commit /photos <todo`,
	text: `Prints the files of a tree that still need work: those without a stamp, and
those whose mtime is newer than their stamp. A commit stamps what was processed.
The stamps are in each ROOT: .treefilter_treestamps.yaml (snapshot), .wal.yaml.`,
	exits: `0         all done; printing nothing is success
1         done, but some paths failed (each is named); --check: work to do
2         usage; a ROOT that cannot be read; output failure; for commands that
          write: state that cannot be read or is not ours, nothing was changed
126, 127  exec: COMMAND cannot be run, was not found
130, 143  ended by SIGINT, SIGTERM, with everything already read stored`,
}

// help returns the page of a command, or the overview, which alone lists the
// flags that ask for an answer.
func help(selected *namedCommand) string {
	if selected == nil {
		return overview.render(
			section{"Commands (treefilter help COMMAND lists the flags of one)", commandRows()},
			section{"Flags of every command", flagRows(&common{}, &struct{}{})})
	}
	c := selected.create()
	return c.page().render(section{"Flags", flagRows(c, &global{})})
}

// variablesText stands below every list of flags.
var variablesText = "A flag that both ends of a pipeline share has a variable: " + variable("config") + "."

// A section is a heading above two columns.
type section struct {
	title string
	rows  [][2]string
}

func (p page) render(sections ...section) string {
	var b strings.Builder
	b.WriteString("Example:\n" + indent(p.example) + "\nUsage: " + p.usage + "\n\n" + p.text + "\n")
	for _, s := range sections {
		b.WriteString("\n" + s.title + ":\n" + columns(s.rows))
	}
	b.WriteString(variablesText + "\n")
	b.WriteString("\nExit codes:\n" + indent(p.exits))
	return b.String()
}

// commandRows are the commands but help, which the heading names.
func commandRows() (rows [][2]string) {
	for _, c := range commands {
		if c.name != "help" {
			rows = append(rows, [2]string{c.name, c.help})
		}
	}
	return rows
}

func flagRows(command, common any) (rows [][2]string) {
	for _, f := range newParser(command, common).Model.Flags {
		name := "    --" + f.Name
		if f.Short != 0 {
			name = fmt.Sprintf("-%c, --%s", f.Short, f.Name)
		}
		if f.PlaceHolder != "" {
			name += " " + f.PlaceHolder
		}
		rows = append(rows, [2]string{name, f.Help})
	}
	return rows
}

// widest is how wide the first column becomes for long flags: what is longer
// reaches into the second, where both fit on a line of a screen.
const widest = 27

// columns lays rows out with the second column aligned.
func columns(rows [][2]string) string {
	width := 0
	for _, r := range rows {
		if len(r[0]) <= widest {
			width = max(width, len(r[0]))
		}
	}
	var b strings.Builder
	for _, r := range rows {
		if len(r[0]) > widest && len(r[0])+len(r[1]) > 80-len("    ") {
			fmt.Fprintf(&b, "  %s\n", r[0])
			r[0] = ""
		}
		fmt.Fprintf(&b, "  %-*s  %s\n", width, r[0], r[1])
	}
	return b.String()
}

func indent(text string) string {
	return "  " + strings.ReplaceAll(text, "\n", "\n  ") + "\n"
}
