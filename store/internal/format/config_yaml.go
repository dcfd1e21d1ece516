package format

import (
	"errors"
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"
)

// What is compared of a scalar is the text of its value and, where some reader
// would type that text, whether it was quoted. No value is interpreted: 1.10 is
// not 1.1, and what two spellings of one number mean to a tool, no one here
// knows.

func ConfigFromNode(node *yaml.Node) (Config, error) {
	if node.Kind == yaml.ScalarNode && node.ShortTag() == "!!null" {
		return Config{}, nil
	}
	v, err := (&configReader{}).value(node, 1)
	if err != nil {
		return Config{}, err
	}
	mapping, ok := v.(map[string]any)
	if !ok {
		return Config{}, errors.New("config is not a mapping")
	}
	return Config{mapping}.checked()
}

// configReader makes values of YAML nodes.
type configReader struct {
	size int // of what was read, at least, in canonical form
}

// value returns what a node says, which is so many levels deep in a config.
// Aliases are followed: the limits on size and depth keep a small file from
// filling the memory.
func (r *configReader) value(node *yaml.Node, level int) (v any, err error) {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	if err := r.count(node); err != nil {
		return nil, err
	}
	tag, err := tagOf(node)
	if err != nil {
		return nil, err
	}
	switch {
	case node.Kind == yaml.ScalarNode:
		return scalarText(node, tag), nil
	case level > MaxConfigDepth:
		return nil, fmt.Errorf("config of more than %d levels", MaxConfigDepth)
	case node.Kind == yaml.SequenceNode:
		v, err = r.list(node, level)
	default:
		v, err = r.mapping(node, level)
	}
	if err == nil && tag != "" {
		v = string(appendFlow([]byte(tag+" "), v))
	}
	return v, err
}

// count adds a node to the size: its text, and what stands between two.
func (r *configReader) count(node *yaml.Node) error {
	if r.size += len(node.Value) + len(", "); r.size > MaxConfig+len(", ") {
		return fmt.Errorf("config of more than %d bytes", MaxConfig)
	}
	return nil
}

func (r *configReader) list(node *yaml.Node, level int) (any, error) {
	list := []any{}
	for _, item := range node.Content {
		v, err := r.value(item, level+1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

// mapping reads a mapping. A key is its text alone, quoted or not: it is by that
// that With knows it.
func (r *configReader) mapping(node *yaml.Node, level int) (any, error) {
	mapping := map[string]any{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i]
		if err := r.count(key); err != nil {
			return nil, err
		}
		tag, err := tagOf(key)
		_, twice := mapping[key.Value]
		switch {
		case key.Kind != yaml.ScalarNode:
			return nil, fmt.Errorf("config line %d: a key that is no scalar", key.Line)
		case err != nil || tag != "":
			return nil, fmt.Errorf("config line %d: a key with a tag", key.Line)
		case len(key.Value) > MaxConfigKey:
			return nil, fmt.Errorf("config line %d: key of %d bytes", key.Line, len(key.Value))
		case twice:
			return nil, fmt.Errorf("config line %d: key %q stands twice", key.Line, key.Value)
		}
		if mapping[key.Value], err = r.value(node.Content[i+1], level+1); err != nil {
			return nil, err
		}
	}
	return mapping, nil
}

// scalarText is the canonical text of a scalar.
func scalarText(node *yaml.Node, tag string) string {
	plain := node.Style == 0
	switch {
	case tag != "":
		return string(AppendQuoted([]byte(tag+" "), node.Value))
	case plain && node.Value == "":
		return "null"
	case plain && isTyped(node.Value):
		return node.Value
	}
	return string(AppendScalar(nil, node.Value))
}

// isTyped reports whether some reader of YAML 1.1 or 1.2 may take a plain scalar
// for other than text: one of a few words, or what begins as a number or a date
// does and holds nothing that they do not. It never does so of what IsPlain says
// may stand unquoted, so that the two differ in canonical form.
func isTyped(s string) bool {
	if s == "~" || reservedWord(s) {
		return true
	}
	if s == "" || strings.IndexByte("0123456789+-.", s[0]) < 0 {
		return false
	}
	signs := 0
	for _, c := range []byte(s) {
		switch {
		case c >= '0' && c <= '9', c|0x20 >= 'a' && c|0x20 <= 'z':
		case strings.IndexByte("+-._: ", c) >= 0:
			signs++
		default:
			return false
		}
	}
	// A dash alone, or a colon at the end, could not stand everywhere.
	return signs < len(s) && s[len(s)-1] != ':'
}

// tagOf returns the tag of a node, "" for that which it would have without one. It
// refuses one that would have to be written in another way than with one or two
// exclamation marks.
func tagOf(node *yaml.Node) (string, error) {
	untagged := map[yaml.Kind]string{yaml.ScalarNode: "!!str", yaml.SequenceNode: "!!seq", yaml.MappingNode: "!!map"}
	tag := node.Tag
	if node.Style&yaml.TaggedStyle == 0 || tag == untagged[node.Kind] {
		return "", nil
	}
	name, short := strings.CutPrefix(tag, "!")
	name = strings.TrimPrefix(name, "!")
	odd := func(r rune) bool {
		letter := r|0x20 >= 'a' && r|0x20 <= 'z'
		return !letter && !strings.ContainsRune("0123456789-_./:", r)
	}
	if !short || name == "" || strings.ContainsFunc(name, odd) {
		return "", fmt.Errorf("config line %d: tag %q", node.Line, tag)
	}
	return tag, nil
}

// unseen names what YAML passes over in the text of a value, "" where there is
// nothing: a change in it would go unnoticed.
func unseen(text string, node *yaml.Node) string {
	for line := range strings.Lines(text) {
		if words := strings.Fields(line); len(words) > 0 && (words[0] == "---" || words[0] == "...") {
			return "document marker"
		}
	}
	scalars, tags := texts(node)
	for _, mark := range []struct{ sign, what string }{{"#", "comment"}, {"&", "anchor"}, {"!", "tag"}} {
		if strings.Count(text, mark.sign) > strings.Count(scalars+tags, mark.sign) {
			return mark.what
		}
	}
	if scalars == "" && strings.TrimSpace(text) != "" && !strings.ContainsAny(text, `"'[{!`) {
		return "indicator"
	}
	return ""
}

// texts returns the texts of all scalars of a value, and of all tags.
func texts(node *yaml.Node) (scalars, tags string) {
	if node == nil {
		return "", ""
	}
	scalars = node.Value
	if node.Style&yaml.TaggedStyle != 0 {
		tags = node.Tag
	}
	for _, child := range node.Content {
		s, t := texts(child)
		scalars, tags = scalars+s, tags+t
	}
	return scalars, tags
}
