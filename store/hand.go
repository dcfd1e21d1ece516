package store

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"gopkg.in/yaml.v3"
)

// handSnapshot is a snapshot that was written or edited by hand.
type handSnapshot struct {
	header
	said   *overlay
	stamps map[*terms]int64
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
	s := &handSnapshot{said: newOverlay(), stamps: map[*terms]int64{}}
	if s.header, err = snapshotHeader(fields, program); err != nil {
		return nil, err
	}
	if err := s.readAll(fields); err != nil {
		return nil, err
	}
	if len(whole) < len(text) {
		s.fail(errors.New("last line is cut"))
	}
	s.said.finish()
	return s, nil
}

// cutTrailer takes a trailer off that may be damaged: a line of it that is no
// comment any more. Where somebody has written something after it, it stays.
func cutTrailer(text []byte) []byte {
	i := bytes.LastIndex(text, []byte("\n"+sumsHead)) + 1
	t := trailer{size: int64(i)}
	rest := i + int(t.sumsLen())
	if i == 0 || rest >= len(text) {
		return text
	}
	lines := bytes.Split(bytes.TrimSuffix(text[rest:], []byte{'\n'}), []byte{'\n'})
	bent := 0
	for _, line := range lines {
		if !bytes.HasPrefix(line, []byte("# ")) {
			bent++
		}
	}
	last := lines[len(lines)-1]
	if bent > 1 || !bytes.HasPrefix(last, []byte(endHead)) && !bytes.Contains(last, []byte(" crc32c ")) {
		return text
	}
	return text[:i]
}

func (s *handSnapshot) fail(err error) {
	s.bad++
	if s.badErr == nil {
		s.badErr = err
	}
}

// readAll takes over what a snapshot says of files, what is newest last.
func (s *handSnapshot) readAll(fields map[string]*yaml.Node) error {
	others := fields["other_configs"]
	if others != nil && others.ShortTag() != "!!null" {
		if others.Kind != yaml.SequenceNode {
			return fmt.Errorf("line %d: not a list", others.Line)
		}
		for _, node := range slices.Backward(others.Content) {
			if err := s.readOther(node); err != nil {
				return err
			}
		}
	}
	if err := s.readStamps(fields, s.terms); err != nil {
		return err
	}
	return eachEntry(fields[droppedSection], func(path string, _ *yaml.Node) {
		if err := checkPath(path); err != nil {
			s.fail(err)
			return
		}
		s.said.take([]byte(path), wordDrop)
	})
}

func (s *handSnapshot) readOther(node *yaml.Node) error {
	fields, err := stateFields(node)
	if err != nil {
		return err
	}
	var config Config
	for name, node := range fields {
		switch name {
		case timesSection, digestsSection:
		case "config_hash":
			_, err = stateValue(node)
		case "config":
			config, err = configFromNode(node)
		default:
			err = fmt.Errorf("unknown field %q", name)
		}
		if err != nil {
			return err
		}
	}
	return s.readStamps(fields, termsOf(config))
}

// readStamps takes over the stamps of one config. An entry that is no stamp
// costs itself alone.
func (s *handSnapshot) readStamps(fields map[string]*yaml.Node, under *terms) error {
	sums := map[string]*Digest{}
	err := eachEntry(fields[digestsSection], func(path string, node *yaml.Node) {
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
	return eachEntry(fields[timesSection], func(path string, node *yaml.Node) {
		stamp, err := stampFromNode(node)
		if err == nil {
			err = checkPath(path)
		}
		if err != nil {
			s.fail(err)
			if checkPath(path) == nil {
				s.said.take([]byte(path), wordPrune) // nor does an older one count
			}
			return
		}
		stamp.Digest = sums[path]
		s.stamps[under]++
		s.said.set([]byte(path), stamp, under)
	})
}
