package state

import (
	"sync"

	"treefilter/store/internal/format"
)

// equalConfigs compares configs after defaults are filled in on both sides.
type equalConfigs struct {
	defaults format.Config
	filled   sync.Map // the hash of a config with the defaults, by its own
}

func (e *equalConfigs) same(a, b *format.Terms) bool {
	if a.Hash == b.Hash || e.defaults.Empty() {
		return a.Hash == b.Hash
	}
	filled, known := e.hash(a)
	other, alsoKnown := e.hash(b)
	return known && alsoKnown && filled == other
}

// hash returns the hash of a config with the defaults, and whether the config is known
// at all: of one that could not be read there is but the hash.
func (e *equalConfigs) hash(t *format.Terms) (filled string, known bool) {
	v, ok := e.filled.Load(t.Hash)
	if !ok {
		if t.Config.Hash() == t.Hash {
			filled = t.Config.Filled(e.defaults).Hash()
		}
		v, _ = e.filled.LoadOrStore(t.Hash, filled)
	}
	filled = v.(string)
	return filled, filled != ""
}

// same reports whether stamps made under a config count as if they had been made under
// the tree's own.
func (t *Tree) same(under *format.Terms) bool { return t.equal.same(under, t.under) }

// agrees reports whether a stamp that another process has made of a file is as good as
// one of ours.
func (t *Tree) agrees(under *format.Terms, path string, settings string) bool {
	if !t.same(under) || t.settings == nil {
		return t.same(under)
	}
	dir, _ := format.SplitPath(path)
	return t.settings.of(dir).text == settings
}

// Same reports whether a config is the tree's own, once the defaults are filled in.
func (t *Tree) Same(c format.Config) bool { return t.same(format.TermsOf(c)) }

// Diff lists what differs in the tree's config from another: see Config.Diff.
func (t *Tree) Diff(from format.Config) []string {
	return from.Filled(t.opt.Defaults).Diff(t.Config().Filled(t.opt.Defaults))
}

// counts reports whether stamps made under a config count.
func (t *Tree) counts(under *format.Terms) bool { return t.opt.AnyConfig || t.same(under) }
