package filter

import (
	"strings"
	"testing"
)

func TestPattern(t *testing.T) {
	src := func(path string) *source { return &source{path: path, rel: "2024/a.b.jpg", out: "small/out"} }
	for _, test := range []struct{ pattern, path, want string }{
		{"plain", "photos/a.jpg", "plain"},
		{"{}", "photos/a.b.jpg", "photos/a.b.jpg"},
		{"{}.gz", "photos/a.jpg", "photos/a.jpg.gz"},
		{"{.}", "photos/a.b.jpg", "photos/a.b"},
		{"{.}", "pho.tos/a", "pho.tos/a"},
		{"{.}.webp", "photos/.hidden", "photos/.hidden.webp"},
		{"{.}", ".a.b", ".a"},
		{"{.}", "a.", "a"},
		{"{/}", "photos/a.b.jpg", "a.b.jpg"},
		{"{/}", "a.jpg", "a.jpg"},
		{"{/.}", "photos/a.b.jpg", "a.b"},
		{"{/.}", "photos/.hidden", ".hidden"},
		{"{//}", "photos/2024/a.jpg", "photos/2024"},
		{"{//}", "a.jpg", "."},
		{"{//}", "/a.jpg", "/"},
		{"{//}/small/{/}", "photos/a.jpg", "photos/small/a.jpg"},
		{"{rel}", "photos/a.jpg", "2024/a.b.jpg"},
		{"s/{rel.}.webp", "photos/a.jpg", "s/2024/a.b.webp"},
		{"{out}", "photos/a.jpg", "small/out"},
		{"{brace}.}", "a.jpg", "{.}"},
		{"{brace}{}}", "a", "{a}"},
		{"{}{}", "a", "aa"},

		// What is no placeholder stays as it is: a command may be full of braces.
		{"{print}", "a", "{print}"},
		{"{{}}", "a", "{a}"},
		{"{{.ID}}", "a", "{{.ID}}"},
		{"a}b{", "a", "a}b{"},
		{"{rel", "a", "{rel"},
		{"{ }", "a", "{ }"},
		{"{/{}", "a", "{/a"},
		{"", "a", ""},
		{"{}", "{}", "{}"},
	} {
		p, _ := parsePattern(test.pattern)
		if got := p.expand(src(test.path)); got != test.want {
			t.Errorf("%s of %s: %q, want %q", test.pattern, test.path, got, test.want)
		}
	}
}

func TestOutputs(t *testing.T) {
	for pattern, want := range map[string]string{
		"{}.gz":         "",
		"small/{rel}":   "",
		"{//}/done":     "",
		"{brace}x}{/.}": "",
		"small":         `no placeholder, such as {rel}, in "small": all files would have one output`,
		"{brace}x}":     `no placeholder, such as {rel}, in "{brace}x}": all files would have one output`,
		"{x}/{rel}":     `{x} in "{x}/{rel}" is no placeholder ({brace} stands for a brace)`,
		"{rel}/{":       `{ in "{rel}/{" is no placeholder ({brace} stands for a brace)`,
		"{rel}{a,b}":    `{a,b} in "{rel}{a,b}" is no placeholder ({brace} stands for a brace)`,
		"{rel}/{out}":   `{out} in "{rel}/{out}": that is for the command`,
	} {
		var o Outputs
		err := o.Add(pattern)
		if err == nil && want != "" || err != nil && err.Error() != want || (len(o) == 1) != (want == "") {
			t.Errorf("%s: %v, want %s", pattern, err, want)
		}
	}
}

// Text in which each brace is written as {brace} is that text again, and what is no
// placeholder is never changed.
func FuzzPattern(f *testing.F) {
	for _, seed := range []string{"", "{}", "{{}}", "{brace", "{.}{/}{//}{/.}{rel}{rel.}{out}", "}{", "a\xff{"} {
		f.Add(seed, "photos/a.jpg")
	}
	f.Fuzz(func(t *testing.T, text, path string) {
		src := &source{path: path, rel: path, out: path}
		quoted, unknown := parsePattern(strings.ReplaceAll(text, "{", "{brace}"))
		if got := quoted.expand(src); got != text || unknown != "" || quoted.varies() {
			t.Errorf("%q quoted: %q, unknown %q", text, got, unknown)
		}
		p, _ := parsePattern(text)
		if got := p.expand(src); !p.varies() && !strings.Contains(text, "{brace}") && got != text {
			t.Errorf("%q: %q", text, got)
		}
		if len(withoutExtension(path)) > len(path) {
			t.Errorf("%q without extension is longer", path)
		}
	})
}
