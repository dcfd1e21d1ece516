package walk

import (
	"errors"
	"strings"
	"testing"

	"github.com/bmatcuk/doublestar/v4"
)

func TestIgnoreMatch(t *testing.T) {
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
		ig, err := ParseIgnore(strings.Fields(c.patterns))
		must(t, err)
		rel, dir := strings.CutSuffix(c.rel, "/")
		if got := ig.Match(rel, dir); got != c.want {
			t.Errorf("%q matches %q: %v, want %v", c.patterns, c.rel, got, c.want)
		}
	}
}

func TestIgnoreMatchPath(t *testing.T) {
	for _, c := range []struct {
		patterns, rel string
		want          bool
	}{
		{"build/", "build/a", true},
		{"build/", "src/build/d/a", true},
		{"build/", "build", false},
		{"build !a", "build/a", true}, // nothing below an ignored directory comes back
		{"build/* !build/a", "build/a", false},
		{"*.o", "d/a.o", true},
		{"*.o", "d/a", false},
	} {
		ig, err := ParseIgnore(strings.Fields(c.patterns))
		must(t, err)
		if got := ig.MatchPath(c.rel); got != c.want {
			t.Errorf("%q matches path %q: %v, want %v", c.patterns, c.rel, got, c.want)
		}
	}
}

func TestParseIgnoreNamesTheBadPattern(t *testing.T) {
	for _, bad := range []string{"", "/", "!", "[a", "[]", "[!]", "[]a", "[[:none:]]", "{a", `a\`} {
		_, err := ParseIgnore([]string{"good", bad})
		if !errors.Is(err, doublestar.ErrBadPattern) || !strings.Contains(err.Error(), `"`) {
			t.Errorf("pattern %q: %v", bad, err)
		}
	}
}

// What a path is made of decides, however it is asked for.
func FuzzIgnore(f *testing.F) {
	f.Add("*.o", "d/a.o")
	f.Add("d/**/a", "d/e/f/a")
	f.Add("![^a]/{b,c}/", "x/b")
	f.Add("\xff*/?", "\xff\xfe/a")
	f.Fuzz(func(t *testing.T, pattern, rel string) {
		ig, err := ParseIgnore([]string{pattern})
		if err != nil {
			return
		}
		if ig.Match(rel, false) && !ig.Match(rel, true) {
			t.Errorf("%q ignores the file %q and not the directory", pattern, rel)
		}
		if ig.Match(rel, false) && !ig.MatchPath(rel) {
			t.Errorf("%q ignores the entry %q and not the path", pattern, rel)
		}
		back, err := ParseIgnore([]string{pattern, "!" + pattern})
		if err == nil && !strings.HasPrefix(pattern, "!") && back.Match(rel, true) {
			t.Errorf("%q taken back still ignores %q", pattern, rel)
		}
	})
}
