package store

import (
	"fmt"
	"maps"
	"slices"
)

// Diff lists what differs in to, a setting each, by name: "quality: 80 -> 90".
// A setting of a nested mapping is named with dots; one that is missing on a
// side is "unset" there.
func (c Config) Diff(to Config) []string { return diffMaps(nil, "", c.values, to.values) }

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
		am, aIsMap := a.(map[string]any)
		bm, bIsMap := b.(map[string]any)
		if aIsMap && bIsMap {
			out = diffMaps(out, prefix+k+".", am, bm)
			continue
		}
		old, now := side(a, inFrom), side(b, inTo)
		if old != now {
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
