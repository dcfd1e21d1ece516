package format

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Dependency is a file whose content decided how files were processed.
type Dependency struct {
	// Path is absolute and '/'-separated, the links in its directory resolved.
	Path   string
	SHA256 [sha256.Size]byte
}

// DependsKey is the setting that a config's dependencies make up.
const DependsKey = "depends"

// digestPrefix stands before the digest of a dependency.
const digestPrefix = "sha256-"

// WithDependencies returns the config of a tree, given by its root, absolute with
// links resolved: with one more setting, a mapping from each dependency to the
// digest of its content. A dependency has one name, however it was spelled: its
// path relative to the root, or where it lies outside its absolute one. In a
// directory around the root that may move along with it, base, "" for none, it is
// "../" for each step up and the path from there.
func (c Config) WithDependencies(root, base string, deps []Dependency) (Config, error) {
	if len(deps) == 0 {
		return c, nil
	}
	if c.Has(DependsKey) {
		return Config{}, fmt.Errorf("config has a setting %q of its own", DependsKey)
	}
	digests := map[string]any{}
	for _, d := range deps {
		name := dependencyName(d.Path, root, base)
		if err := checkKey(name); err != nil {
			return Config{}, fmt.Errorf("dependency %s: %w", d.Path, err)
		}
		if _, twice := digests[name]; twice {
			return Config{}, fmt.Errorf("dependency %s stands twice", d.Path)
		}
		digests[name] = digestPrefix + hex.EncodeToString(d.SHA256[:])
	}
	return c.with(DependsKey, digests)
}

func dependencyName(path, root, base string) string {
	if name, inside := Below(path, root); inside {
		return name
	}
	if _, moves := Below(path, base); base == "" || !moves {
		return path
	}
	up := ""
	for at := root; ; {
		dir, _ := SplitPath(at)
		up, at = up+"../", dir
		if name, inside := Below(path, at); inside {
			return up + name
		}
	}
}

// dependencies returns the digests in a setting by the name of the dependency, and
// whether it is one that WithDependencies makes. One that is missing has none.
func dependencies(v any, set bool) (digests map[string]any, ok bool) {
	if !set {
		return nil, true
	}
	digests, ok = v.(map[string]any)
	for _, d := range digests {
		text, _ := d.(string)
		sum, prefixed := strings.CutPrefix(text, digestPrefix)
		raw, err := hex.DecodeString(sum)
		ok = ok && prefixed && err == nil && len(raw) == sha256.Size
	}
	return digests, ok && len(digests) > 0
}

// diffDependencies says which dependencies came, went or changed. What their
// digests are helps no one.
func diffDependencies(out []string, from, to map[string]any) []string {
	names := maps.Clone(to)
	if names == nil {
		names = map[string]any{}
	}
	maps.Copy(names, from)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		old, was := from[name]
		now, is := to[name]
		switch {
		case !was:
			out = append(out, name+": added as a dependency")
		case !is:
			out = append(out, name+": no dependency any more")
		case old != now:
			out = append(out, "content of "+name+" changed")
		}
	}
	return out
}
