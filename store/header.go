package store

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	"gopkg.in/yaml.v3"
)

// errForeign marks a state file that is not ours to judge or to replace: not a
// regular file, another program's, of another version or shape.
var errForeign = errors.New("not a treefilter state file")

// maxHeader bounds what stands before the stamps: the config, above all.
const maxHeader = 8 << 20

// header is what a snapshot says of itself before its stamps.
type header struct {
	program string
	config  Config
	volume  string // the file system that the tree lay on, "" where it is not known
}

// snapshotHeader reads the fields that stand in front of the stamps from the
// fields of a snapshot.
func snapshotHeader(fields map[string]*yaml.Node, program string) (header, error) {
	var h header
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
		case "version", "timestamps", "digests":
		case "config_hash":
			// What counts is what the config hashes to.
			_, err = stateValue(node)
		case "program":
			h.program, err = stateValue(node)
		case "filesystem":
			if h.volume, err = stateValue(node); err == nil {
				h.volume, err = checkVolume(h.volume)
			}
		case "config":
			h.config, err = configFromNode(node)
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
	return h, nil
}

// readHeader reads the header of a sealed snapshot, whose stamps begin where
// the trailer says. Where its block is damaged, or the sum of that block, it
// still counts if its config is the one that the trailer names.
func (s *source) readHeader(t *trailer, program string) (header, error) {
	if t.times.at > maxHeader {
		return header{}, fmt.Errorf("header of %d bytes", t.times.at)
	}
	text := make([]byte, (t.times.at+blockSize-1)/blockSize*blockSize)
	_, damage := s.read(text, 0)
	if damage != nil {
		if err := readFull(s.r, text[:t.times.at], 0); err != nil {
			return header{}, err
		}
	}
	h, err := parseHeader(text[:t.times.at], program)
	if damage != nil && (err != nil || h.config.Hash() != t.hash) {
		return header{}, damage
	}
	return h, err
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

// handSnapshot is a snapshot that was written or edited by hand.
type handSnapshot struct {
	header
	stamps *overlay
	count  int64
	bad    int   // entries that are no stamps
	badErr error // the first of these
}

// readHandSnapshot reads any YAML of the snapshot's shape.
func readHandSnapshot(r io.ReaderAt, size int64, program string) (*handSnapshot, error) {
	if size > maxHandSnapshot {
		return nil, fmt.Errorf("no trailer, and larger than %d bytes", int64(maxHandSnapshot))
	}
	text := make([]byte, size)
	if err := readFull(r, text, 0); err != nil {
		return nil, err
	}
	// A last line without its end may hold half a number.
	whole := text[:bytes.LastIndexByte(text, '\n')+1]
	if n := yamlItems(whole); n > maxHandItems {
		return nil, fmt.Errorf("no trailer, and more than %d items", maxHandItems)
	}
	if len(whole) == len(text) {
		whole = cutTrailer(whole)
		text = whole
	}
	node, err := decodeYAML(whole)
	if err != nil {
		return nil, err
	}
	if node == nil {
		return nil, errors.New("empty")
	}
	if node.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%w: not a mapping", errForeign)
	}
	fields, err := stateFields(node)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(text, []byte(snapshotHead)) && (fields["version"] == nil || fields["program"] == nil) {
		return nil, errors.New("cut in its header")
	}
	s := &handSnapshot{stamps: newOverlay()}
	if s.header, err = snapshotHeader(fields, program); err != nil {
		return nil, err
	}
	if err := s.readEntries(fields["timestamps"], fields["digests"]); err != nil {
		return nil, err
	}
	if len(whole) < len(text) {
		s.fail(errors.New("last line is cut"))
	}
	s.stamps.finish()
	return s, nil
}

// cutTrailer takes a trailer off that may be damaged, and no comment any more.
func cutTrailer(text []byte) []byte {
	i := bytes.LastIndex(text, []byte("\n"+sumsHead)) + 1
	t := trailer{size: int64(i)}
	last := i + int(t.sumsLen())
	if i == 0 || last >= len(text) || bytes.IndexByte(text[last:], '\n') != len(text)-last-1 {
		return text // none, or somebody wrote something behind it
	}
	return text[:i]
}

func (s *handSnapshot) fail(err error) {
	s.bad++
	if s.badErr == nil {
		s.badErr = err
	}
}

// readEntries takes the two sections over. An entry that is no stamp costs
// itself alone.
func (s *handSnapshot) readEntries(times, digests *yaml.Node) error {
	sums := map[string]*Digest{}
	err := eachEntry(digests, func(path string, node *yaml.Node) {
		d, err := digestFromNode(node)
		if err != nil {
			s.fail(err)
			return
		}
		sums[path] = d
	})
	if err != nil {
		return err
	}
	return eachEntry(times, func(path string, node *yaml.Node) {
		t, err := stateTime(node)
		if err == nil {
			err = checkPath(path)
		}
		if err != nil {
			s.fail(err)
			return
		}
		s.count++
		s.stamps.set([]byte(path), t, sums[path])
	})
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
