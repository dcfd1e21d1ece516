package format

import (
	"maps"
	"slices"
	"strings"
)

// appendFlow writes a value in canonical flow style.
func appendFlow(b []byte, v any) []byte {
	switch v := v.(type) {
	case []any:
		b = append(b, '[')
		for i, item := range v {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = appendFlow(b, item)
		}
		return append(b, ']')
	case map[string]any:
		b = append(b, '{')
		for i, k := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = AppendScalar(b, k)
			b = append(b, ": "...)
			b = appendFlow(b, v[k])
		}
		return append(b, '}')
	}
	return append(b, v.(string)...)
}

// AppendBlock writes a mapping in canonical block style, four spaces a level,
// each entry on a line of its own; lists stay in flow style.
func AppendBlock(b []byte, v map[string]any, indent int) []byte {
	for _, k := range slices.Sorted(maps.Keys(v)) {
		b = append(b, strings.Repeat(" ", indent)...)
		b = AppendScalar(b, k)
		b = append(b, ':')
		if m, ok := v[k].(map[string]any); ok && len(m) > 0 {
			b = append(b, '\n')
			b = AppendBlock(b, m, indent+4)
			continue
		}
		b = append(b, ' ')
		b = appendFlow(b, v[k])
		b = append(b, '\n')
	}
	return b
}
