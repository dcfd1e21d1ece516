package format

import (
	"fmt"
	"strconv"

	"gopkg.in/yaml.v3"
)

// MaxHeader bounds what stands before the stamps: the config, above all.
const MaxHeader = 8 << 20

// Header is what a snapshot says of itself before its stamps.
type Header struct {
	Program string
	Volume  string // the file system that the tree lay on, "" where it is not known
	Root    string // see Session.Root
	Folded  []FoldedLog
	Boot    string // of the machine, when the listings were made; "" where there are none
	*Terms         // of the newest stamps
}

// FoldedLog is a WAL or a segment that went into a snapshot lately.
type FoldedLog struct {
	ID      string
	Records int // how many of its records
	// Under is the hash of the config that all its sets were made under, cut to
	// FoldedHash digits; "" where it held anything else.
	Under string
}

const (
	// MinFolded is how many a snapshot lists at least, before it forgets the oldest.
	MinFolded  = 32
	FoldedHash = 16
)

// Mark is the log's mark: what went into the snapshot of it.
func (f *FoldedLog) Mark() string { return LogMark(f.ID, f.Records) }

func foldedFromNode(node *yaml.Node) (list []FoldedLog, err error) {
	if node.Kind != yaml.SequenceNode {
		return nil, fmt.Errorf("line %d: not a list", node.Line)
	}
	for _, item := range node.Content {
		fields, err := StateFields(item)
		if err != nil {
			return nil, err
		}
		var f FoldedLog
		for name, field := range fields {
			switch name {
			case "id":
				f.ID, err = StateValue(field)
			case "records":
				var text string
				if text, err = StateValue(field); err == nil {
					f.Records, err = strconv.Atoi(text)
				}
			case "under":
				f.Under, err = StateValue(field)
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

// SnapshotHeader reads the fields that stand in front of the stamps from the
// fields of a snapshot.
func SnapshotHeader(fields map[string]*yaml.Node, program string) (Header, error) {
	h := Header{}
	config := Config{}
	version := fields["version"]
	if version == nil || version.Kind != yaml.ScalarNode {
		return h, fmt.Errorf("%w: no version", ErrForeign)
	}
	if version.Value != strconv.Itoa(FormatVersion) {
		return h, fmt.Errorf("%w: version %q", ErrForeign, version.Value)
	}
	for name, node := range fields {
		var err error
		switch name {
		case "version", TimesSection, DigestsSection, DroppedSection, ListingsSection, "other_configs":
		case "config_hash":
			// What counts is what the config hashes to.
			_, err = StateValue(node)
		case "program":
			h.Program, err = StateValue(node)
		case "filesystem":
			if h.Volume, err = StateValue(node); err == nil {
				h.Volume, err = checkVolume(h.Volume)
			}
		case "root":
			h.Root, err = StateValue(node)
		case "folded":
			h.Folded, err = foldedFromNode(node)
		case "boot":
			h.Boot, err = StateValue(node)
		case "config":
			config, err = ConfigFromNode(node)
		default:
			err = fmt.Errorf("unknown field %q", name)
		}
		if err != nil {
			return h, err
		}
	}
	if h.Program != program {
		return h, fmt.Errorf("%w: program %q", ErrForeign, h.Program)
	}
	h.Terms = TermsOf(config)
	return h, nil
}

func ParseHeader(text []byte, program string) (Header, error) {
	node, err := DecodeYAML(text)
	if err != nil {
		return Header{}, err
	}
	if node == nil {
		return Header{}, ErrForeign
	}
	fields, err := StateFields(node)
	if err != nil {
		return Header{}, err
	}
	return SnapshotHeader(fields, program)
}

// checkVolume refuses an id that is none of ours.
func checkVolume(id string) (string, error) {
	const longest = 100
	if len(id) > longest {
		return "", fmt.Errorf("filesystem of %d bytes", len(id))
	}
	return id, nil
}
