package snapshot

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"treefilter/store/internal/format"
	"treefilter/store/internal/memtable"

	"gopkg.in/yaml.v3"
)

// handSnapshot is a snapshot that was written or edited by hand.
type handSnapshot struct {
	format.Header
	Said   *memtable.Table
	stamps map[*format.Terms]int64
	bad    int   // entries that are no stamps
	badErr error // the first of these
}

// readHandSnapshot reads any YAML of the snapshot's shape.
func readHandSnapshot(r io.ReaderAt, size int64, program string) (*handSnapshot, error) {
	if size > format.MaxHandSnapshot {
		return nil, fmt.Errorf("no trailer, and larger than %d bytes", int64(format.MaxHandSnapshot))
	}
	text := make([]byte, size)
	if err := format.ReadFull(r, text, 0); err != nil {
		return nil, err
	}
	// A last line without its end may hold half a number.
	whole := text[:bytes.LastIndexByte(text, '\n')+1]
	if n := format.YamlItems(whole); n > format.MaxHandItems {
		return nil, fmt.Errorf("no trailer, and more than %d items", format.MaxHandItems)
	}
	if len(whole) == len(text) {
		whole = cutTrailer(whole)
		text = whole
	}
	node, err := format.DecodeYAML(whole)
	if err != nil {
		return nil, err
	}
	if node == nil {
		return nil, errors.New("empty")
	}
	if node.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("%w: not a mapping", format.ErrForeign)
	}
	fields, err := format.StateFields(node)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(text, []byte(format.SnapshotHead)) && (fields["version"] == nil || fields["program"] == nil) {
		return nil, errors.New("cut in its header")
	}
	s := &handSnapshot{Said: memtable.New(), stamps: map[*format.Terms]int64{}}
	if s.Header, err = format.SnapshotHeader(fields, program); err != nil {
		return nil, err
	}
	if err := s.readAll(fields); err != nil {
		return nil, err
	}
	if len(whole) < len(text) {
		s.fail(errors.New("last line is cut"))
	}
	s.Said.Finish()
	return s, nil
}

// cutTrailer takes a trailer off that may be damaged: a line of it that is no
// comment any more. Where something was written after it, it stays.
func cutTrailer(text []byte) []byte {
	i := bytes.LastIndex(text, []byte("\n"+format.SumsHead)) + 1
	t := format.Trailer{Size: int64(i)}
	rest := i + int(t.SumsLen())
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
	if bent > 1 || !bytes.HasPrefix(last, []byte(format.EndHead)) && !bytes.Contains(last, []byte(" crc32c ")) {
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
	if err := s.readStamps(fields, s.Terms); err != nil {
		return err
	}
	return format.EachEntry(fields[format.DroppedSection], func(path string, value *yaml.Node) {
		if err := format.CheckPath(path); err != nil {
			s.fail(err)
			return
		}
		if f := format.FailureFromNode(value); f != nil {
			s.Said.Fail([]byte(path), f)
			return
		}
		s.Said.Take([]byte(path), memtable.WordDrop)
	})
}

func (s *handSnapshot) readOther(node *yaml.Node) error {
	fields, err := format.StateFields(node)
	if err != nil {
		return err
	}
	var config format.Config
	for name, node := range fields {
		switch name {
		case format.TimesSection, format.DigestsSection:
		case "config_hash":
			_, err = format.StateValue(node)
		case "config":
			config, err = format.ConfigFromNode(node)
		default:
			err = fmt.Errorf("unknown field %q", name)
		}
		if err != nil {
			return err
		}
	}
	return s.readStamps(fields, format.TermsOf(config))
}

// readStamps takes over the stamps of one config. An entry that is no stamp
// costs itself alone.
func (s *handSnapshot) readStamps(fields map[string]*yaml.Node, under *format.Terms) error {
	sums := map[string]*format.Digest{}
	err := format.EachEntry(fields[format.DigestsSection], func(path string, node *yaml.Node) {
		d, err := format.DigestFromNode(node)
		if err != nil {
			s.fail(err)
			return
		}
		sums[path] = d
	})
	if err != nil {
		return err
	}
	return format.EachEntry(fields[format.TimesSection], func(path string, node *yaml.Node) {
		stamp, err := format.StampFromNode(node)
		if err == nil {
			err = format.CheckPath(path)
		}
		if err != nil {
			s.fail(err)
			if format.CheckPath(path) == nil {
				s.Said.Take([]byte(path), memtable.WordPrune) // nor does an older one count
			}
			return
		}
		stamp.Digest = sums[path]
		s.stamps[under]++
		s.Said.Set([]byte(path), stamp, under)
	})
}
