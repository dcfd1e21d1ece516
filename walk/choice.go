package walk

import (
	"errors"
	"fmt"
	"strings"
)

// Patterns say which files are looked at.
type Patterns struct {
	// Exclude and Include are patterns as in .gitignore, relative to each root:
	//
	//   - without a slash a pattern matches the name at any depth;
	//   - with one, at the beginning or in the middle, the path from the root on;
	//   - a trailing slash makes it match directories only;
	//   - "**" as a whole component stands for any number of directories;
	//   - "!" in front takes back what an earlier pattern matched; the last one that
	//     matches decides, but what matches a directory stands for all below it.
	//
	// Beyond .gitignore, {a,b} stands for either.
	Exclude, Include []string
	// Extensions are what a name ends in after a dot, which may be given, too. Case
	// makes no difference.
	Extensions []string
}

// Choice is which files are looked at: those that Exclude does not match and, where
// there are Include or Extensions, that one of these matches. Every directory is
// entered that is not excluded. Nil chooses all files.
type Choice struct {
	exclude, include rules
	extensions       []string // each with its dot
}

var (
	errNothingToTakeBack = errors.New("takes back what no pattern before it includes (exclude leaves files out)")
	errNoExtension       = errors.New("not an extension (include takes patterns)")
	errExtensions        = errors.New("more than one (give each by itself; include takes a name with a comma)")
)

// ParseChoice reads patterns; its error names the one that is not well-formed.
func ParseChoice(p Patterns) (*Choice, error) {
	if len(p.Exclude)+len(p.Include)+len(p.Extensions) == 0 {
		return nil, nil
	}
	exclude, err := parseRules(p.Exclude)
	if err != nil {
		return nil, fmt.Errorf("exclude %w", err)
	}
	include, err := parseRules(p.Include)
	if err == nil && len(include) > 0 && include[0].negated {
		err = fmt.Errorf("pattern %q: %w", p.Include[0], errNothingToTakeBack)
	}
	if err != nil {
		return nil, fmt.Errorf("include %w", err)
	}
	c := &Choice{exclude: exclude, include: include}
	for _, given := range p.Extensions {
		ext := "." + strings.TrimPrefix(given, ".")
		if ext == "." || strings.ContainsAny(ext, "*/") {
			return nil, fmt.Errorf("extension %q: %w", given, errNoExtension)
		}
		if strings.Contains(ext, ",") {
			return nil, fmt.Errorf("extension %q: %w", given, errExtensions)
		}
		c.extensions = append(c.extensions, ext)
	}
	return c, nil
}

// Has reports whether a file is looked at, given by its path from the root on.
func (c *Choice) Has(rel string) bool {
	return c == nil || !c.exclude.matchPath(rel) && (c.include.matchPath(rel) || c.includesName(rel))
}

// includesName reports whether a file is looked at for how its name ends, or since
// nothing chooses among those that are not excluded.
func (c *Choice) includesName(name string) bool {
	for _, ext := range c.extensions {
		if n := len(name) - len(ext); n >= 0 && strings.EqualFold(name[n:], ext) {
			return true
		}
	}
	return len(c.include)+len(c.extensions) == 0
}

// passesOver reports whether an entry of a directory is not to be walked. included
// says that all below the directory is.
func (c *Choice) passesOver(parent, name string, dir, included bool) bool {
	switch {
	case c == nil:
		return false
	case c.exclude.match(parent, name, dir):
		return true
	}
	return !dir && !included && !c.include.match(parent, name, false) && !c.includesName(name)
}

// includesBelow reports whether Include matches a directory.
func (c *Choice) includesBelow(rel string) bool { return c != nil && c.include.matchEntry(rel, true) }
