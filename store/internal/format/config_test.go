package format_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"treefilter/store/internal/format"
	"treefilter/store/internal/format/formattest"
)

func TestConfigCanonicalForm(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", `{}`},
		{"# nothing", `{}`},
		{"~", `{}`},
		{"{}", `{}`},
		{"quality: 90", `{quality: 90}`},
		{"b: 1\na: 2", `{a: 2, b: 1}`},
		{"Z: 1\na: 2\né: 3", `{Z: 1, a: 2, "é": 3}`},
		{"a: {d: 1, c: [x, {f: 2, e: 1}]}", `{a: {c: [x, {e: 1, f: 2}], d: 1}}`},
		{"a: []\nb: {}", `{a: [], b: {}}`},
		{"a: &x [1, 2]\nb: *x", `{a: [1, 2], b: [1, 2]}`},
		{"1: a\nodd key: b", `{"1": a, "odd key": b}`},
		{"<<: {a: 1}", `{"<<": {a: 1}}`}, // no merging
		// What a reader may take for other than text stands as it was written.
		{"a: 1.10", `{a: 1.10}`},
		{"a: 010", `{a: 010}`},
		{"a: 0x1F", `{a: 0x1F}`},
		{"a: +1_000", `{a: +1_000}`},
		{"a: 100000000000000000000001", `{a: 100000000000000000000001}`},
		{"a: [1e3, .50, -0.0, .inf, -.INF, .NaN]", `{a: [1e3, .50, -0.0, .inf, -.INF, .NaN]}`},
		{"a: [True, yes, y, Off, null, ~]", `{a: [True, yes, y, Off, null, ~]}`},
		{"a: [2001-01-01, 2001-12-14 21:59:43.10 -5, 12:30:45]", `{a: [2001-01-01, 2001-12-14 21:59:43.10 -5, 12:30:45]}`},
		{"a: [1.2.3, -j4, .eslintrc]", `{a: [1.2.3, -j4, .eslintrc]}`},
		{`a: ["1.10", "True", 'null', "~", ".inf", "2001-01-01"]`, `{a: ["1.10", "True", "null", "~", ".inf", "2001-01-01"]}`},
		{"a: !!str 1.10", `{a: "1.10"}`},
		// A value left out is null.
		{"a:", `{a: null}`},
		{"a:\n-\n- b", `{a: [null, b]}`},
		{`a: ""`, `{a: ""}`},
		// Text is what it is without its quotes.
		{"a: [a b, 'a b', \"a b\"]", `{a: ["a b", "a b", "a b"]}`},
		{"a: 1, 2", `{a: "1, 2"}`},
		{"a: 50%", `{a: "50%"}`},
		{"a: [<<, =, é]", `{a: ["<<", "=", "é"]}`},
		{"a: |\n  two\n  lines\n", `{a: "two\nlines\n"}`},
		{"a: two\n  lines", `{a: "two lines"}`},
		{`a: "esc\e[31m"`, `{a: "esc\x1b[31m"}`},
		// Tags are part of a value, but for those that it has without.
		{"a: !!float 3", `{a: !!float "3"}`},
		{"a: !!binary YQ==", `{a: !!binary "YQ=="}`},
		{"a: !!null", `{a: !!null ""}`},
		{"a: !mine b", `{a: !mine "b"}`},
		{"a: '!mine b'", `{a: "!mine b"}`},
		{"a: !seq [1]\nb: {'!seq': [1]}", `{a: !seq [1], b: {"!seq": [1]}}`},
		{"a: !!set {b, c}", `{a: !!set {b: null, c: null}}`},
		{"a: !!map {b: !!seq [!!python/name:one.two '']}", `{a: {b: [!!python/name:one.two ""]}}`},
		{"a: !out [&x 2, !in {c: 1, b: *x}]", `{a: !out [2, !in {b: 2, c: 1}]}`},
	} {
		got := formattest.MustConfig(t, c.in)
		if got.String() != c.want {
			t.Errorf("%q: got %s, want %s", c.in, got, c.want)
		}
		checkConfig(t, got)
	}
}

// checkConfig wants the canonical forms, flow and block, to be read back as
// the same config.
func checkConfig(t *testing.T, c format.Config) {
	t.Helper()
	for _, text := range []string{c.String(), string(format.AppendBlock(nil, c.Values, 0))} {
		back, err := format.ParseConfig([]byte(text))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if back.Hash() != c.Hash() || back.String() != c.String() || c.Diff(back) != nil {
			t.Fatalf("%s is read back as %s", text, back)
		}
	}
	line := format.NewSession("treefilter", "0123456789abcdef", c).AppendOpen(nil)
	body, crc, ok := format.CutCRC(line[:len(line)-1])
	r, err := format.ParseHandRecord(body)
	if !ok || crc != format.Crc32Of(body) || err != nil || r.Session.Hash != c.Hash() {
		t.Fatalf("%s is read back as %+v, %v", line, r.Session, err)
	}
}

// Two configs are one when they were written alike, but for the order of keys
// and for style.
func TestConfigHash(t *testing.T) {
	same := [][2]string{
		{"{a: 1, b: {c: 2, d: 3}}", "b:\n  d: 3\n  c: 2\na: 1"},
		{"a: [1, 2]", "a:\n- 1 # one\n- 2"},
		{"a: b", `"a": 'b'`},
		{"a: b", "a: >-\n  b"},
		{"a: [x, x]", "a: [&x x, *x]"},
		{`a: "1"`, "a: '1'"},
		{`a: "1"`, "a: !!str 1"},
		{"1: a", `"1": a`}, // a key is its text: so does -c name it
		{"", "{}"},
	}
	other := [][2]string{
		{"1.1", "1.10"}, {"8", "010"}, {"31", "0x1f"}, {"0x1f", "0x1F"}, {"1.0", "1.00"}, {"1", "1.0"}, {"1", "+1"},
		{"1000", "1_000"}, {"1000", "1e3"}, {"1e3", "1E3"}, {"0", "-0"}, {".5", "0.5"}, {".inf", ".Inf"},
		{"0e1", "0e2"}, {"100000000000000000000001", "100000000000000000000002"},
		{"1", `"1"`}, {"true", `"true"`}, {"null", `"null"`}, {"yes", `"yes"`}, {"2001-01-01", `"2001-01-01"`}, {"12:30:45", `"12:30:45"`},
		{"true", "True"}, {"true", "yes"}, {"null", "~"}, {"null", "Null"}, {"null", `""`},
		{"{}", "[]"}, {"[b, c]", `["b, c"]`}, {"[1, 2]", "[2, 1]"}, {"[1]", "[[1]]"},
		{"!mine b", "b"}, {"!mine b", "!other b"}, {"!mine b", `"!mine b"`}, {"!seq [1]", `{"!seq": [1]}`}, {"!seq [1]", `"!seq [1]"`},
		{"!!float 3", "3"}, {"!!float 3", "!!int 3"}, {"!!binary YQ==", "YQ=="}, {"!!set {b: null}", "{b: null}"},
	}
	for _, p := range same {
		if formattest.MustConfig(t, p[0]).Hash() != formattest.MustConfig(t, p[1]).Hash() {
			t.Errorf("%q and %q differ", p[0], p[1])
		}
	}
	for _, p := range other {
		for _, at := range []string{"a: %s", "a: [x, %s]", "a: {b: {c: %s}}", "a: !tag [%s]"} {
			one, two := formattest.MustConfig(t, fmt.Sprintf(at, p[0])), formattest.MustConfig(t, fmt.Sprintf(at, p[1]))
			if one.Hash() == two.Hash() {
				t.Errorf("%s and %s in %q hash alike", p[0], p[1], at)
			}
		}
	}
	for _, p := range [][2]string{{"a: null", "{}"}, {"{a: b, c: d}", `a: "b, c: d"`}, {"a: {b: 1}", "a.b: 1"}} {
		if formattest.MustConfig(t, p[0]).Hash() == formattest.MustConfig(t, p[1]).Hash() {
			t.Errorf("%q and %q hash alike", p[0], p[1])
		}
	}
}

// Every short plain scalar that YAML takes at all is written as what it is.
func TestConfigPlainScalars(t *testing.T) {
	const signs = "1ae+-.:_~ #,"
	scalars := []string{""}
	for start, length := 0, 1; length <= 3; length++ {
		end := len(scalars)
		for _, s := range scalars[start:end] {
			for _, c := range signs {
				scalars = append(scalars, s+string(c))
			}
		}
		start = end
	}
	for _, s := range scalars {
		for _, at := range []string{"a: %s\nb: c\n", "a:\n- %s\n", "{a: %s, b: c}", "a: [%s, b]", "a: !t {b: %s}"} {
			if c, err := format.ParseConfig(fmt.Appendf(nil, at, s)); err == nil {
				checkConfig(t, c)
			}
		}
	}
}

func TestConfigRefused(t *testing.T) {
	bomb := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := range 20 {
		bomb += fmt.Sprintf("a%d: &a%d [%s*a%d]\n", i+1, i+1, strings.Repeat(fmt.Sprintf("*a%d, ", i), 9), i)
	}
	for _, c := range []struct{ in, want string }{
		{"90", "not a mapping"},
		{"[a]", "not a mapping"},
		{"just text", "not a mapping"},
		{"a: 1\n---\nb: 2", "more than one document"},
		{"a: 1\na: 2", "stands twice"},
		{"1: a\n\"1\": b", "stands twice"},
		{"a: {b: 1, b: 2}", "stands twice"},
		{"? [a]\n: 1", "no scalar"},
		{"? {a: b}\n: 1", "no scalar"},
		{strings.Repeat("k", format.MaxConfigKey+1) + ": 1", "key of 251 bytes"},
		{bomb, "more than 262144 bytes"},
		{"a: &a " + strings.Repeat("x", 1<<20) + "\nb: [" + strings.Repeat("*a, ", 40_000) + "]", "more than 262144 bytes"},
		{"a: [" + strings.Repeat("x, ", 100_000) + "]", "more than 262144 bytes"},
		{"a: " + strings.Repeat("[", format.MaxConfigDepth) + strings.Repeat("]", format.MaxConfigDepth), "more than 32 levels"},
		{"a: " + strings.Repeat("!t [", format.MaxConfigDepth) + strings.Repeat("]", format.MaxConfigDepth), "more than 32 levels"},
		{"a: &a [*a]", "more than 32 levels"},
		{"!!binary YQ==: 1", "line 1: a key with a tag"},
		{"a: !<tag:example.com,2000:x> 1", "tag"},
		{"a: !a%20b 1", "tag"},
		{"a: *nowhere", ""},
		{"a: [", ""},
		{"a: \"\x01\"", ""},
		{"\xff: 1", ""},
	} {
		got, err := format.ParseConfig([]byte(c.in))
		if err == nil {
			t.Errorf("%.40q: accepted as %.40s", c.in, got)
		} else if !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.40q: %v, want %q", c.in, err, c.want)
		}
	}
}

func TestConfigWith(t *testing.T) {
	base := formattest.MustConfig(t, "{quality: 80}")
	for _, c := range []struct{ key, value, want string }{
		{"quality", "90", `{quality: 90}`},
		{"quality", "1.10", `{quality: 1.10}`},
		{"lossy", "", `{lossy: "", quality: 80}`},
		{"lossy", "null", `{lossy: null, quality: 80}`},
		{"name", "a, b", `{name: "a, b", quality: 80}`},
		{"list", "[1, {a: b}]", `{list: [1, {a: b}], quality: 80}`},
		{"", "1", `{"": 1, quality: 80}`},
		{strings.Repeat("\x01", format.MaxConfigKey), "1", `{"` + strings.Repeat(`\x01`, format.MaxConfigKey) + `": 1, quality: 80}`},
	} {
		got, err := base.With(c.key, c.value)
		if err != nil || got.String() != c.want {
			t.Errorf("%s=%s: got %s, %v, want %s", c.key, c.value, got, err, c.want)
		}
		checkConfig(t, got)
		if !got.Has(c.key) {
			t.Errorf("%s is not set", c.key)
		}
	}
	if base.String() != `{quality: 80}` {
		t.Errorf("With changed its receiver to %s", base)
	}
	for _, c := range [][2]string{{"bad\xff", "1"}, {strings.Repeat("k", format.MaxConfigKey+1), "1"}, {"a", "["}, {"a", "\xff"}} {
		if got, err := base.With(c[0], c[1]); err == nil {
			t.Errorf("%.20q=%q: accepted as %.40s", c[0], c[1], got)
		}
	}
	// What YAML passes over is refused: a change in it would go unnoticed.
	for value, want := range map[string]string{
		"#fff": "a YAML comment", "b #1": "a YAML comment", "[b, c] # d": "a YAML comment",
		"&b": "a YAML anchor", "&b c": "a YAML anchor", "[&b c, d]": "a YAML anchor",
		"! b": "a YAML tag", "!": "a YAML tag",
		"---": "a YAML document marker", "--- b": "a YAML document marker", "b\n...": "a YAML document marker",
		"|": "a YAML indicator", ">": "a YAML indicator", ">-": "a YAML indicator", "?": "a YAML indicator", "-": "a YAML indicator",
	} {
		if got, err := base.With("a", value); err == nil || !strings.Contains(err.Error(), want+": quote it") {
			t.Errorf("a=%q: %s, error %v, want %s", value, got, err, want)
		}
		if got, err := base.With("a", strconv.Quote(value)); err != nil {
			t.Errorf("a=%q, quoted: %s, error %v", value, got, err)
		}
	}
	for _, value := range []string{"!b c", "[]", "{}", "''", "|\n  text\n", "----", "b&c", "b#c", "wow!", "C:", "- b"} {
		if _, err := base.With("a", value); err != nil {
			t.Errorf("a=%q: %v", value, err)
		}
	}
	fresh, err := format.Config{}.With("a", "1")
	if err != nil || fresh.String() != "{a: 1}" || fresh.Empty() || !(format.Config{}).Empty() {
		t.Errorf("from the empty config: %s, %v", fresh, err)
	}
}

func TestNewConfig(t *testing.T) {
	got, err := format.NewConfig(map[string]any{"quality": 90, "sizes": []int{1, 2}, "on": true, "name": "x: y", "nested": map[string]float64{"f": 2.5}, "text": "1.10", "none": nil})
	if want := `{name: "x: y", nested: {f: 2.5}, none: null, "on": true, quality: 90, sizes: [1, 2], text: "1.10"}`; err != nil || got.String() != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
	checkConfig(t, got)
}

func TestConfigDiff(t *testing.T) {
	for _, c := range []struct {
		from, to string
		want     []string
	}{
		{"{a: 1}", "{a: 1}", nil},
		{"quality: 80", "quality: 90", []string{"quality: 80 -> 90"}},
		{"", "quality: 90", []string{"quality: unset -> 90"}},
		{"quality: 90", "", []string{"quality: 90 -> unset"}},
		{"a: null", "", []string{"a: null -> unset"}},
		{"a: 1", "a: 1.0", []string{"a: 1 -> 1.0"}},
		{"a: 1", `a: "1"`, []string{`a: 1 -> "1"`}},
		{"a: [1, 2]", "a: [2, 1]", []string{"a: [1, 2] -> [2, 1]"}},
		{"png: {level: 6, strip: all}", "png: {level: 9, strip: all, fast: true}", []string{"png.fast: unset -> true", "png.level: 6 -> 9"}},
		{"a: {b: 1}", "a: 1", []string{"a: {b: 1} -> 1"}},
		{"{z: 1, a: 1}", "{m: 1, a: 2}", []string{"a: 1 -> 2", "m: unset -> 1", "z: 1 -> unset"}},
		// What is like the digest of a dependency elsewhere is a setting like any other.
		{"a: {depends: {b: " + formattest.SumA + "}}", "a: {depends: {}}", []string{"a.depends.b: " + formattest.SumA[:60] + "… -> unset"}},
		{"depends: [x]", "depends: [y]", []string{"depends: [x] -> [y]"}},
		{"depends: {b: x}", "depends: {b: " + formattest.SumA + "}", []string{"depends.b: x -> " + formattest.SumA[:60] + "…"}},
		{"depends: {}", "", []string{"depends: {} -> unset"}},
		// Of a long value, what differs is shown, and a little of what stands before.
		{"a: " + strings.Repeat("x", 59), "a: " + strings.Repeat("x", 60), []string{"a: " + strings.Repeat("x", 59) + " -> " + strings.Repeat("x", 60)}},
		{"a: " + strings.Repeat("x", 61), "a: 1", []string{"a: " + strings.Repeat("x", 60) + "… -> 1"}},
		{
			"a: [" + strings.Repeat("one, ", 20) + "two, " + strings.Repeat("three, ", 20) + "]",
			"a: [" + strings.Repeat("one, ", 20) + "four]",
			[]string{"a: …one, one, one, one, two, three, three, three, three, three, … -> …one, one, one, one, four]"},
		},
		{"a: " + strings.Repeat("é", 100), "a: " + strings.Repeat("é", 101), []string{"a: …" + strings.Repeat("é", 20) + `" -> …` + strings.Repeat("é", 21) + `"`}},
	} {
		got := formattest.MustConfig(t, c.from).Diff(formattest.MustConfig(t, c.to))
		if !slices.Equal(got, c.want) {
			t.Errorf("%s to %s: got %q, want %q", c.from, c.to, got, c.want)
		}
	}
}

// FuzzConfig: whatever is read as a config is written in forms that are read
// as the same config.
func FuzzConfig(f *testing.F) {
	for _, s := range []string{"", "quality: 90", "{a: [1, 2.5, .nan], b: {c: ~}}", "a: &x {b: 1}\nc: *x", "a: 2001-01-01\nyes: no", "- a", "a: [1.10, '1.10', ~, !t {b: y}]"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := format.ParseConfig(text)
		if err != nil || len(c.String()) > 64<<10 {
			return
		}
		checkConfig(t, c)
	})
}

func TestConfigDescribe(t *testing.T) {
	for _, c := range []struct{ config, described, json string }{
		{"", "empty", "{}"},
		{"{quality: 90, on: true, no: null, v: 1.10, name: it is}", `name="it is", no=null, on=true, quality=90, v=1.10`,
			`{"name":"it is","no":null,"on":true,"quality":90,"v":1.10}`},
		{"{a: yes, b: 0x1f, c: .nan, d: '90', e: !t x, f: 010}", `a=yes, b=0x1f, c=.nan, d="90", e=!t "x", f=010`,
			`{"a":"yes","b":"0x1f","c":".nan","d":"90","e":"!t \"x\"","f":"010"}`},
		{"{png: {level: 6, strip: [all, '']}}", `png={level: 6, strip: [all, ""]}`, `{"png":{"level":6,"strip":["all",""]}}`},
		{"{a: \"x\\ny\\x01\"}", `a="x\ny\x01"`, `{"a":"x\ny\u0001"}`},
		{"depends: {lint.yml: " + formattest.SumA + "}", "content of lint.yml", `{"depends":{"lint.yml":"` + formattest.SumA + `"}}`},
		{"depends: {lint.yml: x}", "depends={lint.yml: x}", `{"depends":{"lint.yml":"x"}}`},
	} {
		config := formattest.MustConfig(t, c.config)
		got, err := config.MarshalJSON()
		if err != nil || string(got) != c.json || config.Describe() != c.described {
			t.Errorf("%s: %s, %s, %v, want %s, %s", c.config, config.Describe(), got, err, c.described, c.json)
		}
	}
}
