package state

import (
	"testing"

	"treefilter/store/internal/format"
	"treefilter/store/internal/format/formattest"
)

// Two configs are the same if they are once the defaults are filled in on both sides.
func TestSameConfigs(t *testing.T) {
	for _, c := range []struct {
		defaults, a, b string
		same           bool
	}{
		{"{}", "{q: 1}", "{q: 1}", true},
		{"{}", "{q: 1}", "{}", false},
		{"{q: 1}", "{q: 1}", "{}", true},
		{"{q: 1}", "{}", "{q: 1}", true},
		{"{q: 1}", "{}", "{}", true},
		{"{q: 1}", "{q: 2}", "{}", false},
		{"{q: 1}", "{q: 2}", "{q: 1}", false},
		{"{q: 1}", "{q: 1, z: 1}", "{}", false},
		{"{q: 1, z: 1}", "{q: 1}", "{z: 1}", true},
		// as written
		{"{q: 1.0}", "{q: 1}", "{}", false},
		{`{q: "1"}`, "{q: 1}", "{}", false},
		{"{q: null}", "{q: null}", "{}", true},
		// a setting as a whole, not what is in it
		{"{png: {level: 9}}", "{png: {level: 9}}", "{}", true},
		{"{png: {level: 9}}", "{png: {level: 9, strip: all}}", "{png: {strip: all}}", false},
		{"{png: {level: 9}}", "{png: {}}", "{}", false},
	} {
		e := equalConfigs{defaults: formattest.MustConfig(t, c.defaults)}
		a, b := format.TermsOf(formattest.MustConfig(t, c.a)), format.TermsOf(formattest.MustConfig(t, c.b))
		for range 2 {
			if e.same(a, b) != c.same || e.same(b, a) != c.same {
				t.Errorf("with %s, %s and %s: not %v", c.defaults, c.a, c.b, c.same)
			}
		}
	}
}

// Of a config that could not be read there is only the hash, which says nothing of
// defaults.
func TestUnreadConfigIsNotDefault(t *testing.T) {
	e := equalConfigs{defaults: formattest.MustConfig(t, "{q: 1}")}
	if e.same(&format.Terms{Hash: "0123"}, format.TermsOf(format.Config{})) {
		t.Error("a config that is not known counts as empty")
	}
}
