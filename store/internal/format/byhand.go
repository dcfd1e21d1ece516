package format

import (
	"errors"
	"fmt"
	"strconv"

	"gopkg.in/yaml.v3"
)

// ParseHandRecord reads any YAML spelling of one record: a list of one
// mapping with one key.
func ParseHandRecord(text []byte) (Record, error) {
	if len(text) > MaxRecord {
		return Record{}, fmt.Errorf("record of %d bytes", len(text))
	}
	node, err := DecodeYAML(text)
	if err != nil {
		return Record{}, err
	}
	if node == nil || node.Kind != yaml.SequenceNode || len(node.Content) != 1 {
		return Record{}, errors.New("not a record")
	}
	kinds, err := StateFields(node.Content[0])
	if err != nil {
		return Record{}, err
	}
	if len(kinds) != 1 {
		return Record{}, errors.New("not a record")
	}
	for kind, value := range kinds {
		fields, err := StateFields(value)
		if err != nil {
			return Record{}, err
		}
		switch kind {
		case "open":
			return openFromFields(fields)
		case "set":
			return setFromFields(fields)
		case "drop":
			return dropFromFields(fields)
		case "prune":
			return takeFromFields(RecordPrune, fields)
		}
	}
	return Record{}, errors.New("unknown kind of record")
}

func openFromFields(fields map[string]*yaml.Node) (Record, error) {
	var config Config
	var program, id, volume, root string
	var after *Tally
	for name, node := range fields {
		var err error
		switch name {
		case "version":
			err = checkVersion(node)
		case "program":
			program, err = StateValue(node)
		case "id":
			id, err = StateValue(node)
		case "filesystem":
			if volume, err = StateValue(node); err == nil {
				volume, err = checkVolume(volume)
			}
		case "root":
			root, err = StateValue(node)
		case "config":
			config, err = ConfigFromNode(node)
		case "config_hash":
			// That of a config written by hand is what it hashes to.
			_, err = StateValue(node)
		case "after":
			after, err = tallyFromNode(node)
		default:
			err = fmt.Errorf("unknown field %q", name)
		}
		if err != nil {
			return Record{}, err
		}
	}
	if fields["version"] == nil {
		return Record{}, errors.New("open without a version")
	}
	open := NewSession(program, id, config)
	open.Volume, open.Root, open.After = volume, root, after
	return Record{Kind: RecordOpen, Session: open}, nil
}

func checkVersion(node *yaml.Node) error {
	text, err := StateValue(node)
	if err == nil && text != strconv.Itoa(FormatVersion) {
		err = fmt.Errorf("%w: version %q", ErrForeign, text)
	}
	return err
}

func tallyFromNode(node *yaml.Node) (*Tally, error) {
	fields, err := StateFields(node)
	if err != nil {
		return nil, err
	}
	var t Tally
	for name, node := range fields {
		text, err := StateValue(node)
		if err != nil {
			return nil, err
		}
		switch name {
		case "sets":
			t.Sets, err = strconv.Atoi(text)
		case "takes":
			t.Takes, err = strconv.Atoi(text)
		case "under":
			t.Under = text
		default:
			err = fmt.Errorf("unknown field %q", name)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", node.Line, err)
		}
	}
	return &t, nil
}

func setFromFields(fields map[string]*yaml.Node) (Record, error) {
	r, err := takeFromFields(RecordSet, map[string]*yaml.Node{"path": fields["path"]})
	if err != nil {
		return r, err
	}
	delete(fields, "path")
	r.Stamp, err = stampFromFields(fields)
	return r, err
}

// stampFromFields reads a stamp with its digest.
func stampFromFields(fields map[string]*yaml.Node) (s Stamp, err error) {
	for name, node := range fields {
		switch name {
		case "size", "sha256":
			_, err = StateValue(node)
		default:
			err = s.setField(name, node)
		}
		if err != nil {
			return s, err
		}
	}
	if fields["time"] == nil {
		return s, errors.New("no time")
	}
	size, sum := fields["size"], fields["sha256"]
	if size == nil && sum == nil {
		return s, nil
	}
	if size == nil || sum == nil {
		return s, errors.New("size and sha256 go together")
	}
	digest, ok := parseDigest(size.Value, sum.Value)
	if !ok {
		return s, errors.New("not a digest")
	}
	s.Digest = digest
	return s, nil
}

// setField takes a field of a stamp as YAML has it.
func (s *Stamp) setField(name string, node *yaml.Node) (err error) {
	switch name {
	case "time":
		s.Time, err = stateTime(node)
	case "target":
		s.Target, err = stateTime(node)
	case "exact":
		var text string
		if text, err = StateValue(node); err == nil && text != "true" {
			err = fmt.Errorf("line %d: not true", node.Line)
		}
		s.Exact = true
	case "settings":
		s.Settings, err = settingsFromNode(node)
	default:
		err = fmt.Errorf("unknown field %q", name)
	}
	return err
}

func takeFromFields(kind RecordKind, fields map[string]*yaml.Node) (Record, error) {
	node := fields["path"]
	if node == nil {
		return Record{}, errors.New("no path")
	}
	for name := range fields {
		if name != "path" {
			return Record{}, fmt.Errorf("unknown field %q", name)
		}
	}
	path, err := StateValue(node)
	return Record{Kind: kind, Path: []byte(path)}, err
}

// StampFromNode reads a time, or a mapping of what a stamp has beside one.
func StampFromNode(node *yaml.Node) (s Stamp, err error) {
	if node.Kind != yaml.MappingNode {
		s.Time, err = stateTime(node)
		return s, err
	}
	fields, err := StateFields(node)
	if err != nil {
		return s, err
	}
	if fields["time"] == nil {
		return s, fmt.Errorf("line %d: no time", node.Line)
	}
	for name, field := range fields {
		if err := s.setField(name, field); err != nil {
			return s, err
		}
	}
	return s, nil
}

func EachEntry(section *yaml.Node, take func(path string, value *yaml.Node)) error {
	if section == nil || section.ShortTag() == "!!null" {
		return nil
	}
	if section.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: not a mapping", section.Line)
	}
	for i := 0; i+1 < len(section.Content); i += 2 {
		path, err := StateValue(section.Content[i])
		if err != nil {
			return err
		}
		take(path, section.Content[i+1])
	}
	return nil
}

func DigestFromNode(node *yaml.Node) (*Digest, error) {
	fields, err := StateFields(node)
	if err != nil {
		return nil, err
	}
	size, sum := fields["size"], fields["sha256"]
	if size == nil || sum == nil {
		return nil, fmt.Errorf("line %d: a digest without size or sha256", node.Line)
	}
	d, ok := parseDigest(size.Value, sum.Value)
	if !ok {
		return nil, fmt.Errorf("line %d: not a digest", node.Line)
	}
	return d, nil
}
