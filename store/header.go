package store

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"gopkg.in/yaml.v3"

	"treefilter/store/internal/yamlnode"
)

// errForeign marks a state file that is not ours to judge or to replace: not a
// regular file, another program's, of another version or shape.
var errForeign = errors.New("not a treefilter state file")

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

// thenFolded returns the list once one more WAL has been folded, nil for none.
func thenFolded(list []foldedWAL, w *wal) []foldedWAL {
	if w == nil || w.records == 0 && !w.hidesAll && w.hidesOthers == "" {
		return list
	}
	// One that was written by hand, or is discarded, has no id.
	last := foldedWAL{id: cmp.Or(w.id, newID())}
	if w.records == w.sets && w.takes == 0 && w.under != "" && !w.hidesAll && w.hidesOthers == "" {
		last.under = w.under[:foldedHash]
	}
	if n := len(list); n > 0 && list[n-1].id == w.id { // by a dump that was killed
		list = list[:n-1]
	}
	return appendFolded(list, last)
}

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
			config, err = ConfigFromNode(node)
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

// readHeader reads the header of a sealed snapshot, which ends at an offset
// where the stamps of a config of that hash begin. Where its block is damaged, or
// the sum of that block, it still counts if its config is the one that the
// trailer names.
func (s *source) readHeader(end int64, hash, program string) (header, error) {
	text, damage, err := s.text(span{0, end})
	if err != nil {
		return header{}, err
	}
	h, err := parseHeader(text, program)
	if damage != nil && (err != nil || h.hash != hash) {
		return header{}, damage
	}
	return h, err
}

// text reads a part of the content, which holds a config. damage says that the
// sum of a block does not fit.
func (s *source) text(sp span) (text []byte, damage, err error) {
	if sp.end-sp.at > maxHeader {
		return nil, nil, fmt.Errorf("header of %d bytes", sp.end-sp.at)
	}
	start := sp.at - sp.at%blockSize
	block := make([]byte, (sp.end-start+blockSize-1)/blockSize*blockSize)
	if _, damage = s.read(block, start); damage != nil {
		err = readFull(s.r, block[:sp.end-start], start)
	}
	return block[sp.at-start : sp.end-start], damage, err
}

// readOther reads the config of one of a sealed snapshot's other parts from the
// text before its stamps.
func (s *source) readOther(sp span) (Config, error) {
	text, damage, err := s.text(sp)
	if err = errors.Join(damage, err); err != nil {
		return Config{}, err
	}
	text = bytes.TrimPrefix(text, []byte("other_configs:\n"))
	node, err := yamlnode.Parse(text)
	if err != nil {
		return Config{}, err
	}
	if node == nil || node.Kind != yaml.SequenceNode || len(node.Content) != 1 {
		return Config{}, errEntry
	}
	fields, err := stateFields(node.Content[0])
	if err != nil || fields["config"] == nil {
		return Config{}, errors.Join(errEntry, err)
	}
	return ConfigFromNode(fields["config"])
}

func parseHeader(text []byte, program string) (header, error) {
	node, err := yamlnode.Parse(text)
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
	node, err := yamlnode.Parse(whole)
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
			config, err = ConfigFromNode(node)
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
