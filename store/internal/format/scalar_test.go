package format_test

import (
	"strings"
	"testing"

	"treefilter/store/internal/format"
	"treefilter/store/internal/format/formattest"

	"gopkg.in/yaml.v3"
)

func TestScalarForms(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		// Plain: letters, digits and _./+=@%^~$;()- where the first is a letter,
		// a digit or an underscore.
		{"img001.jpg", `img001.jpg`},
		{"_", `_`},
		{"A-b_c.d/e+f=g@h%i^j~k$l;m(n)", `A-b_c.d/e+f=g@h%i^j~k$l;m(n)`},
		{"y/n", `y/n`},
		{"nullable", `nullable`},
		{"falsey", `falsey`},
		// A digit in front only with a slash somewhere: no number, no date.
		{"2024/01.jpg", `2024/01.jpg`},
		{"1e3/0x1f", `1e3/0x1f`},
		{"2024.jpg", `"2024.jpg"`},
		{"1e3", `"1e3"`},
		// Double-quoted: all else that is UTF-8.
		{"", `""`},
		{" ", `" "`},
		{"a b", `"a b"`},
		{"odd: name.jpg", `"odd: name.jpg"`},
		{"a:", `"a:"`},
		{"-a", `"-a"`},
		{"/a", `"/a"`},
		{".hidden", `".hidden"`},
		{"a#b", `"a#b"`},
		{"it's", `"it's"`},
		{`say "hi"`, `"say \"hi\""`},
		{`back\slash`, `"back\\slash"`},
		{"naïve.png", `"naïve.png"`},
		{"日本.jpg", `"日本.jpg"`},
		// Whatever does not print is escaped.
		{"a\nb", `"a\nb"`},
		{"a\tb", `"a\tb"`},
		{"a\rb", `"a\x0db"`},
		{"esc\x1b[31m", `"esc\x1b[31m"`},
		{"\x00", `"\x00"`},
		{"\x7f", `"\x7f"`},
		{"\u0085", `"\x85"`},
		{"\u00a0", `"\xa0"`},
		{"\u202egnp.exe", `"\u202egnp.exe"`},
		{"\u2028", `"\u2028"`},
		{"\ufeff", `"\ufeff"`},
		{"\ufffd", `"\ufffd"`},
		{"\U000e0001", `"\U000e0001"`},
		// !!binary: what is not UTF-8.
		{"bad\xff", `!!binary "YmFk/w=="`},
		{"\xed\xa0\x80", `!!binary "7aCA"`},
	} {
		if got := string(format.AppendScalar(nil, c.in)); got != c.want {
			t.Errorf("%q: written as %s, want %s", c.in, got, c.want)
		}
		checkScalar(t, c.in)
	}
}

// Words that some reader of YAML 1.1 or 1.2 takes for something else than
// text are never written plain.
func TestWordsThatYAMLResolves(t *testing.T) {
	words := []string{
		"~", "<<", "=", "-", "--", "?", ":", "!", "&a", "*a", "|", ">", "%", "@", "`", "{}", "[]", "---", "...",
		"0", "1", "-1", "+1", "017", "0o17", "0x1F", "0b1", "1_000", "1.", "1.5", ".5", "1e3", "1E+3", "12:30", "12:30:45", "190:20:30.15",
		".inf", "-.inf", "+.INF", ".Inf", ".nan", ".NaN", "2001-01-01", "2001-12-14t21:59:43.10-05:00",
	}
	for _, w := range []string{"y", "n", "yes", "no", "on", "off", "true", "false", "null"} {
		words = append(words, w, strings.ToUpper(w), strings.ToUpper(w[:1])+w[1:])
	}
	for _, w := range words {
		if got := string(format.AppendScalar(nil, w)); got[0] != '"' {
			t.Errorf("%s is written plain", got)
		}
		checkScalar(t, w)
	}
	for _, name := range formattest.HardNames {
		checkScalar(t, name)
	}
}

// checkScalar writes s as a key and as a value, and wants yaml.v3 and the fast
// reader to see that very string.
func checkScalar(t *testing.T, s string) {
	t.Helper()
	for _, form := range [][]byte{format.AppendScalar(nil, s), format.AppendQuoted(nil, s)} {
		path, rest, ok := format.CutKey([]byte(string(form) + ": 1"))
		if !ok || string(path) != s || string(rest) != ": 1" {
			t.Fatalf("%q: the fast reader sees %q %q %v in %s", s, path, rest, ok, form)
		}
		text := "? " + string(form) + "\n: 1\n"
		if len(form) <= format.MaxImplicitKey {
			text = string(form) + ": 1\n"
		}
		root, err := format.DecodeYAML([]byte(text))
		if err != nil {
			t.Fatalf("%q: %s: %v", s, text, err)
		}
		checkNode(t, root.Content[0], s)
		flow, err := format.DecodeYAML([]byte("- set: {path: " + string(form) + "}\n"))
		if err != nil {
			t.Fatalf("%q: in flow: %s: %v", s, form, err)
		}
		checkNode(t, flow.Content[0].Content[1].Content[1], s)
	}
	quoted := format.AppendQuoted(nil, s)
	path, rest, ok := format.CutQuoted(append(quoted, ", x"...))
	if !ok || string(path) != s || string(rest) != ", x" {
		t.Fatalf("%q: cutQuoted sees %q %q %v in %s", s, path, rest, ok, quoted)
	}
}

func checkNode(t *testing.T, node *yaml.Node, s string) {
	t.Helper()
	tag, value := node.ShortTag(), node.Value
	if tag == "!!binary" {
		tag = "!!str"
		if err := node.Decode(&value); err != nil {
			t.Fatal(err)
		}
	}
	if tag != "!!str" || value != s {
		t.Fatalf("%q: yaml.v3 sees %s %q", s, tag, value)
	}
	if value, err := format.StateValue(node); err != nil || value != s {
		t.Fatalf("%q: stateValue sees %q, %v", s, value, err)
	}
}

// The fast reader takes what the writer writes and leaves the rest alone.
func TestScalarsLeftToYAML(t *testing.T) {
	for _, in := range []string{
		`"`, `"a`, `"a\`, `"a\"`, `'a'`, `"\q"`, `"\x1"`, `"\x1G"`, `"\xFF"`, `"\ud800"`, `"\U00110000"`, `"\Uffffffff"`,
		`"\/"`, `"\0"`, `"\e"`, "\"\t\"", "\"\x1b\"", "\"\u0085\"", "\"\u2028\"", "\"\ufeff\"", "\"\xff\"",
		`!!binary`, `!!binary "`, `!!binary YQ==`, `!!binary "YQ"`, `!!binary "YR=="`, "!!binary \"Y\nQ==\"", `!!binary  "YQ=="`, `!!str "a"`, ``,
	} {
		if value, _, ok := format.CutQuoted([]byte(in)); ok {
			t.Errorf("%s: read as %q", in, value)
		}
	}
	for _, in := range []string{"", "-a", "no", "1", "a b", "~", ".a", "a,b", "[a", "a'b", "é"} {
		if value, _, ok := format.CutKey([]byte(in)); ok {
			t.Errorf("%s: read as key %q", in, value)
		}
	}
}

// FuzzName: any string is read back as itself, in every form that we write.
func FuzzName(f *testing.F) {
	for _, name := range formattest.HardNames {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > format.MaxPath {
			return
		}
		checkScalar(t, s)
		for _, c := range format.AppendScalar(nil, s) {
			if c < ' ' || c == 0x7f {
				t.Fatalf("%q: a control character is written as it is", s)
			}
		}
	})
}
