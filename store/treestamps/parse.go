package treestamps

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
)

// chunkItems is how many items go to yaml.v3 at a time. A call costs 10 µs beside
// the text, and what one item makes unreadable is read again in halves.
const chunkItems = 256

// reader takes a file apart at the lines in the first column, each of which
// begins an item: what is wrong with an entry costs that entry.
type reader struct {
	*File
	text   []byte
	chunk  []item // to be parsed together
	most   int    // items in a chunk
	quotes bool   // version 5: what needs quotes in the WAL has them
	list   bool   // the entries of the WAL have begun

	// A line end in a name cuts its entry of a WAL in two, and what follows may
	// look like the entry of another file.
	split bool // the last line ends in no time
	open  bool // a quote was not closed
}

// item is an entry, or a setting, with the lines that continue it.
type item struct {
	line       int // where it begins
	start, end int // of its text
}

func parse(text []byte, path string) (*File, error) {
	return newReader(text, path, chunkItems).read()
}

func newReader(text []byte, path string, chunkItems int) *reader {
	quotes := bytes.HasPrefix(text, []byte(format.TreestampsHead))
	return &reader{File: &File{Path: path}, text: text, most: chunkItems, quotes: quotes}
}

// read takes the lines of the file. What stands after its last line end was cut
// by a kill: half a number would still be one.
func (r *reader) read() (*File, error) {
	whole := bytes.LastIndexByte(r.text, '\n') + 1
	at := item{}
	for line := range bytes.Lines(r.text[:whole]) {
		at = item{at.line + 1, at.end, at.end + len(line)}
		r.takeLine(at, bytes.TrimRight(line, "\r\n"))
		switch {
		case len(r.Bad) > maxBad:
			return nil, &disk.StateError{Path: r.Path, Err: fmt.Errorf("more than %d entries that cannot be read", maxBad)}
		case len(r.Stamps) > maxStamps:
			return nil, &disk.StateError{Path: r.Path, Err: fmt.Errorf("more than %d entries", maxStamps)}
		}
	}
	r.end(at.line+1, r.text[whole:])
	return r.File, nil
}

// end leaves out a cut line, and what it may have been a part of.
func (r *reader) end(line int, cut []byte) {
	if n := len(r.chunk); n > 0 && len(cut) > 0 && r.continues(cut) {
		r.chunk = r.chunk[:n-1]
	}
	r.endChunk()
	if len(cut) > 0 {
		r.fail(line, errors.New("cut line"))
	}
	switch {
	case r.Made != "":
	case len(cut) > 0 && !r.list:
		r.ConfigErr = errors.New("cut before its config")
	default:
		r.Made = r.Config.Hash() // there was none
	}
}

// takeLine adds a line to the item that it continues, or begins one.
func (r *reader) takeLine(it item, text []byte) {
	n := len(r.chunk)
	switch {
	case len(text) == 0:
	case n > 0 && r.continues(text):
		r.chunk[n-1].end = it.end
	case text[0] == '#':
	case string(text) == "---", string(text) == "{}", string(text) == format.TreestampsWALKey:
		r.endChunk()
		r.list = r.list || text[0] == 'w'
	default:
		if n == r.most || n > 0 && it.end-r.chunk[0].start > maxItem {
			r.endChunk()
		}
		r.chunk = append(r.chunk, it)
	}
}

// continues reports whether a line belongs to the item before it.
func (r *reader) continues(line []byte) bool {
	if r.list {
		return false
	}
	return line[0] == ' ' || line[0] == '\t' ||
		(line[0] == ':' || line[0] == '-') && (len(line) == 1 || line[1] == ' ')
}

func (r *reader) endChunk() {
	if len(r.chunk) > 0 {
		r.takeItems(r.chunk)
		r.chunk = r.chunk[:0]
	}
}

// takeItems reads items that follow each other in one call of yaml.v3, or in
// halves where that does not find the same items.
func (r *reader) takeItems(items []item) {
	nodes, err := r.parseItems(items)
	switch {
	case err == nil:
		for i, it := range items {
			r.takeItem(it, nodes[2*i], nodes[2*i+1])
		}
	case len(items) == 1:
		r.takeNone(items[0], err)
	default:
		half := len(items) / 2
		r.takeItems(items[:half])
		r.takeItems(items[half:])
	}
}

// parseItems returns a key and a value for each item.
func (r *reader) parseItems(items []item) (nodes []*yaml.Node, err error) {
	text := r.text[items[0].start:items[len(items)-1].end]
	if len(text) > maxItem {
		return nil, errors.New("too large")
	}
	root, err := format.DecodeYAML(text)
	switch {
	case err != nil || root == nil:
		return nil, errNoEntry
	case root.Kind == yaml.MappingNode && !r.list:
		nodes = root.Content
	case root.Kind == yaml.SequenceNode && r.list:
		for _, entry := range root.Content {
			nodes = append(nodes, entry.Content...)
		}
	}
	if len(nodes) != 2*len(items) {
		return nil, errNoEntry
	}
	for i, it := range items {
		if nodes[2*i].Line-1 != it.line-items[0].line {
			return nil, errNoEntry
		}
	}
	return nodes, nil
}

// lineOf returns the text of an item.
func (r *reader) lineOf(it item) string {
	return strings.TrimRight(string(r.text[it.start:it.end]), "\r\n")
}

func (r *reader) fail(line int, err error) {
	r.Bad = append(r.Bad, &disk.StateError{Path: r.Path, Err: fmt.Errorf("line %d: %w", line, err)})
}
