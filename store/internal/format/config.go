package format

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// Config is a program config: a mapping of the settings that decided how files
// were processed. The zero value is the empty config. Two configs are the same
// when their values are as they were written, whatever the order of mappings;
// the order of lists counts. A Config is immutable.
type Config struct {
	// A value is the canonical text of a scalar, or of anything with a tag of
	// its own (a string), []any or map[string]any.
	Values map[string]any
}

// MaxConfig and MaxConfigDepth keep a config, however it is written, within
// what a WAL record and the header of a snapshot may hold.
const (
	MaxConfig      = 256 << 10 // bytes of the canonical form
	MaxConfigDepth = 32
)

// MaxConfigKey keeps a key, with every byte of it escaped, within the 1,024
// characters that YAML allows before a colon.
const MaxConfigKey = 250

// ParseConfig reads a config from YAML text: one mapping, or nothing at all.
// Anchors and aliases are resolved.
func ParseConfig(text []byte) (Config, error) {
	node, err := DecodeYAML(text)
	if err != nil || node == nil {
		return Config{}, err
	}
	return ConfigFromNode(node)
}

// NewConfig makes a config from Go values: those that yaml.v3 can marshal to a
// mapping.
func NewConfig(values map[string]any) (Config, error) {
	text, err := yaml.Marshal(values)
	if err != nil {
		return Config{}, fmt.Errorf("config: %w", err)
	}
	return ParseConfig(text)
}

// With returns the config with one more setting, whose value is YAML text. An
// empty text is the empty text, not null.
func (c Config) With(key, value string) (Config, error) {
	if err := checkKey(key); err != nil {
		return Config{}, err
	}
	node, err := DecodeYAML([]byte(value))
	if err != nil {
		return Config{}, err
	}
	if what := unseen(value, node); what != "" {
		return Config{}, fmt.Errorf("part of the value is a YAML %s: quote it", what)
	}
	var v any = `""`
	if node != nil {
		if v, err = (&configReader{}).value(node, 2); err != nil {
			return Config{}, err
		}
	}
	return c.with(key, v)
}

func checkKey(key string) error {
	switch {
	case len(key) > MaxConfigKey:
		return fmt.Errorf("key of %d bytes", len(key))
	case !utf8.ValidString(key):
		return fmt.Errorf("key %q is not UTF-8", key)
	}
	return nil
}

func (c Config) with(key string, v any) (Config, error) {
	next := maps.Clone(c.Values)
	if next == nil {
		next = map[string]any{}
	}
	next[key] = v
	return Config{next}.checked()
}

// Filled returns the config with the settings that it lacks and defaults has.
func (c Config) Filled(defaults Config) Config {
	if defaults.Empty() {
		return c
	}
	filled := maps.Clone(defaults.Values)
	maps.Copy(filled, c.Values)
	return Config{filled}
}

// Has reports whether the config has a setting of that name.
func (c Config) Has(key string) bool {
	_, ok := c.Values[key]
	return ok
}

// Empty reports whether there is no setting at all.
func (c Config) Empty() bool { return len(c.Values) == 0 }

// String is the canonical form: YAML in flow style, keys sorted as bytes.
func (c Config) String() string { return string(appendFlow(nil, c.mapping())) }

// Hash is the SHA-256 of the canonical form, in hex.
func (c Config) Hash() string {
	sum := sha256.Sum256(appendFlow(nil, c.mapping()))
	return hex.EncodeToString(sum[:])
}

func (c Config) mapping() map[string]any {
	if c.Values == nil {
		return map[string]any{}
	}
	return c.Values
}

// checked refuses a config that could be written and not be read back.
func (c Config) checked() (Config, error) {
	if n := len(c.String()); n > MaxConfig {
		return Config{}, fmt.Errorf("config of %d bytes", n)
	}
	return c, nil
}

// Terms are a config that stamps were made under. What was read together shares
// one value for each config; across files they are compared by hash.
type Terms struct {
	Hash   string
	Config Config
}

func TermsOf(c Config) *Terms { return &Terms{c.Hash(), c} }
