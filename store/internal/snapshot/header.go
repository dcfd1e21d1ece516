package snapshot

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"treefilter/store/internal/format"

	"gopkg.in/yaml.v3"
)

// readHeader reads the header of a sealed snapshot, which ends at an offset
// where the stamps of a config of that hash begin. Where its block is damaged, or
// the sum of that block, it still counts if its config is the one that the
// trailer names.
func (s *source) readHeader(end int64, hash, program string) (format.Header, error) {
	text, damage, err := s.text(format.Span{At: 0, End: end})
	if err != nil {
		return format.Header{}, err
	}
	h, err := format.ParseHeader(text, program)
	if damage != nil && (err != nil || h.Hash != hash) {
		return format.Header{}, damage
	}
	return h, err
}

// text reads a part of the content, which holds a config. damage says that the
// sum of a block does not fit.
func (s *source) text(sp format.Span) (text []byte, damage, err error) {
	if sp.End-sp.At > format.MaxHeader {
		return nil, nil, fmt.Errorf("header of %d bytes", sp.End-sp.At)
	}
	start := sp.At - sp.At%format.BlockSize
	block := make([]byte, (sp.End-start+format.BlockSize-1)/format.BlockSize*format.BlockSize)
	if _, damage = s.read(block, start); damage != nil {
		err = format.ReadFull(s.r, block[:sp.End-start], start)
	}
	return block[sp.At-start : sp.End-start], damage, err
}

// readOther reads the config of one of a sealed snapshot's other parts from the
// text before its stamps.
func (s *source) readOther(sp format.Span) (format.Config, error) {
	text, damage, err := s.text(sp)
	if err = errors.Join(damage, err); err != nil {
		return format.Config{}, err
	}
	text = bytes.TrimPrefix(text, []byte("other_configs:\n"))
	node, err := format.DecodeYAML(text)
	if err != nil {
		return format.Config{}, err
	}
	if node == nil || node.Kind != yaml.SequenceNode || len(node.Content) != 1 {
		return format.Config{}, format.ErrEntry
	}
	fields, err := format.StateFields(node.Content[0])
	if err != nil || fields["config"] == nil {
		return format.Config{}, errors.Join(format.ErrEntry, err)
	}
	return format.ConfigFromNode(fields["config"])
}

// HeaderOfSealed reads the header of a sealed snapshot that is whole.
func HeaderOfSealed(r io.ReaderAt, size int64, program string) (format.Header, error) {
	t, intact, err := format.ReadTrailer(r, size)
	if err != nil {
		return format.Header{}, err
	}
	if !intact || len(t.Sections) == 0 {
		return format.Header{}, errTrailer
	}
	src := &source{r: r, size: t.Size, sums: t.Sums}
	return src.readHeader(t.Sections[0].At, t.Sections[0].Hash, program)
}
