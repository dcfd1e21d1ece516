package store

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"gopkg.in/yaml.v3"
)

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
	node, err := decodeYAML(text)
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
	return configFromNode(fields["config"])
}

// headerOfSealed reads the header of a sealed snapshot that is whole.
func headerOfSealed(r io.ReaderAt, size int64, program string) (header, error) {
	t, intact, err := readTrailer(r, size)
	if err != nil {
		return header{}, err
	}
	if !intact || len(t.sections) == 0 {
		return header{}, errTrailer
	}
	src := &source{r: r, size: t.size, sums: t.sums}
	return src.readHeader(t.sections[0].at, t.sections[0].hash, program)
}
