package walk

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/bmatcuk/doublestar/v4"
)

// rules are patterns: see Patterns.
type rules []rule

type rule struct {
	pattern  string
	anchored bool // matches the path, not the name
	dirOnly  bool
	negated  bool
}

// parseRules reads patterns; its error names the one that is not well-formed.
func parseRules(patterns []string) (rules, error) {
	list := make(rules, 0, len(patterns))
	for _, p := range patterns {
		r, err := parseRule(p)
		if err != nil {
			return nil, fmt.Errorf("pattern %q: %w", p, err)
		}
		list = append(list, r)
	}
	return list, nil
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

// matchEntry reports whether one entry matches; the directories above it are taken
// not to.
func (rs rules) matchEntry(rel string, dir bool) bool {
	parent, name := "", rel
	if i := strings.LastIndexByte(rel, '/'); i >= 0 {
		parent, name = rel[:i], rel[i+1:]
	}
	return rs.match(parent, name, dir)
}

// matchPath reports whether a file matches, or any directory above it.
func (rs rules) matchPath(rel string) bool {
	if len(rs) == 0 {
		return false
	}
	for i := range len(rel) {
		if rel[i] == '/' && rs.matchEntry(rel[:i], true) {
			return true
		}
	}
	return rs.matchEntry(rel, false)
}

// match looks for the last rule that matches. The path is put together only when
// a rule asks for it.
func (rs rules) match(parent, name string, dir bool) bool {
	if len(rs) == 0 {
		return false
	}
	name = utf8Bytes(name)
	path := ""
	for i := len(rs) - 1; i >= 0; i-- {
		r := &rs[i]
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
