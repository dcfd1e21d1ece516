package walk

import (
	"strings"
	"unicode/utf8"

	"github.com/bmatcuk/doublestar/v4"
)

// gitClasses writes the character classes of a pattern, which are .gitignore's, so
// that doublestar takes them the same way. That ends a class at the first "]",
// knows no [:alpha:], and lets a class match the slash. Classes are otherwise of
// characters, where git's are of bytes.
func gitClasses(pattern string) (string, error) {
	var b strings.Builder
	for pattern != "" {
		i := strings.IndexAny(pattern, `[\`)
		switch {
		case i < 0:
			i = len(pattern)
		case pattern[i] == '\\':
			i = min(i+2, len(pattern))
		case i == 0:
			c, rest, err := parseClass(pattern[1:])
			if err != nil {
				return "", err
			}
			c.write(&b)
			pattern = rest
			continue
		}
		b.WriteString(pattern[:i])
		pattern = pattern[i:]
	}
	return b.String(), nil
}

// class is a set of characters.
type class struct {
	negated bool
	ranges  []runeRange
}

type runeRange struct{ first, last rune }

func (c *class) add(first, last rune) { c.ranges = append(c.ranges, runeRange{first, last}) }

// namedClasses are those of git, which are of ASCII and leave vertical tab and form
// feed out of the spaces.
var namedClasses = map[string][]runeRange{
	"alnum":  {{'0', '9'}, {'A', 'Z'}, {'a', 'z'}},
	"alpha":  {{'A', 'Z'}, {'a', 'z'}},
	"blank":  {{' ', ' '}, {'\t', '\t'}},
	"cntrl":  {{0, ' ' - 1}, {0x7f, 0x7f}},
	"digit":  {{'0', '9'}},
	"graph":  {{'!', '~'}},
	"lower":  {{'a', 'z'}},
	"print":  {{' ', '~'}},
	"punct":  {{'!', '/'}, {':', '@'}, {'[', '`'}, {'{', '~'}},
	"space":  {{' ', ' '}, {'\t', '\n'}, {'\r', '\r'}},
	"upper":  {{'A', 'Z'}},
	"xdigit": {{'0', '9'}, {'A', 'F'}, {'a', 'f'}},
}

// parseClass reads a class after its "[", and returns what follows its "]".
func parseClass(p string) (c class, rest string, err error) {
	if p != "" && (p[0] == '!' || p[0] == '^') {
		c.negated, p = true, p[1:]
	}
	before := rune(-1) // what a "-" would make a range of
	for first := true; p != "" && (first || p[0] != ']'); first = false {
		if name, after, ok := className(p); ok {
			ranges, known := namedClasses[name]
			if !known {
				return c, "", doublestar.ErrBadPattern
			}
			c.ranges = append(c.ranges, ranges...)
			before, p = -1, after
			continue
		}
		isRange := before >= 0 && len(p) > 1 && p[0] == '-' && p[1] != ']'
		if isRange {
			p = p[1:]
		}
		r, size := classRune(p)
		if size == 0 {
			return c, "", doublestar.ErrBadPattern
		}
		p = p[size:]
		if isRange {
			c.add(before, r)
			before = -1
		} else {
			c.add(r, r)
			before = r
		}
	}
	if p == "" {
		return c, "", doublestar.ErrBadPattern
	}
	return c, p[1:], nil
}

// className reads the name of a class within a class. What begins like one and has
// no ":" before the next "]" is none.
func className(p string) (name, rest string, ok bool) {
	p, ok = strings.CutPrefix(p, "[:")
	if !ok {
		return "", "", false
	}
	name, rest, _ = strings.Cut(p, "]")
	name, ok = strings.CutSuffix(name, ":")
	return name, rest, ok
}

// classRune reads one character of a class, which may be escaped.
func classRune(p string) (r rune, size int) {
	escaped := 0
	if strings.HasPrefix(p, `\`) {
		escaped = 1
	}
	r, size = utf8.DecodeRuneInString(p[escaped:])
	if size == 0 {
		return 0, 0
	}
	return r, escaped + size
}

// write appends the class, with everything in it escaped and without the slash.
func (c *class) write(b *strings.Builder) {
	b.WriteByte('[')
	if c.negated {
		b.WriteString("^/")
	}
	nothing := !c.negated
	for _, r := range c.ranges {
		for _, part := range []runeRange{{r.first, min(r.last, '/'-1)}, {max(r.first, '/'+1), r.last}} {
			if part.first > part.last {
				continue
			}
			nothing = false
			b.WriteString(`\` + string(part.first))
			if part.first < part.last {
				b.WriteString(`-\` + string(part.last))
			}
		}
	}
	if nothing {
		b.WriteByte(0) // no name has it
	}
	b.WriteByte(']')
}
