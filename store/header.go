package store

import (
	"fmt"
	"slices"
	"strconv"

	"gopkg.in/yaml.v3"
)

// maxHeader bounds what stands before the stamps: the config, above all.
const maxHeader = 8 << 20

// header is what a snapshot says of itself before its stamps.
type header struct {
	program string
	volume  string // the file system that the tree lay on, "" where it is not known
	folded  []foldedWAL
	*terms  // of the newest stamps
}

// foldedWAL is one of the WALs that went into a snapshot lately.
type foldedWAL struct {
	id string
	// under is the hash of the config that all its sets were made under, cut to
	// foldedHash digits; "" where it held anything else.
	under string
}

const (
	maxFolded  = 32
	foldedHash = 16
)

func appendFolded(list []foldedWAL, last foldedWAL) []foldedWAL {
	list = append(slices.Clone(list), last)
	return list[max(0, len(list)-maxFolded):]
}

func foldedFromNode(node *yaml.Node) (list []foldedWAL, err error) {
	if node.Kind != yaml.SequenceNode {
		return nil, fmt.Errorf("line %d: not a list", node.Line)
	}
	for _, item := range node.Content {
		fields, err := stateFields(item)
		if err != nil {
			return nil, err
		}
		var f foldedWAL
		for name, field := range fields {
			switch name {
			case "id":
				f.id, err = stateValue(field)
			case "under":
				f.under, err = stateValue(field)
			default:
				err = fmt.Errorf("unknown field %q", name)
			}
			if err != nil {
				return nil, err
			}
		}
		list = append(list, f)
	}
	return list, nil
}

// snapshotHeader reads the fields that stand in front of the stamps from the
// fields of a snapshot.
func snapshotHeader(fields map[string]*yaml.Node, program string) (header, error) {
	h := header{}
	config := Config{}
	version := fields["version"]
	if version == nil || version.Kind != yaml.ScalarNode {
		return h, fmt.Errorf("%w: no version", errForeign)
	}
	if version.Value != strconv.Itoa(formatVersion) {
		return h, fmt.Errorf("%w: version %q", errForeign, version.Value)
	}
	for name, node := range fields {
		var err error
		switch name {
		case "version", timesSection, digestsSection, droppedSection, "other_configs":
		case "config_hash":
			// What counts is what the config hashes to.
			_, err = stateValue(node)
		case "program":
			h.program, err = stateValue(node)
		case "filesystem":
			if h.volume, err = stateValue(node); err == nil {
				h.volume, err = checkVolume(h.volume)
			}
		case "folded":
			h.folded, err = foldedFromNode(node)
		case "config":
			config, err = configFromNode(node)
		default:
			err = fmt.Errorf("unknown field %q", name)
		}
		if err != nil {
			return h, err
		}
	}
	if h.program != program {
		return h, fmt.Errorf("%w: program %q", errForeign, h.program)
	}
	h.terms = termsOf(config)
	return h, nil
}

func parseHeader(text []byte, program string) (header, error) {
	node, err := decodeYAML(text)
	if err != nil {
		return header{}, err
	}
	if node == nil {
		return header{}, errForeign
	}
	fields, err := stateFields(node)
	if err != nil {
		return header{}, err
	}
	return snapshotHeader(fields, program)
}

// stampFromNode reads a time, or a mapping of what a stamp has beside one.
func stampFromNode(node *yaml.Node) (s Stamp, err error) {
	if node.Kind != yaml.MappingNode {
		s.Time, err = stateTime(node)
		return s, err
	}
	fields, err := stateFields(node)
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

func eachEntry(section *yaml.Node, take func(path string, value *yaml.Node)) error {
	if section == nil || section.ShortTag() == "!!null" {
		return nil
	}
	if section.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: not a mapping", section.Line)
	}
	for i := 0; i+1 < len(section.Content); i += 2 {
		path, err := stateValue(section.Content[i])
		if err != nil {
			return err
		}
		take(path, section.Content[i+1])
	}
	return nil
}

func digestFromNode(node *yaml.Node) (*Digest, error) {
	fields, err := stateFields(node)
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

// checkVolume refuses an id that is none of ours.
func checkVolume(id string) (string, error) {
	const longest = 100
	if len(id) > longest {
		return "", fmt.Errorf("filesystem of %d bytes", len(id))
	}
	return id, nil
}
