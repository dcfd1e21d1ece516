package state

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
	"treefilter/store/internal/format/formattest"
)

func standings(t *testing.T, tree *Tree, paths ...string) string {
	t.Helper()
	words := map[format.Standing]string{format.Unknown: "unknown", format.Stamped: "stamped", format.OtherConfig: "other", format.Dropped: "dropped"}
	r := tree.Reader()
	var all []string
	for _, p := range paths {
		read, s := r.Standing(r.enterFor(p))
		asked, again, _, err := tree.Standing(p)
		if err != nil || asked != read || s.Time != again.Time {
			t.Errorf("%s: a reader says %v %v, the tree %v %v, %v", p, read, s, asked, again, err)
		}
		all = append(all, p+" "+words[read])
	}
	return strings.Join(all, ", ")
}

// A dump keeps the stamps of every config, each until its file is processed under
// another. Under the old config they count as before.
func TestDumpKeepsOtherConfigs(t *testing.T) {
	x, y, z := formattest.MustConfig(t, "q: 1"), formattest.MustConfig(t, "q: 2"), formattest.MustConfig(t, "q: 3")
	old := entry("e", 1)
	old.Digest, old.Exact = formattest.Digest, true
	tree := treeOf(t, Options{Config: z}, sealedConfigs(t, x, entry("a", 1), entry("b", 1), entry("d/c", 1), old, z, entry("f", 1)),
		string(lines(format.NewSession(disk.DefaultProgram, testID, y), entry("a", 2), "-b", "!f", vouch{})))
	for round := range 3 {
		for c, want := range map[*format.Config]string{&x: "d/c=1 e=1", &y: "a=2", &z: ""} {
			if got := stamped(reopen(t, tree.root, Options{Config: *c})); got != want {
				t.Errorf("round %d: under %s: %q, want %q", round, c, got, want)
			}
		}
		under := reopen(t, tree.root, Options{Config: x})
		if n := under.OtherConfigs(); n != 1 {
			t.Errorf("round %d: %d stamps of other configs", round, n)
		}
		if newest, ok := under.Stored(); !ok || newest.Hash() != y.Hash() {
			t.Errorf("round %d: the newest config is %s", round, newest)
		}
		if got := standings(t, under, "a", "b", "d/c", "f", "g"); got != "a other, b dropped, d/c stamped, f unknown, g unknown" {
			t.Errorf("round %d: %s", round, got)
		}
		if s, ok := under.Get("e"); !ok || !s.Exact || s.Digest == nil || *s.Digest != *formattest.Digest {
			t.Errorf("round %d: e has %v, %v", round, s, ok)
		}
		if n, err := dumpTree(tree); n != 3 || err != nil {
			t.Fatalf("round %d: %d stamps, %v", round, n, err)
		}
	}
	// 80, 90, 80: what was processed under 90 comes again, and nothing else.
	if err := appendTo(reopen(t, tree.root, Options{Config: x}), []format.Entry{entry("a", 3)}); err != nil {
		t.Fatal(err)
	}
	if got := stamped(reopen(t, tree.root, Options{Config: y})); got != "" {
		t.Errorf("under y: %q", got)
	}
}

// A mistyped key costs nothing: 200 stamps, 25 of them made anew under the wrong
// config, and back.
func TestWrongConfig(t *testing.T) {
	right, wrong := formattest.MustConfig(t, "quality: 85"), formattest.MustConfig(t, "quailty: 85")
	var all []format.Entry
	for i := range 200 {
		all = append(all, entry(fmt.Sprintf("d%d/f%03d", i%7, i), 1))
	}
	dir := t.TempDir()
	for _, run := range []struct {
		format.Config
		entries []format.Entry
	}{{right, all}, {wrong, all[:25]}} {
		tree := reopen(t, dir, Options{Config: run.Config})
		if err := appendTo(tree, run.entries); err != nil {
			t.Fatal(err)
		}
		if _, err := dumpTree(tree); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(slices.Collect(reopen(t, dir, Options{Config: right}).Stamps())); n != 175 {
		t.Errorf("%d stamps of 200 are left, want 175", n)
	}
}

// A dump that is asked to drops the stamps of other configs, and says how many of
// which. So it does with what a dump has just kept.
func TestDumpNewestOnly(t *testing.T) {
	x, y, z := formattest.MustConfig(t, "q: 1"), formattest.MustConfig(t, "q: 2"), formattest.MustConfig(t, "q: 3")
	snapshot := sealedConfigs(t, x, entry("a", 1), entry("b", 1), entry("c", 1), z, entry("d", 1), entry("e", 1), "-g")
	wal := string(lines(format.NewSession(disk.DefaultProgram, testID, y), entry("a", 2), entry("f", 2), vouch{}))
	for _, first := range []bool{false, true} {
		tree := treeOf(t, Options{Config: x}, snapshot, wal)
		if first {
			if _, err := dumpTree(tree); err != nil {
				t.Fatal(err)
			}
		}
		done, err := tree.Dump(DumpOptions{NewestOnly: true})
		if err != nil || done.Stamps != 2 {
			t.Errorf("%+v, %v", done, err)
		}
		var dropped []string
		for _, d := range done.Dropped {
			dropped = append(dropped, fmt.Sprintf("%d of %s", d.Stamps, d.Config))
		}
		slices.Sort(dropped)
		if got := strings.Join(dropped, ", "); got != "2 of {q: 1}, 2 of {q: 3}" {
			t.Errorf("dropped %s", got)
		}
		if got := stamped(reopen(t, tree.root, Options{AnyConfig: true})); got != "a=2 f=2" {
			t.Errorf("left: %s", got)
		}
		if got := standings(t, reopen(t, tree.root, Options{Config: y}), "b", "g"); got != "b unknown, g dropped" {
			t.Error(got)
		}
		if done, err = tree.Dump(DumpOptions{NewestOnly: true}); err != nil || len(done.Dropped) > 0 {
			t.Errorf("once more: %+v, %v", done, err)
		}
	}
}

// However many configs there were, the snapshot can be read: the oldest go.
func TestDumpOfManyConfigs(t *testing.T) {
	var parts []any
	newest := format.Config{}
	for i := range maxConfigs + 20 {
		c := formattest.MustConfig(t, fmt.Sprintf("run: %d", i))
		e := entry(fmt.Sprintf("f%03d", i), int64(i))
		e.Digest = formattest.Digest
		parts = append(parts, format.NewSession(disk.DefaultProgram, testID, c), e, "-x")
		newest = c
	}
	tree := treeOf(t, Options{Config: newest}, "", string(lines(append(parts, vouch{})...)))
	if n, err := dumpTree(tree); n != maxConfigs || err != nil {
		t.Errorf("%d stamps, %v", n, err)
	}
	again := reopen(t, tree.root, Options{AnyConfig: true})
	got := allStamps(again)
	if _, ok := got[fmt.Sprintf("f%03d", maxConfigs+19)]; !ok || len(got) != maxConfigs {
		t.Errorf("%d stamps, the newest: %v", len(got), ok)
	}
	if problems := again.Problems(); len(problems) > 0 {
		t.Error(problems)
	}
}

// A config that cannot be read is known to whom has it: a repair keeps its stamps.
func TestRepairKnowsTheConfig(t *testing.T) {
	x, y := formattest.MustConfig(t, "q: 1"), formattest.MustConfig(t, "q: 2")
	text := sealedConfigs(t, x, entry("a", 1), y, entry("b", 1))
	for _, c := range []struct {
		name, bend string
		own        format.Config
		wal        *format.Config // its last set is under this
		want       string
	}{
		{"the newest, which is the tree's own", "    q: 1", x, nil, "a=1 b=1"},
		{"the newest, which the WAL has", "    q: 1", y, &x, "a=1 b=1 w=2"},
		{"another, which is the tree's own", "    q: 2", y, nil, "a=1 b=1"},
		{"another, which the WAL has", "    q: 2", x, &y, "a=1 b=1 w=2"},
		{"the newest, which is not known", "    q: 1", y, nil, ""},
		{"another, which is not known", "    q: 2", x, &x, ""},
	} {
		bent := strings.Replace(text, c.bend, strings.Replace(c.bend, "q", "{", 1), 1)
		// One block holds all: say that it is sound, and only the config is not.
		bent = reseal(t, bent)
		wal := ""
		if c.wal != nil {
			wal = string(lines(format.NewSession(disk.DefaultProgram, testID, *c.wal), entry("w", 2), vouch{}))
		}
		tree := treeOf(t, Options{Config: c.own}, bent, wal)
		_, err := repairTree(tree)
		if (err != nil) != (c.want == "") {
			t.Errorf("%s: %v", c.name, err)
		}
		if err != nil {
			if got, _ := os.ReadFile(tree.names.Snapshot); string(got) != bent {
				t.Errorf("%s: the snapshot was changed", c.name)
			}
			continue
		}
		again := reopen(t, tree.root, Options{AnyConfig: true})
		if got := stamped(again); got != c.want || len(again.Problems()) > 0 {
			t.Errorf("%s: %s, want %s; %v", c.name, got, c.want, again.Problems())
		}
	}
}

// reseal gives a snapshot the sums that its content has.
func reseal(t *testing.T, text string) string {
	t.Helper()
	tr, _, err := format.ReadTrailer(strings.NewReader(text), int64(len(text)))
	if err != nil {
		t.Fatal(err)
	}
	content := text[:tr.Size]
	for i := range tr.Sums {
		tr.Sums[i] = format.Crc32Of([]byte(content[i*format.BlockSize : min(len(content), (i+1)*format.BlockSize)]))
	}
	return content + string(tr.Append(nil))
}

// After a discard no file that the WAL spoke of has a stamp, whatever the snapshot
// said of it before; all others are as they were.
func TestDiscard(t *testing.T) {
	x, y := formattest.MustConfig(t, "q: 1"), formattest.MustConfig(t, "q: 2")
	snapshot := sealedConfigs(t, x, entry("a", 1), entry("b", 1), entry("c", 1), entry("d", 1), y, entry("e", 1), entry("f", 1), "-g", "-h")
	wal := []any{format.NewSession(disk.DefaultProgram, testID, y), entry("a", 2), "-b", "!c", entry("g", 2), entry("i", 2), format.NewSession(disk.DefaultProgram, testID, x), entry("e", 3), vouch{}}
	tree := treeOf(t, Options{Config: x}, snapshot, string(lines(wal...)))
	if discarded, err := tree.Discard(); !discarded || err != nil {
		t.Fatalf("%v, %v", discarded, err)
	}
	if _, err := os.Lstat(tree.names.WAL); !os.IsNotExist(err) {
		t.Errorf("the WAL: %v", err)
	}
	again := reopen(t, tree.root, Options{Config: x})
	if got := standings(t, again, "a", "b", "c", "d", "e", "f", "g", "h", "i"); got !=
		"a dropped, b dropped, c dropped, d stamped, e dropped, f other, g dropped, h dropped, i dropped" {
		t.Error(got)
	}
	if newest, _ := again.Stored(); newest.Hash() != x.Hash() {
		t.Errorf("the newest config is %s", newest)
	}
	// Of what was lost it is not known whether the WAL spoke of it.
	lost := treeOf(t, Options{Config: y}, sealedConfigs(t, y, entry("a", 1)), string(bendLine(lines(wal[0], entry("a", 2), entry("b", 2), vouch{}), 2)))
	if discarded, err := lost.Discard(); !discarded || err != nil {
		t.Fatalf("%v, %v", discarded, err)
	}
	if got := stamped(reopen(t, lost.root, Options{AnyConfig: true})); got != "" {
		t.Errorf("after a loss: %s", got)
	}
}

// With nothing to discard, nothing is changed, and an error says so.
func TestDiscardNothing(t *testing.T) {
	snapshot := sealed(t, disk.DefaultProgram, format.Config{}, entry("a", 1))
	empty := string(lines(format.NewSession(disk.DefaultProgram, testID, format.Config{})))
	for _, wal := range []string{"", empty} {
		tree := treeOf(t, Options{}, snapshot, wal)
		if discarded, err := tree.Discard(); discarded || err != nil {
			t.Errorf("%v, %v", discarded, err)
		}
		if got, err := os.ReadFile(tree.names.Snapshot); string(got) != snapshot || err != nil {
			t.Errorf("the snapshot is now %s, %v", got, err)
		}
		if _, err := os.Lstat(tree.names.WAL); !os.IsNotExist(err) {
			t.Errorf("the WAL: %v", err)
		}
	}
}

// That a file's stamp was taken away is remembered through dumps, until it is
// processed, or pruned.
func TestDroppedIsRemembered(t *testing.T) {
	x, y := formattest.MustConfig(t, "q: 1"), formattest.MustConfig(t, "q: 2")
	tree := treeOf(t, Options{Config: x}, sealedConfigs(t, x, entry("a", 1), entry("d/b", 1), entry("d/c", 1)), "")
	yes := func(string) bool { return true }
	say := func(c format.Config, want string, say func(*Tree) error) {
		t.Helper()
		for range 2 {
			next := reopen(t, tree.root, Options{Config: c})
			if err := errors.Join(say(next), next.Sync()); err != nil {
				t.Fatal(err)
			}
			say = func(*Tree) error { return nil }
			for _, dump := range []bool{false, true, true} {
				if dump {
					if _, err := dumpTree(next); err != nil {
						t.Fatal(err)
					}
				}
				if got := standings(t, reopen(t, tree.root, Options{Config: x}), "a", "d/b", "d/c", "e"); got != want {
					t.Errorf("dumped %v: %s, want %s", dump, got, want)
				}
			}
		}
	}
	say(y, "a dropped, d/b dropped, d/c dropped, e dropped", func(tree *Tree) error {
		return tree.Forget("a", "d/b", "d/c", "e")
	})
	say(y, "a dropped, d/b other, d/c unknown, e dropped", func(tree *Tree) error {
		_, err := tree.Prune([]string{"d/c"}, yes)
		return errors.Join(err, appendTo(tree, []format.Entry{entry("d/b", 2)}))
	})
	say(x, "a stamped, d/b other, d/c unknown, e unknown", func(tree *Tree) error {
		_, err := tree.Prune([]string{"e"}, yes)
		return errors.Join(err, appendTo(tree, []format.Entry{entry("a", 3)}))
	})
}

// By hand there may be several configs too, and files whose stamp was taken away.
func TestConfigsByHand(t *testing.T) {
	x, y := formattest.MustConfig(t, "q: 1"), formattest.MustConfig(t, "q: 2")
	canonical := sealedConfigs(t, x, entry("a", 1), entry("c", 1), y, entry("b", 1), "-d")
	byHand := "other_configs: [{config: {q: 2}, timestamps: {b: 1, c: 9, d: 9}}, {config: {q: 3}, timestamps: {b: 8}}]\n" +
		"dropped: {d: why not}\nversion: 1\nprogram: treefilter\nconfig: {q: 1}\ntimestamps: {a: 1, c: {time: 1}, d: 5}\n"
	for _, text := range []string{canonical, canonical[:strings.Index(canonical, format.SumsHead)], byHand} {
		tree := treeOf(t, Options{Config: x}, text, "")
		if got := standings(t, tree, "a", "b", "c", "d", "e"); got != "a stamped, b other, c stamped, d dropped, e unknown" {
			t.Error(got)
		}
		if got := stamped(reopen(t, tree.root, Options{Config: y})); got != "b=1" {
			t.Errorf("under y: %s", got)
		}
		if err := errors.Join(tree.Problems()...); err != nil {
			t.Error(err)
		}
		if _, err := dumpTree(tree); err != nil {
			t.Fatal(err)
		}
		if got, _ := os.ReadFile(tree.names.Snapshot); string(got) != canonical {
			t.Errorf("a dump makes of it:\n%s\nwant:\n%s", got, canonical)
		}
	}
	// Where the newest entry of a path is none, an older one does not count.
	const bad = "version: 1\nprogram: treefilter\nconfig: {q: 1}\ntimestamps: {a: soon, b: 1}\nother_configs: [{config: {q: 2}, timestamps: {a: 1, c: 1}}]\n"
	if got := stamped(reopen(t, treeOf(t, Options{}, bad, "").root, Options{AnyConfig: true})); got != "b=1 c=1" {
		t.Errorf("an older entry: %s", got)
	}
}
