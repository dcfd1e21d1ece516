package format

import (
	"fmt"
	"maps"
	"slices"
)

// Diff lists what differs in to, a setting each, by name: "quality: 80 -> 90".
// A setting of a nested mapping is named with dots; one that is missing on a
// side is "unset" there. A long value is cut to where the difference begins. Of
// dependencies it says what became of each: "content of lint.yml changed".
func (c Config) Diff(to Config) []string { return diffMaps(nil, "", c.Values, to.Values) }

func diffMaps(out []string, prefix string, from, to map[string]any) []string {
	keys := slices.Sorted(maps.Keys(from))
	for k := range to {
		if _, both := from[k]; !both {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	for _, k := range keys {
		a, inFrom := from[k]
		b, inTo := to[k]
		if prefix == "" && k == DependsKey {
			old, known := dependencies(a, inFrom)
			now, both := dependencies(b, inTo)
			if known && both {
				out = diffDependencies(out, old, now)
				continue
			}
		}
		am, aIsMap := a.(map[string]any)
		bm, bIsMap := b.(map[string]any)
		if aIsMap && bIsMap {
			out = diffMaps(out, prefix+k+".", am, bm)
			continue
		}
		old, now := side(a, inFrom), side(b, inTo)
		if old != now {
			old, now = excerpts(old, now)
			out = append(out, fmt.Sprintf("%s%s: %s -> %s", prefix, k, old, now))
		}
	}
	return out
}

func side(v any, set bool) string {
	if !set {
		return "unset"
	}
	return string(appendFlow(nil, v))
}

// How much of a long value a message shows, and how much of that is what two
// values have in common before they begin to differ.
const (
	maxShown  = 60
	shownLead = 20
)

// excerpts cuts two values that differ, if they are long, so that what differs can
// be seen.
func excerpts(a, b string) (string, string) {
	ra, rb := []rune(a), []rune(b)
	same := 0
	for same < len(ra) && same < len(rb) && ra[same] == rb[same] {
		same++
	}
	return excerpt(ra, same), excerpt(rb, same)
}

func excerpt(s []rune, differs int) string {
	if len(s) <= maxShown {
		return string(s)
	}
	before, after := "", ""
	if differs > maxShown-shownLead {
		s, before = s[differs-shownLead:], "…"
	}
	if len(s) > maxShown {
		s, after = s[:maxShown], "…"
	}
	return before + string(s) + after
}
