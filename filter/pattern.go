package filter

import (
	"fmt"
	"slices"
	"strings"
)

// A pattern is text with placeholders for parts of a path. All but the last four are
// those of GNU parallel. The extension of a name begins at its last dot, unless the name
// itself begins with that.
type pattern []piece

// piece is a placeholder, or literal text where that is none.
type piece struct {
	slot placeholder
	text string
}

type placeholder int

const (
	literal      placeholder = iota
	wholePath                // as it is spelled
	withoutExt               // without extension
	baseName                 // its name
	bareName                 // its name without extension
	dirName                  // its directory, "." for the current one
	relPath                  // below its ROOT, or else its tree
	relBare                  // that without extension
	outputPath               // of a command: the output of its file
	openingBrace             // "{", where a placeholder would begin
)

var placeholders = map[string]placeholder{
	"{}":      wholePath,
	"{.}":     withoutExt,
	"{/}":     baseName,
	"{/.}":    bareName,
	"{//}":    dirName,
	"{rel}":   relPath,
	"{rel.}":  relBare,
	"{out}":   outputPath,
	"{brace}": openingBrace,
}

// parsePattern divides text into pieces. What looks like a placeholder and is none is
// literal, and the first such is returned.
func parsePattern(text string) (p pattern, unknown string) {
	add := func(literally string) {
		if n := len(p); n > 0 && p[n-1].slot == literal {
			p[n-1].text += literally
		} else if literally != "" {
			p = append(p, piece{text: literally})
		}
	}
	for {
		before, rest, found := strings.Cut(text, "{")
		if add(before); !found {
			return p, unknown
		}
		name, after, ended := strings.Cut(rest, "}")
		if slot := placeholders["{"+name+"}"]; ended && slot != literal {
			p, text = append(p, piece{slot: slot}), after
			continue
		}
		if unknown == "" {
			unknown = "{" + rest[:len(rest)-len(after)]
		}
		add("{")
		text = rest
	}
}

// holds reports whether one of some placeholders occurs.
func (p pattern) holds(slots ...placeholder) bool {
	return slices.ContainsFunc(p, func(at piece) bool { return slices.Contains(slots, at.slot) })
}

// namesPath reports whether the path, or a part of it, occurs.
func (p pattern) namesPath() bool {
	return slices.ContainsFunc(p, func(at piece) bool { return at.slot >= wholePath && at.slot <= relBare })
}

// varies reports whether the pattern becomes another text for another path.
func (p pattern) varies() bool { return p.namesPath() || p.holds(outputPath) }

// source is what the placeholders stand for.
type source struct{ path, rel, out string }

// expand returns the text for a path.
func (p pattern) expand(s *source) string {
	if len(p) == 1 { // mostly an argument of a command
		return p[0].expand(s)
	}
	b := make([]byte, 0, 128)
	for i := range p {
		b = append(b, p[i].expand(s)...)
	}
	return string(b)
}

func (at *piece) expand(s *source) string {
	switch at.slot {
	case wholePath:
		return s.path
	case withoutExt:
		return withoutExtension(s.path)
	case baseName, bareName:
		_, name := splitGiven(s.path)
		if at.slot == bareName {
			name = withoutExtension(name)
		}
		return name
	case dirName:
		dir, _ := splitGiven(s.path)
		switch {
		case dir == "":
			return "."
		case dir != "/":
			dir = dir[:len(dir)-1]
		}
		return dir
	case relPath:
		return s.rel
	case relBare:
		return withoutExtension(s.rel)
	case outputPath:
		return s.out
	case openingBrace:
		return "{"
	}
	return at.text
}

func withoutExtension(path string) string {
	dir, name := splitGiven(path)
	if i := strings.LastIndexByte(name, '.'); i > 0 {
		return path[:len(dir)+i]
	}
	return path
}

// Outputs are the files that the work on each file makes, as patterns for its path.
// All of them must be there.
type Outputs []pattern

// Add adds a pattern. It must have a placeholder: else all files would have one output.
func (o *Outputs) Add(text string) error {
	p, unknown := parsePattern(text)
	switch {
	case unknown != "":
		return fmt.Errorf("%s in %q is no placeholder ({brace} stands for a brace)", unknown, text)
	case p.holds(outputPath):
		return fmt.Errorf("{out} in %q: that is for the command", text)
	case !p.namesPath():
		return fmt.Errorf("no placeholder, such as {rel}, in %q: all files would have one output", text)
	}
	*o = append(*o, p)
	return nil
}
