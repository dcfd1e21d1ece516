package state

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
	"treefilter/store/internal/format/formattest"
	"treefilter/store/internal/memtable"
	"treefilter/store/internal/snapshot"
	"treefilter/store/internal/words"
)

const (
	snapshotName = ".treefilter_treestamps.yaml"
	walName      = ".treefilter_treestamps.wal.yaml"
)

// treeOf returns a tree with the state files given, "" for none.
func treeOf(t testing.TB, opt Options, snapshot, wal string) *Tree {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{snapshotName: snapshot, walName: wal} {
		if text == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return reopen(t, dir, opt)
}

// eachTree does the same to many trees, which take turns in one directory.
func eachTree(t testing.TB, opt Options, snapshots iter.Seq[string], do func(i int, tree *Tree)) {
	t.Helper()
	dir, i := t.TempDir(), 0
	for text := range snapshots {
		if err := os.WriteFile(filepath.Join(dir, snapshotName), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		tree, err := OpenTree(dir, opt)
		if err != nil {
			t.Fatal(err)
		}
		do(i, tree)
		if err := tree.Close(); err != nil {
			t.Fatal(err)
		}
		i++
	}
}

// flips yields text with one bit flipped, from an offset on.
func flips(text string, from int) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := 8 * from; i < 8*len(text); i++ {
			flipped := []byte(text)
			flipped[i/8] ^= 1 << (i % 8)
			if !yield(string(flipped)) {
				return
			}
		}
	}
}

func reopen(t testing.TB, dir string, opt Options) *Tree {
	t.Helper()
	tree, err := OpenTree(dir, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tree.Close(); err != nil {
			t.Error(err)
		}
	})
	return tree
}

// sealed returns the snapshot that a dump writes.
func sealed(t testing.TB, program string, c format.Config, entries ...format.Entry) string {
	t.Helper()
	return sealedOn(t, "", program, c, entries...)
}

// sealedOn returns that of a tree on a file system.
func sealedOn(t testing.TB, volume, program string, c format.Config, entries ...format.Entry) string {
	t.Helper()
	under, over := format.TermsOf(c), memtable.New()
	for _, e := range entries {
		over.Set([]byte(e.Path), e.Stamp, under)
	}
	return merged(t, volume, program, under, over)
}

// sealedConfigs returns the snapshot of a tree with several configs, of which the
// first is the newest: each is followed by its stamps. "-path" is a dropped one.
func sealedConfigs(t testing.TB, newest format.Config, parts ...any) string {
	t.Helper()
	first, over := format.TermsOf(newest), memtable.New()
	under := first
	for _, p := range parts {
		switch p := p.(type) {
		case format.Config:
			under = format.TermsOf(p)
		case format.Entry:
			over.Set([]byte(p.Path), p.Stamp, under)
		case string:
			over.Take([]byte(p[1:]), memtable.WordDrop)
		}
	}
	return merged(t, "", disk.DefaultProgram, first, over)
}

func merged(t testing.TB, volume, program string, newest *format.Terms, over *memtable.Table) string {
	t.Helper()
	var out bytes.Buffer
	over.Finish()
	m := newMerge(program, &state{Snapshot: &snapshot.Snapshot{}}, words.NewLayers(words.Of(over)), newest)
	m.volume = volume
	if _, err := m.write(format.NewSnapshotWriter(&out)); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// appendTo appends stamps, none of which may be refused.
func appendTo(tree *Tree, entries []format.Entry) error {
	refused, err := tree.Append(entries)
	if err == nil && len(refused) > 0 {
		err = fmt.Errorf("%d stamps refused", len(refused))
	}
	return err
}

// dumpTree returns how many stamps a tree holds after a dump.
func dumpTree(tree *Tree) (stamps int64, err error) {
	done, err := tree.Dump(DumpOptions{})
	return done.Stamps, err
}

// repairTree does so after a repair.
func repairTree(tree *Tree) (stamps int64, err error) {
	done, err := tree.Dump(DumpOptions{Repair: true})
	return done.Stamps, err
}

func at(sec int64) format.Stamp { return format.Stamp{Time: format.Time{Sec: sec}} }

// wantStamps wants a tree to have exactly these stamps, of all the paths.
func wantStamps(t testing.TB, tree *Tree, paths []string, want map[string]format.Stamp) {
	t.Helper()
	for _, p := range append(slices.Sorted(maps.Keys(want)), paths...) {
		got, ok := tree.Get(p)
		w, has := want[p]
		if ok != has || got.Time != w.Time || (got.Digest == nil) != (w.Digest == nil) || got.Digest != nil && *got.Digest != *w.Digest {
			t.Errorf("%.60q: got %v %v, want %v %v", p, got, ok, w, has)
		}
	}
}

var quality90 = Options{Config: format.Config{Values: map[string]any{"quality": "90"}}}

// Any YAML of the snapshot's shape is read to the same stamps, and a dump
// makes it canonical.
func TestSnapshotByHand(t *testing.T) {
	want := map[string]format.Stamp{
		"img001.jpg":     {Time: format.Time{Sec: 1700000000, Nsec: 123000000}},
		"odd: name.jpg":  {Time: format.Time{Sec: 1700000001, Nsec: 456000001}, Digest: formattest.Digest},
		"a/b.jpg":        {Time: format.Time{Sec: -1, Nsec: 500000000}},
		"a/bad\xff\n.jp": {Time: format.Time{Sec: 12, Nsec: 0}},
	}
	var entries []format.Entry
	for p, s := range want {
		entries = append(entries, format.Entry{Path: p, Stamp: s})
	}
	canonical := sealed(t, "treefilter", quality90.Config, entries...)
	content := canonical[:strings.Index(canonical, format.SumsHead)]
	const head = "version: 1\nprogram: treefilter\nconfig: {quality: 90}\n"
	sum := fmt.Sprintf("%x", formattest.Digest.SHA256)
	for name, text := range map[string]string{
		"canonical":         canonical,
		"no trailer":        content,
		"half a trailer":    canonical[:len(content)+40] + "\n",
		"one trailer line":  content + canonical[strings.Index(canonical, format.EndHead):],
		"a comment put in":  strings.Replace(canonical, "version", "# mine\nversion", 1),
		"a blank put in":    strings.Replace(canonical, "program: ", "program:  ", 1),
		"a line at the end": strings.Replace(canonical, "    img001.jpg: 1700000000.123000000\n", "", 1) + "timestamps2: {}\n",
		"CRLF":              strings.ReplaceAll(content, "\n", "\r\n"),
		"another spelling": head + "timestamps:\n  'odd: name.jpg': 1700000001.4560000019\n  ? img001.jpg\n  : 1700000000.123\n" +
			"  \"a/b\\u002ejpg\": -0.5 # a comment\n  !!binary YS9iYWT/Ci5qcA==: 12\n" +
			"digests: {odd: x, 'odd: name.jpg': {sha256: " + sum + ", size: '3'}}\n",
		"JSON": `{"timestamps": {"odd: name.jpg": 1700000001.456000001, "img001.jpg": 1700000000.123, "a/b.jpg": -0.5, ` +
			`"gone": 1}, "version": 1, "program": "treefilter", "config": {"quality": 90}, "digests": {"odd: name.jpg": {"size": 3, "sha256": "` + sum + "\"}}}\n",
		"twice": head + "timestamps:\n  img001.jpg: 1\n  img001.jpg: 1700000000.123\n",
	} {
		t.Run(name, func(t *testing.T) {
			tree := treeOf(t, quality90, text, "")
			want, clean := maps.Clone(want), true
			switch name {
			case "a line at the end": // an unknown field: nothing counts
				wantStamps(t, tree, slices.Collect(maps.Keys(want)), nil)
				return
			case "JSON":
				delete(want, "a/bad\xff\n.jp")
				want["gone"] = at(1)
			case "twice": // the last one counts
				want = map[string]format.Stamp{"img001.jpg": want["img001.jpg"]}
			case "another spelling":
				clean = false // the digest that is none
			}
			wantStamps(t, tree, []string{"odd", "img002.jpg"}, want)
			if problems := tree.Problems(); clean != (len(problems) == 0) {
				t.Errorf("problems: %v", problems)
			}
			if _, err := tree.Dump(DumpOptions{Repair: !clean}); err != nil {
				t.Fatal(err)
			}
			var kept []format.Entry
			for p, s := range want {
				kept = append(kept, format.Entry{Path: p, Stamp: s})
			}
			got, err := os.ReadFile(tree.names.Snapshot)
			if err != nil {
				t.Fatal(err)
			}
			if again := sealed(t, "treefilter", quality90.Config, kept...); string(got) != again {
				t.Errorf("a dump made of it:\n%s\nwant:\n%s", got, again)
			}
		})
	}
}

// A line that is added after the trailer is an edit like any other.
func TestSnapshotWithLinesAppended(t *testing.T) {
	text := sealed(t, "treefilter", format.Config{}, entry("a", 1))
	tree := treeOf(t, Options{}, text+"    b: 2\n", "")
	wantStamps(t, tree, nil, map[string]format.Stamp{"a": at(1), "b": at(2)})
	if problems := tree.Problems(); len(problems) > 0 {
		t.Errorf("problems: %v", problems)
	}
}

// Cut anywhere, a snapshot gives the stamps of the lines that are whole, each
// as it was.
func TestSnapshotCut(t *testing.T) {
	want := map[string]format.Stamp{"a": at(1700000001), "b c": {Time: format.Time{Sec: 1700000002, Nsec: 5}, Digest: formattest.Digest}, "d/bad\xff": at(1700000003)}
	var entries []format.Entry
	for p, s := range want {
		entries = append(entries, format.Entry{Path: p, Stamp: s})
	}
	text := sealed(t, "treefilter", format.Config{}, entries...)
	cuts := func(yield func(string) bool) {
		for n := 0; n < len(text) && yield(text[:n]); n++ {
		}
	}
	eachTree(t, Options{}, cuts, func(n int, tree *Tree) {
		for p, s := range want {
			key := "    " + string(format.AppendScalar(nil, p)) + ": " + s.Time.String() + "\n"
			got, ok := tree.Get(p)
			if whole := strings.Contains(text[:n], key); ok != whole || ok && got.Time != s.Time {
				t.Fatalf("cut at %d: %q is %v %v, whole %v", n, p, got, ok, whole)
			}
			if got.Digest != nil && *got.Digest != *s.Digest {
				t.Fatalf("cut at %d: digest %v", n, got.Digest)
			}
		}
		if n > 0 && text[n-1] != '\n' && len(tree.Problems()) == 0 {
			t.Errorf("cut at %d: no problem", n)
		}
	})
}

func TestSnapshotForeign(t *testing.T) {
	for _, c := range []struct {
		name, text, want string
		foreign          bool
	}{
		{"another version", "version: 2\nprogram: treefilter\ntimestamps: {a: 1}\n", `version "2"`, true},
		{"no version", "program: treefilter\ntimestamps: {a: 1}\n", "no version", true},
		{"another program", sealed(t, "other", format.Config{}, entry("a", 1)), `program "other"`, true},
		{"no program", "version: 1\ntimestamps: {a: 1}\n", `program ""`, true},
		{"treestamps' flat form", "config:\n  quality: 90\na: 1600000000.5\n", "written by the Python package treestamps", true},
		{"a list", "- a\n- b\n", "not a mapping", true},
		{"text", "hello\n", "not a mapping", true},
		{"empty", "\n", "empty", false},
		{"not YAML", "version: 1\nprogram: [\n", "yaml", false},
		{"binary", "\x7fELF\x00\x00\n", "yaml", false},
		{"unknown field", "version: 1\nprogram: treefilter\nmode: 3\ntimestamps: {a: 1}\n", `unknown field "mode"`, false},
		{"timestamps of another shape", "version: 1\nprogram: treefilter\ntimestamps: [a]\n", "not a mapping", false},
		{"config of another shape", "version: 1\nprogram: treefilter\nconfig: 3\ntimestamps: {a: 1}\n", "config is not a mapping", false},
		{"an alias as key", "version: 1\nprogram: &x treefilter\ntimestamps: {a: 1, *x : 1}\n", "not a scalar", false},
		{"a tag on a key", "version: 1\nprogram: treefilter\ntimestamps: {!!str a: 1}\n", "tag !!str", false},
		{"two documents", "version: 1\nprogram: treefilter\ntimestamps: {a: 1}\n---\na: 1\n", "more than one document", false},
		{"a field twice", "version: 1\nprogram: treefilter\ntimestamps: {a: 1}\ntimestamps: {a: 2}\n", "stands twice", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			tree := treeOf(t, Options{}, c.text, "")
			wantStamps(t, tree, []string{"a"}, nil)
			problems := tree.Problems()
			if len(problems) != 1 || !strings.Contains(problems[0].Error(), c.want) {
				t.Errorf("problems %v, want %q", problems, c.want)
			}
			if err := appendTo(tree, []format.Entry{entry("b", 2)}); (err != nil) != c.foreign || c.foreign && !errors.Is(err, format.ErrForeign) {
				t.Errorf("append: %v", err)
			}
			if _, err := dumpTree(tree); err == nil {
				t.Error("dumped over it")
			}
			if _, err := repairTree(tree); (err != nil) != c.foreign {
				t.Errorf("repair: %v", err)
			}
			kept := tree.names.Snapshot
			if !c.foreign {
				wantStamps(t, reopen(t, tree.root, Options{}), []string{"a"}, map[string]format.Stamp{"b": at(2)})
				kept += disk.BrokenSuffix
			}
			if got, err := os.ReadFile(kept); string(got) != c.text {
				t.Errorf("what was there is now %q, %v", got, err)
			}
		})
	}
}

// An entry written by hand that is no stamp costs itself.
func TestSnapshotBadEntries(t *testing.T) {
	for _, entry := range []string{
		"b: \"1\"", "b: 1e3", "b: .inf", "b: .nan", "b: -.inf", "b: 0x10", "b: 2001-01-01", "b: ~", "b:", "b: [1]", "b: {c: 1}",
		"b: !!float 1", "/b: 1", "../b: 1", "c/../b: 1", "\"\": 1", "\"b\\0\": 1", "b/: 1",
	} {
		tree := treeOf(t, Options{}, "version: 1\nprogram: treefilter\ntimestamps:\n  a: 1\n  "+entry+"\n  c: 3\n", "")
		wantStamps(t, tree, []string{"b", "../b", "/b", ""}, map[string]format.Stamp{"a": at(1), "c": at(3)})
		if problems := tree.Problems(); len(problems) != 1 || !strings.Contains(problems[0].Error(), "damaged entries: 1,") {
			t.Errorf("%s: problems %v", entry, problems)
		}
	}
}

// damageable is a snapshot of several blocks, with entries of every form, long
// keys across and next to block borders among them.
func damageable(t *testing.T) (text string, entries []format.Entry) {
	long := strings.Repeat("\x01", 500)
	for i := range 120 {
		p := fmt.Sprintf("d%02d/img%03d.jpg", i/10, i)
		switch i % 6 {
		case 1:
			p += " odd"
		case 3:
			p += "\xff"
		case 5:
			p += long[:250+i]
		}
		entries = append(entries, format.Entry{Path: p, Stamp: format.Stamp{Time: format.Time{Sec: 1700000000 + int64(i), Nsec: int32(i)}}})
	}
	slices.SortFunc(entries, func(a, b format.Entry) int { return format.ComparePaths(a.Path, b.Path) })
	return sealed(t, "treefilter", format.Config{}, entries...), entries
}

// A damaged block costs the entries that it holds a part of, and no others. No
// stamp is ever altered.
func TestSnapshotDamagedBlocks(t *testing.T) {
	text, entries := damageable(t)
	content := strings.Index(text, format.SumsHead)
	if content < 6*format.BlockSize {
		t.Fatalf("only %d bytes", content)
	}
	if strings.Count(text, "\n    ? ") < 10 {
		t.Fatal("no long keys")
	}
	for bad := 0; bad < content; bad += format.BlockSize {
		for _, offset := range []int{0, 1000, min(format.BlockSize, content-bad) - 1} {
			damaged := []byte(text)
			damaged[bad+offset] ^= 0x10
			var paths []string
			want := map[string]format.Stamp{}
			for _, e := range entries {
				line := string(format.AppendEntry(nil, e.Path, e.Stamp))
				begin := strings.Index(text, line)
				paths = append(paths, e.Path)
				if begin+len(line) <= bad || begin >= bad+format.BlockSize {
					want[e.Path] = e.Stamp
				}
			}
			tree := treeOf(t, Options{}, string(damaged), `- set: {path: "y", time: 9.0}`+"\n")
			want["y"] = at(9)
			wantStamps(t, tree, paths, want)
			if len(tree.Problems()) == 0 {
				t.Errorf("block at %d: no problem", bad)
			}
			if _, err := dumpTree(tree); err == nil {
				t.Errorf("block at %d: dumped", bad)
			}
			if got, _ := os.ReadFile(tree.names.Snapshot); !bytes.Equal(got, damaged) {
				t.Error("a refused dump changed the snapshot")
			}
			n, err := repairTree(tree)
			if err != nil || n != int64(len(want)) {
				t.Errorf("block at %d: repair kept %d of %d, %v", bad, n, len(want), err)
			}
			if got, _ := os.ReadFile(tree.names.Snapshot + disk.BrokenSuffix); !bytes.Equal(got, damaged) {
				t.Error("the damaged snapshot was not kept")
			}
			again := reopen(t, tree.root, Options{})
			wantStamps(t, again, paths, want)
			if problems := again.Problems(); len(problems) > 0 {
				t.Errorf("after the repair: %v", problems)
			}
		}
	}
}

// A repair mends what is damaged even when there is nothing to fold in.
func TestRepairWithoutAWAL(t *testing.T) {

	text, entries := damageable(t)
	tree := treeOf(t, Options{}, text[:9000]+"!"+text[9001:], "")
	for _, e := range entries {
		tree.Get(e.Path)
	}
	if len(tree.Problems()) == 0 {
		t.Fatal("no damage")
	}
	if _, err := dumpTree(tree); err == nil {
		t.Error("dumped")
	}
	if _, err := repairTree(tree); err != nil {
		t.Error(err)
	}
	again := reopen(t, tree.root, Options{})
	for _, e := range entries {
		again.Get(e.Path)
	}
	if problems := again.Problems(); len(problems) > 0 {
		t.Errorf("after the repair: %v", problems)
	}
}

// borderEntries returns a snapshot with an entry of name that begins, or
// ends, exactly at the second block border.
func borderEntries(t *testing.T, name string, begins bool) (text string, entries []format.Entry) {
	t.Helper()
	const filler = 60 // bytes of a line
	line := string(format.AppendEntry(nil, name, at(1000)))
	gap := 2*format.BlockSize - strings.Index(sealed(t, "treefilter", format.Config{}, entry("a", 1)), "    a:")
	if !begins {
		gap -= len(line)
	}
	for i := range gap / filler {
		length := filler - len(format.AppendEntry(nil, "", format.Stamp{})) + len(`""`)
		if i == 0 {
			length += gap % filler
		}
		entries = append(entries, format.Entry{Path: fmt.Sprintf("a%03d%s", i, strings.Repeat("x", length-4))})
	}
	entries = append(entries, entry(name, 1000), entry("z", 2000))
	text = sealed(t, "treefilter", format.Config{}, entries...)
	if mark := strings.Index(text, line); begins && mark != 2*format.BlockSize || !begins && mark+len(line) != 2*format.BlockSize {
		t.Fatalf("the entry is at %d", mark)
	}
	return text, entries
}

func TestSnapshotDamageBesideABorder(t *testing.T) {
	for _, name := range []string{"n", "n" + strings.Repeat("\x01", 300)} {
		text, entries := borderEntries(t, name, false)
		tree := treeOf(t, Options{}, text[:2*format.BlockSize+5]+"!"+text[2*format.BlockSize+6:], "")
		for _, e := range entries {
			got, ok := tree.Get(e.Path)
			if want := e.Path[0] != 'z'; ok != want || ok && got.Time != e.Time {
				t.Errorf("%.20q, before the damaged block: %v %v", e.Path, got, ok)
			}
		}
	}
}

// No bit of the trailer that flips alters a stamp.
func TestTrailerFlips(t *testing.T) {
	want := map[string]format.Stamp{"a": at(1700000001), "b c": {Time: format.Time{Sec: 1700000002, Nsec: 5}, Digest: formattest.Digest}, "d/bad\xff": at(1700000003)}
	var entries []format.Entry
	for p, s := range want {
		entries = append(entries, format.Entry{Path: p, Stamp: s})
	}
	text := sealed(t, "treefilter", quality90.Config, entries...)
	eachTree(t, quality90, flips(text, strings.Index(text, format.SumsHead)), func(i int, tree *Tree) {
		for p, s := range want {
			got, ok := tree.Get(p)
			if ok && got.Time != s.Time || got.Digest != nil && *got.Digest != *s.Digest {
				t.Fatalf("bit %d: %q has %v", i, p, got)
			}
		}
	})
}

// A bit that flips in the trailer costs no stamp, or those of a block where it
// hit the sum of that, and does not make the snapshot another program's.
func TestTrailerFlipsCostLittle(t *testing.T) {

	text := sealed(t, "treefilter", format.Config{}, entry("a", 1), entry("b", 2))
	lost, foreign := 0, 0
	eachTree(t, Options{}, flips(text, strings.Index(text, format.EndHead)), func(_ int, tree *Tree) {
		_, a := tree.Get("a")
		_, b := tree.Get("b")
		if !a || !b {
			lost++
		}
		if tree.Writable() != nil {
			foreign++
		}
	})
	if lost > 0 || foreign > 0 {
		t.Errorf("of %d flips in the last line %d cost stamps of sound blocks, %d made writers refuse", 8*(len(text)-strings.Index(text, format.EndHead)), lost, foreign)
	}
}

// A snapshot that is cut within its header is damaged, not another program's:
// commit goes on, and a repair moves it aside.
func TestSnapshotCutInItsHeader(t *testing.T) {

	text := sealed(t, "treefilter", format.Config{}, entry("a", 1))
	for n := range strings.Index(text, "timestamps:") {
		if err := treeOf(t, Options{}, text[:n], "").Writable(); err != nil {
			t.Errorf("cut at %d: %v", n, err)
		}
	}
}

// A name that looks like another's entry finds nothing, and a dump that
// changes its stamp leaves the other alone.
func TestNamesThatLookLikeEntries(t *testing.T) {

	for _, c := range []struct{ stamped, asked string }{
		{"odd: name.jpg", `"odd: name.jpg"`},
		{"a\x01b", `"a\x01b"`},
		{"\x80", `!!binary "gA=="`},
		{"dir/odd: x", `"dir/odd: x"`},
		{"x: y", `"x`},
	} {
		if format.CheckPath(c.asked) != nil {
			t.Fatal(c.asked)
		}
		tree := treeOf(t, Options{}, sealed(t, "treefilter", format.Config{}, entry(c.stamped, 1700000000)), "")
		wantStamps(t, tree, nil, map[string]format.Stamp{c.stamped: at(1700000000)})
		fresh := reopen(t, tree.root, Options{})
		if got, ok := fresh.Get(c.asked); ok {
			t.Errorf("%s: has the stamp %v of %q", c.asked, got, c.stamped)
		}
		if err := appendTo(tree, []format.Entry{entry(c.asked, 1800000000)}); err != nil {
			t.Fatal(err)
		}
		if n, err := dumpTree(tree); n != 2 || err != nil {
			t.Errorf("%s: dumped %d stamps, %v", c.asked, n, err)
		}
		wantStamps(t, reopen(t, tree.root, Options{}), nil, map[string]format.Stamp{c.stamped: at(1700000000), c.asked: at(1800000000)})
	}
}

// Keys of more than 1,024 characters are explicit, and found whatever window
// of the file they straddle.
func TestSnapshotLongKeys(t *testing.T) {
	for _, n := range []int{200, 253, 254, 255, 256, 257, 1000, 4000, format.MaxPath - 1} {
		for _, c := range []string{"n", "\x01", "é", "\xff"} {
			p := strings.Repeat(c, n/len(c))
			text := sealed(t, "treefilter", format.Config{}, format.Entry{Path: p, Stamp: format.Stamp{Time: formattest.Time, Digest: formattest.Digest}}, entry("z", 1))
			form := string(format.AppendScalar(nil, p))
			if explicit := strings.Contains(text, "\n    ? "+form+"\n    : "); explicit != (len(form) > 1024) {
				t.Errorf("%d of %q: explicit %v, with %d bytes", n, c, explicit, len(form))
			}
			want := map[string]format.Stamp{p: {Time: formattest.Time, Digest: formattest.Digest}, "z": at(1)}
			wantStamps(t, treeOf(t, Options{}, text, ""), nil, want)
			byHand := text[:strings.Index(text, format.SumsHead)]
			wantStamps(t, treeOf(t, Options{}, byHand, ""), nil, want)
		}
	}
}

// An explicit key that ends with the window, its time just beyond.
func TestSnapshotLongKeyAtTheEndOfAWindow(t *testing.T) {

	for n := format.MaxPath - 80; n <= format.MaxPath; n++ {
		p := strings.Repeat("\x01", n)
		tree := treeOf(t, Options{}, sealed(t, "treefilter", format.Config{}, entry(p, 1), entry(p[:300]+"z", 2)), "")
		wantStamps(t, tree, nil, map[string]format.Stamp{p: at(1), p[:300] + "z": at(2)})
		if problems := tree.Problems(); len(problems) > 0 {
			t.Fatalf("%d: %v", n, problems)
		}
	}
}

// The same at the end of a window that readers share.
func TestSnapshotLongKeyAtTheEndOfAChunk(t *testing.T) {
	var short []format.Entry
	for i := range (snapshot.ChunkSize - 600) / 31 {
		short = append(short, entry(fmt.Sprintf("a%03x", i), 1700000000))
	}
	text, long := "", strings.Repeat("x", format.BlockSize)
	for next := -1; next <= 0; next = strings.Index(text, "\n    : ") - snapshot.ChunkSize - format.BlockSize {
		if next < -40 {
			long += strings.Repeat("x", -next-40)
		}
		long += "x"
		entries := append(short, entry("b"+long, 1), entry("c", 2))
		text = sealed(t, "treefilter", format.Config{}, entries...)
		tree := treeOf(t, Options{}, text, "")
		reader := tree.Reader()
		for _, e := range entries {
			if got, ok := reader.Find(e.Path); !ok || got.Time != e.Time {
				t.Fatalf("%d bytes: %.5s: %v, %v", len(long), e.Path, got, ok)
			}
		}
		if problems := tree.Problems(); len(problems) > 0 {
			t.Fatalf("%d bytes: %v", len(long), problems)
		}
	}
}

// FuzzSnapshotEntry: what the fast reader takes for the entry of a stamp,
// yaml.v3 reads to the same, and so do both read what we write of it.
func FuzzSnapshotEntry(f *testing.F) {
	f.Add([]byte("    a: 1.5\n"))
	f.Add([]byte("    ? \"a\"\n    : 1700000000.000000001\n    b: 1\n"))
	f.Add([]byte("    a: {time: 1.5, exact: true, target: 2.5}\n"))
	f.Add([]byte("    a: null\n"))
	f.Add([]byte("    !!binary \"YQ==\": {size: 3, sha256: \"" + formattest.Sum + "\"}\n"))
	for i, name := range formattest.HardNames {
		f.Add(format.AppendEntry(nil, name, at(int64(i))))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		path, value, n, err := format.CutEntry(b)
		if err != nil {
			return
		}
		stamp, isStamp := format.ParseStampValue(value, "")
		digest, isDigest := format.ParseDigestValue(value)
		isDropped := string(value) == "null"
		if !isStamp && !isDigest && !isDropped {
			return
		}
		check := func(text []byte) {
			root, err := format.DecodeYAML(append([]byte("x:\n"), text...))
			if err != nil {
				t.Fatalf("%q: %v", text, err)
			}
			entries := root.Content[1].Content
			if len(entries) != 2 {
				t.Fatalf("%q: %d nodes", text, len(entries))
			}
			if key, err := format.StateValue(entries[0]); err != nil || key != string(path) {
				t.Fatalf("%q: the fast reader sees %q, yaml.v3 %q, %v", text, path, key, err)
			}
			switch {
			case isStamp:
				if got, err := format.StampFromNode(entries[1]); err != nil || got != stamp {
					t.Fatalf("%q: the fast reader sees %v, yaml.v3 %v, %v", text, stamp, got, err)
				}
			case isDigest:
				if got, err := format.DigestFromNode(entries[1]); err != nil || *got != *digest {
					t.Fatalf("%q: the fast reader sees %v, yaml.v3 %v, %v", text, digest, got, err)
				}
			case entries[1].ShortTag() != "!!null":
				t.Fatalf("%q: yaml.v3 sees %q", text, entries[1].Value)
			}
		}
		check(b[:n])
		if len(path) > format.MaxPath {
			return
		}
		again := format.AppendEntry(nil, string(path), stamp)
		switch {
		case isDigest:
			again = format.AppendDigest(nil, string(path), digest)
		case isDropped:
			again = format.AppendDropped(nil, string(path))
		}
		p, v, m, err := format.CutEntry(again)
		read, _ := format.ParseStampValue(v, "")
		if err != nil || !bytes.Equal(p, path) || m != len(again) || isStamp && read != stamp {
			t.Fatalf("%q is read back as %q %q, %v", again, p, v, err)
		}
		check(again)
	})
}
