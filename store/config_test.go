package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func mustConfig(t testing.TB, text string) Config {
	t.Helper()
	c, err := ParseConfig([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return c
}

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
		// Scalars.
		{"a:", `{a: null}`},
		{"a: Null", `{a: null}`},
		{`a: ""`, `{a: ""}`},
		{"a: True", `{a: true}`},
		{"a: yes", `{a: "yes"}`},
		{"a: 0x10", `{a: 16}`},
		{"a: -0o17", `{a: -15}`},
		{"a: +1_000", `{a: 1000}`},
		{"a: 9223372036854775807", `{a: 9223372036854775807}`},
		{"a: 18446744073709551615", `{a: 18446744073709551615}`},
		{"a: 18446744073709551616", `{a: 18446744073709551616}`},
		{"a: 1.50", `{a: 1.5}`},
		{"a: 1.0", `{a: 1.0}`},
		{"a: 1e3", `{a: 1e3}`},
		{"a: 1e6", `{a: 1e6}`},
		{"a: -0.0", `{a: -0.0}`},
		{"a: [.inf, -.INF, .NaN]", `{a: [.inf, -.inf, .nan]}`},
		{`a: "90"`, `{a: "90"}`},
		{"a: !!str 90", `{a: "90"}`},
		{"a: !!float 3", `{a: 3.0}`},
		{"a: 2001-01-01", `{a: "2001-01-01"}`},
		{"a: !!binary YQ==", `{a: YQ==}`},
		{"a: !mine b", `{a: "!mine b"}`},
		{"a: !seq [1]", `{a: {"!seq": [1]}}`},
		{"a: 100000000000000000000001", `{a: 100000000000000000000001}`},
		{"a: 0e1", `{a: 0e1}`},
		{"a: .50", `{a: 0.5}`},
		{"a: |\n  two\n  lines\n", `{a: "two\nlines\n"}`},
		{`a: "esc\e[31m"`, `{a: "esc\x1b[31m"}`},
	} {
		got := mustConfig(t, c.in)
		if got.String() != c.want {
			t.Errorf("%q: got %s, want %s", c.in, got, c.want)
		}
		checkConfig(t, got)
	}
}

// checkConfig wants the canonical forms, flow and block, to be read back as
// the same config.
func checkConfig(t *testing.T, c Config) {
	t.Helper()
	for _, text := range []string{c.String(), string(appendBlock(nil, c.values, 0))} {
		back, err := ParseConfig([]byte(text))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if back.Hash() != c.Hash() || back.String() != c.String() || c.Diff(back) != nil {
			t.Fatalf("%s is read back as %s", text, back)
		}
	}
	line := newSession("treefilter", "0123456789abcdef", c).appendOpen(nil)
	body, crc, ok := cutCRC(line[:len(line)-1])
	r, err := parseHandRecord(body)
	if !ok || crc != crc32Of(body) || err != nil || r.session.hash != c.Hash() {
		t.Fatalf("%s is read back as %+v, %v", line, r.session, err)
	}
}

func TestConfigHash(t *testing.T) {
	same := [][2]string{
		{"{a: 1, b: {c: 2, d: 3}}", "b:\n  d: 3\n  c: 2\na: 1"},
		{"a: 16", "a: 0x10"},
		{"a: [1, 2]", "a:\n- 1\n- 2"},
		{"a: b", `"a": 'b'`},
		{"", "{}"},
	}
	other := [][2]string{
		{"a: [1, 2]", "a: [2, 1]"},
		{"a: 1", "a: 1.0"},
		{"a: 1", `a: "1"`},
		{"a: null", "{}"},
		{"a: null", `a: "null"`},
		{"a: true", `a: "true"`},
		{"a: {}", "a: []"},
		{"a: [b, c]", `a: ["b, c"]`},
		{"{a: b, c: d}", `a: "b, c: d"`},
	}
	for _, p := range same {
		if mustConfig(t, p[0]).Hash() != mustConfig(t, p[1]).Hash() {
			t.Errorf("%q and %q differ", p[0], p[1])
		}
	}
	for _, p := range other {
		if mustConfig(t, p[0]).Hash() == mustConfig(t, p[1]).Hash() {
			t.Errorf("%q and %q hash alike", p[0], p[1])
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
		{strings.Repeat("k", maxConfigKey+1) + ": 1", "key of 251 bytes"},
		{bomb, "too large"},
		{"a: &a [*a]", ""},
		{"a: *nowhere", ""},
		{"a: [", ""},
		{"a: \"\x01\"", ""},
		{"\xff: 1", ""},
	} {
		got, err := ParseConfig([]byte(c.in))
		if err == nil {
			t.Errorf("%.40q: accepted as %.40s", c.in, got)
		} else if !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.40q: %v, want %q", c.in, err, c.want)
		}
	}
}

func TestConfigWith(t *testing.T) {
	base := mustConfig(t, "{quality: 80}")
	for _, c := range []struct{ key, value, want string }{
		{"quality", "90", `{quality: 90}`},
		{"lossy", "", `{lossy: null, quality: 80}`},
		{"name", "a, b", `{name: "a, b", quality: 80}`},
		{"list", "[1, {a: b}]", `{list: [1, {a: b}], quality: 80}`},
		{"", "1", `{"": 1, quality: 80}`},
		{strings.Repeat("\x01", maxConfigKey), "1", `{"` + strings.Repeat(`\x01`, maxConfigKey) + `": 1, quality: 80}`},
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
	for _, c := range [][2]string{{"bad\xff", "1"}, {strings.Repeat("k", maxConfigKey+1), "1"}, {"a", "["}, {"a", "\xff"}} {
		if got, err := base.With(c[0], c[1]); err == nil {
			t.Errorf("%.20q=%q: accepted as %.40s", c[0], c[1], got)
		}
	}
	fresh, err := Config{}.With("a", "1")
	if err != nil || fresh.String() != "{a: 1}" || fresh.Empty() || !(Config{}).Empty() {
		t.Errorf("from the empty config: %s, %v", fresh, err)
	}
}

func TestNewConfig(t *testing.T) {
	got, err := NewConfig(map[string]any{"quality": 90, "sizes": []int{1, 2}, "on": true, "name": "x: y", "nested": map[string]float64{"f": 2}})
	if want := `{name: "x: y", nested: {f: 2}, "on": true, quality: 90, sizes: [1, 2]}`; err != nil || got.String() != want {
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
	} {
		got := mustConfig(t, c.from).Diff(mustConfig(t, c.to))
		if !slices.Equal(got, c.want) {
			t.Errorf("%s to %s: got %q, want %q", c.from, c.to, got, c.want)
		}
	}
}

// FuzzConfig: whatever is read as a config is written in forms that are read
// as the same config.
func FuzzConfig(f *testing.F) {
	for _, s := range []string{"", "quality: 90", "{a: [1, 2.5, .nan], b: {c: ~}}", "a: &x {b: 1}\nc: *x", "a: 2001-01-01\nyes: no", "- a"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := ParseConfig(text)
		if err != nil || len(c.String()) > 64<<10 {
			return
		}
		checkConfig(t, c)
	})
}
