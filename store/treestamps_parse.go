package store

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"strings"
	"treefilter/store/internal/format"
	"treefilter/store/internal/wal"

	"gopkg.in/yaml.v3"
)

// The keys that stand among the paths, and what begins the list of a WAL.
const (
	programConfigKey = "config"
)

// treestampsReader takes a file line by line. Nearly every line is an entry of
// its own; what is not, the settings and long names, which were folded, goes
// through yaml.v3 together with the lines that continue it. So reading takes
// linear time, and what is wrong with an entry costs that entry.
type treestampsReader struct {
	*Treestamps
	line    int
	item    []byte // what may go on in the next line
	itemAt  int    // the line where it begins
	list    bool   // "wal:" was met
	doubted bool   // the next entry of the list may be the second half of a bad one
	hand    format.YamlBudget
}

func parseTreestamps(r io.Reader, file string) (*Treestamps, error) {
	t := &treestampsReader{Treestamps: &Treestamps{File: file}}
	in := bufio.NewReaderSize(r, format.MaxRecord)
	for {
		text, err := in.ReadSlice('\n')
		t.line++
		switch {
		case err == nil:
			t.take(bytes.TrimRight(text, "\r\n"))
		case errors.Is(err, bufio.ErrBufferFull):
			t.endItem()
			t.fail(t.line, fmt.Errorf("line of more than %d bytes", format.MaxRecord))
			for errors.Is(err, bufio.ErrBufferFull) {
				_, err = in.ReadSlice('\n')
			}
		case errors.Is(err, io.EOF):
			t.end(text)
			return t.Treestamps, nil
		default:
			return nil, err
		}
	}
}

// end takes what stands after the last line end: a line that a killed run has
// cut, in which half a number would still be one, and half a config, too.
func (t *treestampsReader) end(cut []byte) {
	if len(cut) > 0 && t.item != nil && t.continues(cut) {
		t.item = nil
	}
	t.endItem()
	if len(cut) > 0 {
		t.fail(t.line, wal.ErrTorn)
	}
	switch {
	case t.Made != "":
	case len(cut) > 0 && !t.list:
		t.ConfigErr = errors.New("cut before its config")
	default:
		t.Made = t.Config.Hash() // there was none
	}
}

// continues reports whether a line belongs to the item before it.
func (t *treestampsReader) continues(text []byte) bool {
	return len(text) == 0 || text[0] == ' ' || text[0] == '\t' ||
		text[0] == ':' && (len(text) == 1 || text[1] == ' ') ||
		text[0] == '-' && (len(text) == 1 || text[1] == ' ')
}

func (t *treestampsReader) take(text []byte) {
	if t.item != nil && t.continues(text) {
		if len(t.item) < format.MaxHeader {
			t.item = append(append(t.item, text...), '\n')
		}
		return
	}
	t.endItem()
	switch {
	case len(text) == 0, text[0] == '#', string(text) == "---", string(text) == "{}":
		return
	case string(text) == format.TreestampsWALKey:
		t.list = true
		return
	case t.list:
		t.logged(text)
		return
	case t.continues(text):
		t.fail(t.line, errNoTreestamp)
		return
	}
	if e, ok := cutTreestamp(text); ok {
		t.add(t.line, e)
		return
	}
	t.item, t.itemAt = append(bytes.Clone(text), '\n'), t.line
}

// logged takes a line of a WAL. Older versions wrote most paths as they are:
// what YAML would make of such a one, by passing over blanks, quotes, an anchor
// or a comment, may be the path of another file. So what is not as plain as can
// be is left out.
func (t *treestampsReader) logged(text []byte) {
	entry, ok := bytes.CutPrefix(text, []byte("- "))
	e, fits := cutTreestamp(entry)
	switch {
	case !ok || !fits || quotedForNothing(entry, e.Path):
		t.fail(t.line, errNoTreestamp)
		t.doubted = !endsInTime(text)
	case t.doubted:
		// The line end in a name cuts its entry in two, and the second half
		// may look like the entry of another file.
		t.doubted = false
		t.fail(t.line, errors.New("may be a part of the entry above"))
	default:
		t.add(t.line, e)
	}
}

func endsInTime(text []byte) bool {
	i := bytes.LastIndex(text, []byte(": "))
	if i < 0 {
		return false
	}
	_, ok := format.ParseTime(text[i+2:])
	return ok
}

// errNoTreestamp is what is no mapping of one path to one time.
var errNoTreestamp = errors.New("not an entry of a path and a time")

// endItem takes what did not fit one line, or is not plain.
func (t *treestampsReader) endItem() {
	text := t.item
	if t.item = nil; text == nil {
		return
	}
	if err := t.takeItem(text); err != nil {
		t.fail(t.itemAt, err)
		if bytes.HasPrefix(text, []byte(programConfigKey+":")) {
			t.made(nil, text)
		}
	}
}

func (t *treestampsReader) takeItem(text []byte) error {
	if len(text) >= format.MaxHeader || !t.hand.Spend(text) {
		return errors.New("too large")
	}
	node, err := format.DecodeYAML(text)
	if err != nil || node == nil || node.Kind != yaml.MappingNode || len(node.Content) != 2 {
		return errNoTreestamp
	}
	key, value := node.Content[0], node.Content[1]
	settings := value.Kind == yaml.MappingNode || value.ShortTag() == "!!null"
	switch {
	case settings && key.Value == programConfigKey:
		t.made(value, text)
		return nil
	case settings && key.Value == format.TreestampsConfigKey:
		t.walked(value)
		return nil
	}
	name, keyErr := format.StateValue(key)
	when, err := format.StateTime(value)
	if keyErr != nil || err != nil || key.Anchor != "" || value.Anchor != "" {
		return errNoTreestamp
	}
	t.add(t.itemAt, TreestampsEntry{name, when})
	return nil
}

func (t *treestampsReader) add(line int, e TreestampsEntry) {
	switch {
	case e.Time.Sec < 0:
		t.fail(line, errors.New("a time before 1970"))
		return
	case len(t.Stamps) == maxTreestampsEntries:
		t.fail(line, fmt.Errorf("behind %d others", maxTreestampsEntries))
		return
	}
	name, err := t.relative(e.Path)
	if err != nil {
		t.fail(line, fmt.Errorf("%q: %w", e.Path, err))
		return
	}
	t.Stamps = append(t.Stamps, TreestampsEntry{name, e.Time})
}

// relative turns a path into one of ours, "" for the directory of the file.
// Some versions wrote absolute paths.
func (t *treestampsReader) relative(name string) (string, error) {
	name = filepath.ToSlash(name)
	if path.IsAbs(name) {
		dir := strings.TrimSuffix(filepath.ToSlash(filepath.Dir(t.File)), "/")
		rest, below := strings.CutPrefix(name+"/", dir+"/")
		if !below {
			return "", errors.New("outside the directory")
		}
		name = rest
	}
	if strings.Contains(name, "..") && format.HasParent(name) {
		return "", errors.New(`path with ".."`)
	}
	if name = path.Clean(name); name == "." {
		return "", nil
	}
	return name, format.CheckPath(name)
}
