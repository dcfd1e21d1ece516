package format

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Setting is one setting of a config, its value in canonical form.
type Setting struct{ Key, Value string }

// Settings returns the settings by name, and apart from them the files whose content
// is one, as the tree has them: what their digests are helps no one.
func (c Config) Settings() (settings []Setting, depends []string) {
	for _, key := range slices.Sorted(maps.Keys(c.Values)) {
		if key == DependsKey {
			if digests, ok := dependencies(c.Values[key], true); ok {
				depends = slices.Sorted(maps.Keys(digests))
				continue
			}
		}
		settings = append(settings, Setting{key, string(appendFlow(nil, c.Values[key]))})
	}
	return settings, depends
}

// Describe words the config for people: "quality=80, content of lint.yml".
func (c Config) Describe() string {
	settings, depends := c.Settings()
	var words []string
	for _, s := range settings {
		words = append(words, s.Key+"="+s.Value)
	}
	for _, file := range depends {
		words = append(words, "content of "+file)
	}
	if len(words) == 0 {
		return "empty"
	}
	return strings.Join(words, ", ")
}

// MarshalJSON gives the config as an object. A scalar that JSON knows stays what it is;
// of others it is the text.
func (c Config) MarshalJSON() ([]byte, error) { return json.Marshal(jsonValue(c.mapping())) }

func jsonValue(v any) any {
	switch v := v.(type) {
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = jsonValue(v[i])
		}
		return list
	case map[string]any:
		object := map[string]any{}
		for key := range v {
			object[key] = jsonValue(v[key])
		}
		return object
	}
	text := v.(string)
	var scalar yaml.Node
	switch {
	case text[0] != '"' && json.Valid([]byte(text)):
		return json.RawMessage(text)
	case text[0] == '"' && yaml.Unmarshal([]byte(text), &scalar) == nil && len(scalar.Content) == 1:
		return scalar.Content[0].Value
	}
	return text
}
