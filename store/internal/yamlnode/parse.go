// Package yamlnode puts yaml.v3 between us and files that anybody may have
// written.
package yamlnode

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"gopkg.in/yaml.v3"
)

// Parse parses text into a node, nil when there is no document in it.
// Nodes are never decoded into maps: yaml.v3 looks for duplicate keys in
// quadratic time (100,000 keys took a minute). The parser gets to see files
// that strangers wrote and is no longer maintained, so a panic in it counts as
// a syntax error.
func Parse(text []byte) (root *yaml.Node, err error) {
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
