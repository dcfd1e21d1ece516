package store

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// Config is a program config: a mapping of the settings that decided how files
// were processed. The zero value is the empty config. Two configs are the same
// when their values are, whatever the order of mappings; the order of lists
// counts. A Config is immutable.
type Config struct {
	// A value is nil, bool, int64, uint64, float64, number, string, []any or
	// map[string]any.
	values map[string]any
}

// maxConfigNodes bounds a config, so that aliases cannot multiply a small file
// into one that fills the memory.
const maxConfigNodes = 100_000

// maxConfig and maxConfigDepth keep a config, however it is written, within
// what a WAL record and the header of a snapshot may hold.
const (
	maxConfig      = 256 << 10 // bytes of the canonical form
	maxConfigDepth = 32
)

// maxConfigKey keeps a key, with every byte of it escaped, within the 1,024
// characters that YAML allows before a colon.
const maxConfigKey = 250

// ParseConfig reads a config from YAML text: one mapping, or nothing at all.
// Anchors and aliases are resolved.
func ParseConfig(text []byte) (Config, error) {
	node, err := decodeYAML(text)
	if err != nil || node == nil {
		return Config{}, err
	}
	return configFromNode(node)
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
// empty text is null.
func (c Config) With(key, value string) (Config, error) {
	if len(key) > maxConfigKey {
		return Config{}, fmt.Errorf("key of %d bytes", len(key))
	}
	if !utf8.ValidString(key) {
		return Config{}, fmt.Errorf("key %q is not UTF-8", key)
	}
	node, err := decodeYAML([]byte(value))
	if err != nil {
		return Config{}, err
	}
	if strings.Count(value, "#") > hashes(node) {
		return Config{}, errors.New("part of the value is a YAML comment: quote it")
	}
	var v any
	if node != nil {
		budget := maxConfigNodes
		if v, err = valueFromNode(node, &budget); err != nil {
			return Config{}, err
		}
	}
	next := maps.Clone(c.values)
	if next == nil {
		next = map[string]any{}
	}
	next[key] = v
	return Config{next}.checked()
}

// hashes counts the '#' in the scalars of a value: those of its text that are
// not counted begin a comment, in which a change would go unnoticed.
func hashes(node *yaml.Node) int {
	if node == nil {
		return 0
	}
	n := strings.Count(node.Value, "#")
	for _, child := range node.Content {
		n += hashes(child)
	}
	return n
}

// Has tells whether the config has a setting of that name.
func (c Config) Has(key string) bool {
	_, ok := c.values[key]
	return ok
}

// Empty tells whether there is no setting at all.
func (c Config) Empty() bool { return len(c.values) == 0 }

// String is the canonical form: YAML in flow style, keys sorted as bytes.
func (c Config) String() string { return string(appendFlow(nil, c.mapping())) }

// Hash is the SHA-256 of the canonical form, in hex.
func (c Config) Hash() string {
	sum := sha256.Sum256(appendFlow(nil, c.mapping()))
	return hex.EncodeToString(sum[:])
}

func (c Config) mapping() map[string]any {
	if c.values == nil {
		return map[string]any{}
	}
	return c.values
}

// Diff lists what differs in to, a setting each, by name: "quality: 80 -> 90".
// A setting of a nested mapping is named with dots; one that is missing on a
// side is "unset" there.
func (c Config) Diff(to Config) []string { return diffMaps(nil, "", c.values, to.values) }

func diffMaps(out []string, prefix string, from, to map[string]any) []string {
	keys := slices.Sorted(maps.Keys(from))
	for k := range to {
		if _, both := from[k]; !both {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	for _, k := range keys {
		a, inFrom := from[k]
		b, inTo := to[k]
		am, aIsMap := a.(map[string]any)
		bm, bIsMap := b.(map[string]any)
		if aIsMap && bIsMap {
			out = diffMaps(out, prefix+k+".", am, bm)
			continue
		}
		old, now := side(a, inFrom), side(b, inTo)
		if old != now {
			out = append(out, fmt.Sprintf("%s%s: %s -> %s", prefix, k, old, now))
		}
	}
	return out
}

func side(v any, set bool) string {
	if !set {
		return "unset"
	}
	return string(appendFlow(nil, v))
}

// checked refuses a config that could be written and not be read back.
func (c Config) checked() (Config, error) {
	if d := depth(c.values); d > maxConfigDepth {
		return Config{}, fmt.Errorf("config is %d levels deep", d)
	}
	if n := len(c.String()); n > maxConfig {
		return Config{}, fmt.Errorf("config of %d bytes", n)
	}
	return c, nil
}

func depth(v any) int {
	deepest := 0
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			deepest = max(deepest, depth(item))
		}
	case map[string]any:
		for _, item := range v {
			deepest = max(deepest, depth(item))
		}
	default:
		return 0
	}
	return 1 + deepest
}

func configFromNode(node *yaml.Node) (Config, error) {
	budget := maxConfigNodes
	v, err := valueFromNode(node, &budget)
	if err != nil {
		return Config{}, err
	}
	switch v := v.(type) {
	case nil:
		return Config{}, nil
	case map[string]any:
		return Config{v}.checked()
	}
	return Config{}, errors.New("config is not a mapping")
}

func valueFromNode(node *yaml.Node, budget *int) (any, error) {
	if *budget--; *budget < 0 {
		return nil, errors.New("config is too large")
	}
	switch node.Kind {
	case yaml.DocumentNode:
		return valueFromNode(node.Content[0], budget)
	case yaml.AliasNode:
		return valueFromNode(node.Alias, budget)
	case yaml.ScalarNode:
		return scalarFromNode(node), nil
	}
	if node.Style&yaml.TaggedStyle != 0 && !strings.HasPrefix(node.ShortTag(), "!!") {
		plain := *node
		plain.Style &^= yaml.TaggedStyle
		v, err := valueFromNode(&plain, budget)
		return map[string]any{node.Tag: v}, err
	}
	if node.Kind == yaml.SequenceNode {
		list := []any{}
		for _, item := range node.Content {
			v, err := valueFromNode(item, budget)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	}
	mapping := map[string]any{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i]
		if key.Kind != yaml.ScalarNode {
			return nil, fmt.Errorf("config line %d: a key that is no scalar", key.Line)
		}
		if len(key.Value) > maxConfigKey {
			return nil, fmt.Errorf("config line %d: key of %d bytes", key.Line, len(key.Value))
		}
		if _, twice := mapping[key.Value]; twice {
			return nil, fmt.Errorf("config line %d: key %q stands twice", key.Line, key.Value)
		}
		v, err := valueFromNode(node.Content[i+1], budget)
		if err != nil {
			return nil, err
		}
		mapping[key.Value] = v
	}
	return mapping, nil
}

// number is a number that is kept as it was written: one that Go's own types
// would round, or with an exponent (0e1 may also be meant for a name).
type number string

// scalarFromNode keeps what YAML calls dates, binaries and the like as their
// text, with their tag where that is not YAML's own: all that matters of a
// setting is whether it has changed.
func scalarFromNode(node *yaml.Node) any {
	tag := node.ShortTag()
	switch tag {
	case "!!null", "!!bool":
		var v any
		if node.Decode(&v) == nil {
			return v
		}
	case "!!int":
		var v any
		if node.Decode(&v) != nil {
			return node.Value
		}
		switch v := v.(type) {
		case int:
			return int64(v)
		case int64, uint64:
			return v
		}
		return number(node.Value)
	case "!!float":
		return floatFromText(node)
	case "!!str", "!!timestamp", "!!binary", "!!merge":
	default:
		return node.Tag + " " + node.Value
	}
	return node.Value
}

func floatFromText(node *yaml.Node) any {
	var f float64
	if node.Decode(&f) != nil {
		return node.Value
	}
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return f
	}
	exact, ok := new(big.Rat).SetString(node.Value)
	short, _ := new(big.Rat).SetString(strconv.FormatFloat(f, 'f', -1, 64))
	if !ok || strings.ContainsAny(node.Value, "eE_") || exact.Cmp(short) != 0 {
		return number(node.Value)
	}
	return f
}
