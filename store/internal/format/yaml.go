package format

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"gopkg.in/yaml.v3"
)

// DecodeYAML parses text into a node, nil when there is no document in it.
// Nodes are never decoded into maps: yaml.v3 looks for duplicate keys in
// quadratic time (100,000 keys took a minute). The parser gets to see files
// that strangers wrote and is no longer maintained, so a panic in it counts as
// a syntax error.
func DecodeYAML(text []byte) (root *yaml.Node, err error) {
	defer func() {
		if p := recover(); p != nil {
			root, err = nil, fmt.Errorf("yaml: %v", p)
		}
	}()
	in := yaml.NewDecoder(bytes.NewReader(text))
	var doc, more yaml.Node
	if err := in.Decode(&doc); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	if err := in.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, errors.Join(errors.New("yaml: more than one document"), err)
	}
	return doc.Content[0], nil
}

// MaxHandWAL bounds the text of one WAL that goes to yaml.v3, which takes a
// second for every 20 MB or so.
const MaxHandWAL = 32 << 20

// YamlCall is what a call of yaml.v3 costs beside the text, in bytes of text:
// 10 µs measured, so that sixty megabytes of the shortest lines took minutes.
const YamlCall = 64

// YamlBudget is how much of a file went to yaml.v3 piece by piece.
type YamlBudget int

// Spend reports whether one more piece may go there.
func (b *YamlBudget) Spend(text []byte) bool {
	*b += YamlBudget(len(text) + YamlCall)
	return *b <= MaxHandWAL
}

// YamlItems is how many nodes a text can make at most, or a few more.
func YamlItems(text []byte) (n int) {
	for _, mark := range []string{"\n", ",", "[", "{", "- ", "? ", ": "} {
		n += bytes.Count(text, []byte(mark))
	}
	return n
}

// StateValue is one value of a state file: state files know neither aliases
// nor tags other than !!binary.
func StateValue(node *yaml.Node) (string, error) {
	if node.Kind != yaml.ScalarNode {
		return "", fmt.Errorf("line %d: not a scalar", node.Line)
	}
	if node.Style&yaml.TaggedStyle == 0 {
		return node.Value, nil
	}
	var raw string
	if node.ShortTag() != "!!binary" || node.Decode(&raw) != nil {
		return "", fmt.Errorf("line %d: tag %s", node.Line, node.Tag)
	}
	return raw, nil
}

// stateTime is a time in a state file: an unquoted, untagged number.
func stateTime(node *yaml.Node) (Time, error) {
	if node.Kind == yaml.ScalarNode && node.Style == 0 {
		if t, ok := ParseTime(node.Value); ok {
			return t, nil
		}
	}
	return Time{}, fmt.Errorf("line %d: not a time", node.Line)
}

// StateFields reads a mapping of scalars, each key at most once.
func StateFields(node *yaml.Node) (map[string]*yaml.Node, error) {
	if node.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("line %d: not a mapping", node.Line)
	}
	fields := make(map[string]*yaml.Node, len(node.Content)/2)
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, err := StateValue(node.Content[i])
		if err != nil {
			return nil, err
		}
		if fields[key] != nil {
			return nil, fmt.Errorf("line %d: %q stands twice", node.Content[i].Line, key)
		}
		fields[key] = node.Content[i+1]
	}
	return fields, nil
}
