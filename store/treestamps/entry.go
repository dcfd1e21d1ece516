package treestamps

import (
	"errors"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"treefilter/store"
)

// errNoEntry is what is no mapping of one path to one time.
var errNoEntry = errors.New("not an entry of a path and a time")

// takeEntry takes an item of the mapping, which Python's YAML library wrote.
func (r *reader) takeEntry(it item, p pair, err error) {
	if s, ok := p.stamp(); ok {
		r.add(it.line, s)
		return
	}
	if err == nil && r.takeSettings(it, p) {
		return
	}
	r.fail(it.line, errNoEntry)
	if text := string(r.text[it.start:it.end]); strings.HasPrefix(text, "config:") {
		r.setConfig(text, store.Config{}, errors.New("its config cannot be read"))
	}
}

// stamp returns what an entry says: a path that is text, and a plain number.
func (p pair) stamp() (s Stamp, ok bool) {
	plain := p.key != nil && p.key.Kind == yaml.ScalarNode && p.value.Kind == yaml.ScalarNode &&
		p.key.Style&yaml.TaggedStyle == 0 && p.value.Style == 0 &&
		p.key.Anchor == "" && p.value.Anchor == ""
	if !plain {
		return s, false
	}
	when, ok := store.ParseTime(p.value.Value)
	return Stamp{p.key.Value, when}, ok
}

// takeSettings takes one of the two settings that stand among the paths.
func (r *reader) takeSettings(it item, p pair) bool {
	if p.value.Kind != yaml.MappingNode && p.value.ShortTag() != "!!null" {
		return false
	}
	switch p.key.Value {
	case "config":
		config, err := store.ConfigFromNode(p.value)
		r.setConfig(string(r.text[it.start:it.end]), config, err)
	case "treestamps_config":
		r.takeWalk(p.value)
	default:
		return false
	}
	return true
}

// setConfig takes the config, which stands as text in the file.
func (r *reader) setConfig(text string, config store.Config, err error) {
	if r.Made != "" {
		config, err = store.Config{}, errors.New("config stands twice")
	}
	r.Config, r.ConfigErr = config, err
	if r.Made = config.Hash(); err != nil {
		r.Made = r.Made + text
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

// doubt is how far a line of a WAL that is no entry may reach: a line end in a
// name cuts its entry in two, and what follows may look like the entry of
// another file.
type doubt int

const (
	certain   doubt = iota
	untilTime       // to the next line that ends in a time
	untilEnd        // to the end: a quote is open
)

// doubtAfter returns the doubt that a line of a WAL leaves which is no entry. err
// is why it cannot be parsed.
func doubtAfter(line string, err error) doubt {
	switch {
	case err != nil && strings.HasPrefix(line, "- '"):
		return untilEnd
	case !endsInTime(line):
		return untilTime
	}
	return certain
}

// takeLogged takes a line of a WAL. Versions before 2.5.4 wrote most paths as
// they are, so what YAML makes of a line may be the path of another file. It
// counts where there is no other reading.
func (r *reader) takeLogged(it item, p pair, err error) {
	line := strings.TrimRight(string(r.text[it.start:it.end]), lineEndings)
	before := r.doubt
	if before == untilTime {
		r.doubt = certain // unless this line is no entry, either
	}
	s, ok := p.stamp()
	switch {
	case !ok || !r.unambiguous(line, p):
		r.fail(it.line, errNoEntry)
		r.doubt = max(r.doubt, doubtAfter(line, err))
	case before != certain:
		r.fail(it.line, errors.New("may be a part of an entry above"))
	default:
		r.add(it.line, s)
	}
}

// unambiguous reports whether a line of a WAL can be the entry of one path only.
// A name that is not quoted must stand there as it is. Versions before 2.5.4 put
// single quotes around a name with a colon; around any other they may be part of
// it. And a later one writes a byte that is not UTF-8 as the text that "\udc"
// begins.
func (r *reader) unambiguous(line string, p pair) bool {
	name, number := p.key.Value, ": "+p.value.Value
	switch {
	case strings.Contains(name, `\udc`):
		return false
	case p.key.Style == 0:
		return line == "- "+name+number
	case p.key.Style == yaml.SingleQuotedStyle:
		return (r.quotes || strings.Contains(name, ":")) && line == "- '"+strings.ReplaceAll(name, "'", "''")+"'"+number
	}
	return r.quotes && p.key.Style == yaml.DoubleQuotedStyle && strings.HasPrefix(line, `- "`)
}

func endsInTime(line string) bool {
	i := strings.LastIndex(line, ": ")
	if i < 0 {
		return false
	}
	_, ok := store.ParseTime(line[i+len(": "):])
	return ok
}

// relative turns a path into one below the directory of the file, "" for that.
// Some versions wrote absolute paths.
func (r *reader) relative(name string) (string, error) {
	name = filepath.ToSlash(name)
	if path.IsAbs(name) {
		dir := strings.TrimSuffix(filepath.ToSlash(filepath.Dir(r.Path)), "/")
		rest, below := strings.CutPrefix(name+"/", dir+"/")
		if !below {
			return "", errors.New("outside the directory")
		}
		name = rest
	}
	if slices.Contains(strings.Split(name, "/"), "..") {
		return "", errors.New(`path with ".."`)
	}
	if name = path.Clean(name); name == "." {
		return "", nil
	}
	return name, nil
}
