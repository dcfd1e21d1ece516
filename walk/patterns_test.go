package walk

import (
	"errors"
	"strings"
	"testing"

	"github.com/bmatcuk/doublestar/v4"
)

func TestPatternsMatch(t *testing.T) {
	for _, c := range []struct {
		patterns string // separated by spaces
		rel      string // a directory ends in a slash
		want     bool
	}{
		// Without a slash: the name, at any depth.
		{"*.o", "a.o", true},
		{"*.o", "d/e/a.o", true},
		{"*.o", "a.c", false},
		{"*.o", "a.o/", true},
		{"a", "d/a", true},
		{"a", "d/ab", false},
		{"a?", "d/ab", true},
		{"**", "d/a", true},

		// With one: the path from the root on.
		{"/a", "a", true},
		{"/a", "d/a", false},
		{"d/a", "d/a", true},
		{"d/a", "e/d/a", false},
		{"d/*", "d/a", true},
		{"d/*", "d/e/a", false},
		{"/*.c", "d/a.c", false},

		// Directories only.
		{"a/", "a/", true},
		{"a/", "d/a/", true},
		{"a/", "a", false},
		{"/a/", "d/a/", false},

		// Any number of directories.
		{"**/a", "a", true},
		{"**/a", "d/e/a", true},
		{"d/**/a", "d/a", true},
		{"d/**/a", "d/e/f/a", true},
		{"d/**", "d/e/f", true},
		{"d/**", "d/", false},
		{"d/**/", "d/e/", true},

		// The last match decides.
		{"*.o !a.o", "a.o", false},
		{"!a.o *.o", "a.o", true},
		{"*.o !a.o /d/a.o", "d/a.o", true},

		// Literal, and classes.
		{`\!a`, "!a", true},
		{`\*`, "*", true},
		{`\*`, "a", false},
		{"#a", "#a", true},
		{"[ab]c", "bc", true},
		{"[!ab]c", "bc", false},
		{"d[^x]a/b", "d/a/b", false},
		{"d[!x]a/b", "dya/b", true},
		{"[!]a]b", "xb", true},
		{"[!]a]b", "]b", false},
		{"[]a]b", "]b", true},
		{"/d[+-9]a", "d/a", false},
		{"[é]", "é", true},
		{"[!é]", "é", false},
		{"{[,}],b}", "}", true},
		{"{a,b}", "b", true},

		// Bytes that are no text are what they are.
		{"\xff", "\xff", true},
		{"\xff", "\xfe", false},
		{"\ufffd", "\xff", false},
		{"d\xff/*", "d\xff/a", true},
		{"d\xff/*", "d\xfe/a", false},
		{"?", "\xff", true},
		{"[\xff]", "\xff", true},
		{"[\xff]", "\xfe", false},
		{"[\xff]", "-", false},
		{"[\xfe-\xff]", "\xff", true},
	} {
		list, err := parseRules(strings.Fields(c.patterns))
		must(t, err)
		rel, dir := strings.CutSuffix(c.rel, "/")
		if got := list.matchEntry(rel, dir); got != c.want {
			t.Errorf("%q matches %q: %v, want %v", c.patterns, c.rel, got, c.want)
		}
	}
}

func TestPatternsMatchPath(t *testing.T) {
	for _, c := range []struct {
		patterns, rel string
		want          bool
	}{
		{"build/", "build/a", true},
		{"build/", "src/build/d/a", true},
		{"build/", "build", false},
		{"build !a", "build/a", true}, // nothing below a matched directory comes back
		{"build/* !build/a", "build/a", false},
		{"*.o", "d/a.o", true},
		{"*.o", "d/a", false},
	} {
		list, err := parseRules(strings.Fields(c.patterns))
		must(t, err)
		if got := list.matchPath(c.rel); got != c.want {
			t.Errorf("%q matches path %q: %v, want %v", c.patterns, c.rel, got, c.want)
		}
	}
}

func TestPatternsErrorNamesTheBadPattern(t *testing.T) {
	for _, bad := range []string{"", "/", "!", "[a", "[]", "[!]", "[]a", "[[:none:]]", "{a", `a\`} {
		_, err := parseRules([]string{"good", bad})
		if !errors.Is(err, doublestar.ErrBadPattern) || !strings.Contains(err.Error(), `"`) {
			t.Errorf("pattern %q: %v", bad, err)
		}
	}
}

// What a path is made of decides, however it is asked for.
func FuzzPatterns(f *testing.F) {
	f.Add("*.o", "d/a.o")
	f.Add("d/**/a", "d/e/f/a")
	f.Add("![^a]/{b,c}/", "x/b")
	f.Add("\xff*/?", "\xff\xfe/a")
	f.Fuzz(func(t *testing.T, pattern, rel string) {
		list, err := parseRules([]string{pattern})
		if err != nil {
			return
		}
		if list.matchEntry(rel, false) && !list.matchEntry(rel, true) {
			t.Errorf("%q matches the file %q and not the directory", pattern, rel)
		}
		if list.matchEntry(rel, false) && !list.matchPath(rel) {
			t.Errorf("%q matches the entry %q and not the path", pattern, rel)
		}
		back, err := parseRules([]string{pattern, "!" + pattern})
		if err == nil && !strings.HasPrefix(pattern, "!") && back.matchEntry(rel, true) {
			t.Errorf("%q taken back still matches %q", pattern, rel)
		}
	})
}
