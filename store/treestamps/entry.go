package treestamps

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"treefilter/store/internal/format"
)

// errNoEntry is what is no mapping of one path to one time.
var errNoEntry = errors.New("not an entry of a path and a time")

// takeItem takes an item with the one key and value that it has.
func (r *reader) takeItem(it item, key, value *yaml.Node) {
	s, ok := stamp(key, value)
	settings := value.Kind == yaml.MappingNode || value.Kind == yaml.ScalarNode && value.ShortTag() == "!!null"
	switch {
	case r.list:
		r.takeLogged(it, s, ok && r.unambiguous(r.lineOf(it), key, value))
	case ok:
		r.add(it.line, s)
	case settings && key.Value == "config":
		config, err := format.ConfigFromNode(value)
		r.setConfig(it, config, err)
	case settings && key.Value == format.TreestampsConfigKey:
		r.takeWalk(value)
	default:
		r.takeNone(it, errNoEntry)
	}
}

// takeNone takes an item that is neither an entry nor a setting.
func (r *reader) takeNone(it item, err error) {
	if r.list {
		r.open = r.open || strings.HasPrefix(r.lineOf(it), "- '")
		r.takeLogged(it, Stamp{}, false)
		return
	}
	r.fail(it.line, err)
	if strings.HasPrefix(r.lineOf(it), "config:") {
		r.setConfig(it, format.Config{}, errors.New("its config cannot be read"))
	}
}

// stamp returns what an entry says: a path that is text, and a plain number.
func stamp(key, value *yaml.Node) (s Stamp, ok bool) {
	plain := key.Kind == yaml.ScalarNode && key.Style&yaml.TaggedStyle == 0 && key.Anchor == "" &&
		value.Kind == yaml.ScalarNode && value.Style == 0 && value.Anchor == ""
	s.Path = key.Value
	s.Time, ok = format.ParseTime(value.Value)
	return s, ok && plain
}

// setConfig takes the config, which an item holds.
func (r *reader) setConfig(it item, config format.Config, err error) {
	if r.Made != "" {
		config, err = format.Config{}, errors.New("config stands twice")
	}
	r.Config, r.ConfigErr, r.Made = config, err, config.Hash()
	if err != nil {
		r.Made += string(r.text[it.start:it.end])
	}
}

// takeWalk takes which files were looked at.
func (r *reader) takeWalk(settings *yaml.Node) {
	for i := 0; i+1 < len(settings.Content); i += 2 {
		switch value := settings.Content[i+1]; settings.Content[i].Value {
		case "symlinks":
			r.Follow = value.Value == "true"
		case "ignore":
			for i, item := range value.Content {
				if value.Kind == yaml.SequenceNode || i%2 == 0 { // a set is a mapping to nothing
					r.Ignore = append(r.Ignore, item.Value)
				}
			}
			slices.Sort(r.Ignore)
		}
	}
}

// takeLogged takes a line of a WAL, and whether it is an entry.
func (r *reader) takeLogged(it item, s Stamp, ok bool) {
	part := r.split || r.open
	line := r.lineOf(it)
	r.split = true
	if i := strings.LastIndex(line, ": "); i >= 0 {
		_, whole := format.ParseTime(line[i+len(": "):])
		r.split = !whole
	}
	switch {
	case !ok:
		r.fail(it.line, errNoEntry)
	case part:
		r.fail(it.line, errors.New("may be a part of an entry above"))
	default:
		r.add(it.line, s)
	}
}

// unambiguous reports whether a line of a WAL can be the entry of one path only.
// Versions before 2.5.4 wrote most paths as they are: YAML may make another one of
// such a path. They put single quotes around one with a colon; around any other
// the quotes may be part of the name. And a later one writes a byte that is not
// UTF-8 as text that begins with "\udc".
func (r *reader) unambiguous(line string, key, value *yaml.Node) bool {
	name := key.Value
	switch {
	case strings.Contains(name, `\udc`):
		return false
	case key.Style == yaml.SingleQuotedStyle:
		name = "'" + strings.ReplaceAll(name, "'", "''") + "'"
		return (r.quotes || strings.Contains(name, ":")) && line == "- "+name+": "+value.Value
	}
	return line == "- "+name+": "+value.Value
}

// add takes a stamp, with its path relative to the directory of the file, "" for
// that itself.
func (r *reader) add(line int, s Stamp) {
	name := filepath.ToSlash(s.Path)
	switch {
	case s.Time.Sec < 0:
		r.fail(line, errors.New("a time before 1970"))
	case path.IsAbs(name), slices.Contains(strings.Split(name, "/"), ".."):
		r.fail(line, fmt.Errorf("%q: may lie outside the directory", s.Path))
	default:
		if name = path.Clean(name); name == "." {
			name = ""
		}
		r.Stamps = append(r.Stamps, Stamp{name, s.Time})
	}
}
