package walk

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/bmatcuk/doublestar/v4"
)

// Ignore says which paths to pass over, by patterns as in .gitignore:
//
//   - without a slash a pattern matches the name at any depth;
//   - with one, at the beginning or in the middle, the path from the root on;
//   - a trailing slash makes it match directories only;
//   - "**" as a whole component stands for any number of directories;
//   - "!" in front takes back what an earlier pattern ignored; the last one that
//     matches decides, but nothing below an ignored directory is looked at.
//
// Beyond .gitignore, {a,b} stands for either.
type Ignore struct {
	rules []rule
}

type rule struct {
	pattern  string
	anchored bool // matches the path, not the name
	dirOnly  bool
	negated  bool
}

// ParseIgnore reads patterns; its error names the one that is not well-formed.
func ParseIgnore(patterns []string) (*Ignore, error) {
	ig := &Ignore{rules: make([]rule, 0, len(patterns))}
	for _, p := range patterns {
		r, err := parseRule(p)
		if err != nil {
			return nil, fmt.Errorf("ignore pattern %q: %w", p, err)
		}
		ig.rules = append(ig.rules, r)
	}
	return ig, nil
}

func parseRule(p string) (rule, error) {
	var r rule
	p, r.negated = strings.CutPrefix(p, "!")
	p, r.dirOnly = strings.CutSuffix(p, "/")
	r.anchored = strings.Contains(p, "/")
	p = strings.TrimPrefix(p, "/")
	if r.anchored && strings.HasSuffix(p, "/**") {
		p += "/*" // what is in the directory, not the directory itself
	}
	var err error
	r.pattern, err = gitClasses(utf8Bytes(p))
	if err == nil && (p == "" || !doublestar.ValidatePattern(r.pattern)) {
		err = doublestar.ErrBadPattern
	}
	return r, err
}

// Match reports whether one entry is ignored; the directories above it are taken
// not to be.
func (ig *Ignore) Match(rel string, dir bool) bool {
	parent, name := "", rel
	if i := strings.LastIndexByte(rel, '/'); i >= 0 {
		parent, name = rel[:i], rel[i+1:]
	}
	return ig.match(parent, name, dir)
}

// MatchPath reports whether a file is ignored, or any directory above it.
func (ig *Ignore) MatchPath(rel string) bool {
	for i := range len(rel) {
		if rel[i] == '/' && ig.Match(rel[:i], true) {
			return true
		}
	}
	return ig.Match(rel, false)
}

// match looks for the last rule that matches. The path is put together only when
// a rule asks for it.
func (ig *Ignore) match(parent, name string, dir bool) bool {
	if len(ig.rules) == 0 {
		return false
	}
	name = utf8Bytes(name)
	path := ""
	for i := len(ig.rules) - 1; i >= 0; i-- {
		r := &ig.rules[i]
		if r.dirOnly && !dir {
			continue
		}
		subject := name
		if r.anchored {
			if path == "" {
				path = join(utf8Bytes(parent), name)
			}
			subject = path
		}
		if doublestar.MatchUnvalidated(r.pattern, subject) {
			return !r.negated
		}
	}
	return false
}

// utf8Bytes spells bytes that are not valid UTF-8 as private code points:
// doublestar compares runes, and would take any two such bytes for the same.
func utf8Bytes(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	const private = 0x10FF00
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && size == 1 {
			r = private + rune(s[0])
		}
		b.WriteRune(r)
		s = s[size:]
	}
	return b.String()
}
