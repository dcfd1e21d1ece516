package format

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"gopkg.in/yaml.v3"
)

// SettingFile is a file below a tree's root that decided how the files in its
// directory, and below, were processed: see NamesKey.
type SettingFile struct {
	Path string // relative to the tree
	// Sum is half of the SHA-256 of its content: every stamp has one for each file.
	Sum [SettingSum]byte
}

// SettingSum is how many bytes of a SHA-256 stand for a setting file.
const SettingSum = 16

// MaxSettings bounds the text of one stamp's setting files.
const MaxSettings = 16 << 10

// NamesKey is the setting that holds the names of setting files.
const NamesKey = "depends_name"

// WithNames returns the config with one more setting: the names of the files that
// decide about what lies beside and below them, if there are any. Their contents are no
// part of it, but stand with each stamp.
func (c Config) WithNames(names []string) (Config, error) {
	if len(names) == 0 {
		return c, nil
	}
	if c.Has(NamesKey) {
		return Config{}, fmt.Errorf("config has a setting %q of its own", NamesKey)
	}
	list := []any{}
	for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
		list = append(list, string(AppendScalar(nil, name)))
	}
	return c.with(NamesKey, list)
}

// Names returns the names of setting files that the config holds.
func (c Config) Names() (names []string) {
	list, _ := c.Values[NamesKey].([]any)
	for _, v := range list {
		text, _ := v.(string)
		name, rest, ok := CutKey([]byte(text))
		if ok && len(rest) == 0 && CheckPath(string(name)) == nil && bytes.IndexByte(name, '/') < 0 {
			names = append(names, string(name))
		}
	}
	return names
}

// SettingsText returns what a stamp holds of setting files, "" for none: a mapping in
// flow style, in the order of a walk.
func SettingsText(files []SettingFile) (string, error) {
	if len(files) == 0 {
		return "", nil
	}
	b := []byte{'{'}
	for i, f := range files {
		if i > 0 {
			b = append(b, ", "...)
		}
		start := len(b)
		b = appendRecordPath(b, f.Path)
		if len(b)-start > MaxImplicitKey || len(b) > MaxSettings {
			return "", errors.New("the paths of its setting files are too long")
		}
		b = append(b, settingMiddle...)
		b = hex.AppendEncode(b, f.Sum[:])
		b = append(b, '"')
	}
	return string(append(b, '}')), nil
}

const settingMiddle = `: "`

// cutSettings cuts what SettingsText makes from the front of b. Where that is like, no
// memory is taken for it.
func cutSettings(b []byte, like string) (text string, rest []byte, ok bool) {
	if like != "" && len(b) >= len(like) && string(b[:len(like)]) == like {
		return like, b[len(like):], true
	}
	_, rest, ok = parseSettings(b)
	return string(b[:len(b)-len(rest)]), rest, ok
}

func parseSettings(b []byte) (files []SettingFile, rest []byte, ok bool) {
	for open := []byte("{"); ; open = []byte(", ") {
		if b, ok = bytes.CutPrefix(b, open); !ok {
			return nil, b, false
		}
		var f SettingFile
		path, after, quoted := CutQuoted(b)
		after, colon := bytes.CutPrefix(after, []byte(settingMiddle))
		if !quoted || !colon || len(after) < 2*SettingSum+2 || after[2*SettingSum] != '"' {
			return nil, b, false
		}
		if _, err := hex.Decode(f.Sum[:], after[:2*SettingSum]); err != nil {
			return nil, b, false
		}
		f.Path = string(path)
		files, b = append(files, f), after[2*SettingSum+1:]
		if b[0] == '}' {
			return files, b[1:], true
		}
	}
}

// settingsFromNode reads setting files as YAML has them, in any spelling and order.
func settingsFromNode(node *yaml.Node) (string, error) {
	fields, err := StateFields(node)
	if err != nil {
		return "", err
	}
	var files []SettingFile
	for path, value := range fields {
		f := SettingFile{Path: path}
		text, err := StateValue(value)
		if err != nil {
			return "", err
		}
		if n, err := hex.Decode(f.Sum[:], []byte(text[:min(len(text), 2*SettingSum)])); err != nil || n < SettingSum || len(text) > 2*SettingSum {
			return "", fmt.Errorf("line %d: not a digest", value.Line)
		}
		files = append(files, f)
	}
	slices.SortFunc(files, func(a, b SettingFile) int { return ComparePaths(a.Path, b.Path) })
	return SettingsText(files)
}

// DiffSettings says which setting files came, went or changed between what two stamps
// hold of them, as Config.Diff does of dependencies.
func DiffSettings(from, to string) []string {
	digests := func(text string) map[string]any {
		files, _, _ := parseSettings([]byte(text))
		m := map[string]any{}
		for _, f := range files {
			m[f.Path] = f.Sum
		}
		return m
	}
	return diffDependencies(nil, digests(from), digests(to))
}
