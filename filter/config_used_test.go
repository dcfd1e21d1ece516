package filter

import (
	"reflect"
	"testing"

	"treefilter/store/state"
)

// TestAsGiven: a config that is given again as it is shown is the same one.
func TestAsGiven(t *testing.T) {
	for _, test := range []struct {
		config string
		want   Given
	}{
		{"", Given{}},
		{"{quality: 90, lossy: true}", Given{Pairs: []string{"lossy=true", "quality=90"}}},
		{"version: 1.10", Given{Pairs: []string{"version=1.10"}}},
		{`{a: "90", b: "", c: ~, d: it's, e: "x\ny"}`, Given{Pairs: []string{`a="90"`, `b=""`, "c=~", `d="it's"`, `e="x\ny"`}}},
		{"png: {level: 6, strip: [all, 'a, b']}", Given{Pairs: []string{`png={level: 6, strip: [all, "a, b"]}`}}},
		{"{a=b: 1, '': 2, c: 3}", Given{Pairs: []string{"c=3"}, Rest: []string{"", "a=b"}}},
		{"a: '#fff'", Given{Pairs: []string{`a="#fff"`}}},
	} {
		config, err := state.ParseConfig([]byte(test.config))
		if err != nil {
			t.Fatal(err)
		}
		got := AsGiven(config, "/photos")
		if !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: got %q, want %q", test.config, got, test.want)
		}
		if again, err := ReadConfig(got.Pairs, "", nil); len(got.Rest) == 0 && (err != nil || again.Config.Hash() != config.Hash()) {
			t.Errorf("%s: %q gives %v, %v", test.config, got.Pairs, again.Config, err)
		}
	}
}
