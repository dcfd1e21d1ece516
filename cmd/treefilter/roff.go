package main

import (
	"regexp"
	"strings"

	"github.com/alecthomas/kong"
)

// roff is a page for man(7), in the making.
type roff struct {
	strings.Builder
	begun bool // something stands below the last heading
}

func (m *roff) line(text string) {
	m.WriteString(text + "\n")
	m.begun = true
}

func (m *roff) section(title string) { m.heading(".SH " + strings.ToUpper(title)) }

func (m *roff) subsection(name string) { m.heading(".SS " + name) }

func (m *roff) heading(text string) {
	m.line(text)
	m.begun = false
}

func (m *roff) paragraph() {
	if m.begun {
		m.line(".PP")
	}
}

// usage is a command line: names in bold, what stands for something in italics.
func (m *roff) usage(text string) {
	placeholder := regexp.MustCompile(`\b[A-Z]+\b`)
	for _, line := range strings.Split(text, "\n") {
		m.paragraph()
		m.line(placeholder.ReplaceAllString(`\fB`+escapeRoff(line)+`\fR`, `\fI$0\fB`))
	}
}

func (m *roff) flags(flags []*kong.Flag) {
	for _, f := range flags {
		if f.Hidden {
			continue
		}
		m.line(".TP")
		name := `\fB` + escapeRoff(strings.Join(spellings(f), ", ")) + `\fR`
		if f.PlaceHolder != "" {
			name += ` \fI` + escapeRoff(f.PlaceHolder) + `\fR`
		}
		m.line(name)
		m.words(f.Help)
	}
}

// example is shown as it is typed.
func (m *roff) example(text string) {
	m.paragraph()
	m.line(".EX")
	for _, line := range strings.Split(text, "\n") {
		m.line(escapeRoff(line))
	}
	m.line(".EE")
}

// text sets the text of a help page. Lines with two columns become a list of
// terms, indented lines an example, all others paragraphs.
func (m *roff) text(text string) {
	for _, paragraph := range strings.Split(text, "\n\n") {
		lines := strings.Split(paragraph, "\n")
		_, _, isTerm := twoColumns(lines[0])
		switch {
		case strings.HasPrefix(paragraph, " "):
			m.example(paragraph)
		case isTerm:
			m.terms(lines)
		default:
			m.paragraph()
			m.words(paragraph)
		}
	}
}

func (m *roff) terms(lines []string) {
	for _, l := range lines {
		if term, meaning, ok := twoColumns(l); ok {
			m.line(".TP")
			m.line(`\fB` + escapeRoff(term) + `\fR`)
			l = meaning
		}
		m.words(l)
	}
}

// twoColumns divides a line into a term and what it means, two blanks or more
// after it.
func twoColumns(line string) (term, meaning string, ok bool) {
	term, meaning, ok = strings.Cut(line, "  ")
	return term, strings.TrimSpace(meaning), ok && term != "" && term[0] != ' '
}

// words sets running text, in lines that are not too long for mandoc.
func (m *roff) words(text string) {
	const width = 80
	line := ""
	for _, word := range strings.Fields(text) {
		word = escapeRoff(word)
		switch {
		case line == "":
			line = word
		case len(line)+1+len(word) <= width:
			line += " " + word
		default:
			m.line(line)
			line = word
		}
	}
	m.line(line)
}

// escapeRoff returns text as roff that prints just that: a hyphen stays the one
// that is typed, and no line is taken for a request.
func escapeRoff(text string) string {
	text = roffCharacters.Replace(text)
	if strings.HasPrefix(text, ".") {
		text = `\&` + text
	}
	return text
}

var roffCharacters = strings.NewReplacer(
	`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`)
