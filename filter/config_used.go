package filter

import (
	"path/filepath"
	"strings"

	"treefilter/store/state"
)

// ConfigUsed says which config decides which stamps of a tree count.
type ConfigUsed string

const (
	GivenConfig  ConfigUsed = "given"  // that of the run
	StoredConfig ConfigUsed = "stored" // that of the newest stamps: none was given
	AnyConfig    ConfigUsed = "any"    // all do
)

// configUsed returns which it is for a tree.
func (o *Options) configUsed(t *state.Tree) ConfigUsed {
	stored, any := t.Stored()
	switch {
	case o.NoCheckConfig:
		return AnyConfig
	case o.AsStored && any && !stored.Empty():
		return StoredConfig
	}
	return GivenConfig
}

// Given is a config as a command line gives it.
type Given struct {
	Pairs   []string // KEY=VALUE each
	Depends []string // the files whose content decides the outcome
	Rest    []string // the names of settings that only a config file can give
}

// AsGiven returns how the config of a tree, of that root, is given.
func AsGiven(c state.Config, root string) (g Given) {
	settings, depends := c.Settings()
	for _, s := range settings {
		pair := s.Key + "=" + s.Value
		read, err := ReadConfig([]string{pair}, "", nil)
		if same, _ := read.Config.Settings(); err == nil && len(same) == 1 && same[0] == s {
			g.Pairs = append(g.Pairs, pair)
		} else {
			g.Rest = append(g.Rest, s.Key)
		}
	}
	for _, name := range depends {
		if !strings.HasPrefix(name, "/") && !filepath.IsAbs(name) {
			name = strings.TrimSuffix(root, "/") + "/" + name
		}
		g.Depends = append(g.Depends, name)
	}
	return g
}
