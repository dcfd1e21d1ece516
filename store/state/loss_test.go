package state

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"treefilter/scripts/long"
	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
	"treefilter/store/internal/format/formattest"
	"treefilter/store/internal/wal"
	"treefilter/store/internal/words"
)

// Nothing that goes missing uncovers something older.

// bendLine damages some lines of a text, counted from 1.
func bendLine(text []byte, lines ...int) []byte {
	text = bytes.Clone(text)
	for _, n := range lines {
		at := 0
		for range n - 1 {
			at += bytes.IndexByte(text[at:], '\n') + 1
		}
		text[at+8] ^= 1
	}
	return text
}

func TestLostRecords(t *testing.T) {
	cx, cy := formattest.MustConfig(t, "q: 1"), formattest.MustConfig(t, "q: 2")
	x, y := format.NewSession(disk.DefaultProgram, testID, cx), format.NewSession(disk.DefaultProgram, testID, cy)
	for _, c := range []struct {
		name     string
		snapshot []any
		wal      []any
		bent     []int // the lines
		x, y     string
	}{
		{"a drop", []any{entry("a", 1), entry("b", 1)}, []any{x, "-a", entry("c", 2), vouch{}}, []int{2}, "", ""},
		{"a prune", []any{entry("a", 1), entry("b", 1)}, []any{x, "!a", entry("c", 2), vouch{}}, []int{2}, "", ""},
		{
			"a drop, and what comes after it", []any{entry("a", 1), entry("b", 1)},
			[]any{x, "-a", vouch{}, entry("c", 2), entry("d", 2), "-d", vouch{}, entry("e", 2)}, []int{2}, "c=2 e=2", "",
		},
		{"a set of another config", []any{entry("a", 1), entry("b", 1)}, []any{y, entry("a", 2), entry("c", 2), vouch{}}, []int{2}, "", "c=2"},
		{
			"a set of this config", []any{entry("a", 1), entry("b", 1), cy, entry("d", 1)},
			[]any{x, entry("a", 2), entry("c", 2), vouch{}}, []int{2}, "a=1 b=1 c=2", "",
		},
		{
			"a set of this config, which was not the only one", []any{entry("a", 1), entry("b", 1)},
			[]any{y, entry("c", 2), x, entry("a", 2), vouch{}}, []int{4}, "", "",
		},
		{"a set beside a drop", []any{entry("a", 1), entry("b", 1)}, []any{x, entry("c", 2), "-a", vouch{}}, []int{2}, "b=1", ""},
		{"a set and a drop", []any{entry("a", 1), entry("b", 1)}, []any{x, entry("c", 2), vouch{}, "-a", vouch{}, entry("d", 3), vouch{}}, []int{4}, "d=3", ""},
		{"a set with a drop", []any{entry("a", 1), entry("b", 1)}, []any{x, entry("c", 2), entry("d", 2), "-a", vouch{}}, []int{2, 4}, "", ""},
		{"the first open", []any{entry("a", 1), entry("b", 1)}, []any{x, entry("c", 2), "-a", vouch{}}, []int{1}, "b=1 c=2", ""},
		{"another's open", []any{entry("a", 1), entry("b", 1)}, []any{x, entry("c", 2), y, "-a", entry("d", 2), vouch{}}, []int{3}, "b=1 c=2", "d=2"},
		{
			"the open of a set, for good", []any{entry("a", 1), entry("b", 1)},
			[]any{x, entry("c", 2), vouch{}, y, entry("a", 2), x, vouch{}, entry("d", 3)}, []int{4}, "d=3", "",
		},
		{"who vouches", []any{entry("a", 1), entry("b", 1)}, []any{x, entry("c", 2), "-a", vouch{}}, []int{4}, "b=1 c=2", ""},
		{"not vouched for", []any{entry("a", 1), entry("b", 1)}, []any{x, entry("c", 2), vouch{}, "-a"}, []int{4}, "a=1 b=1 c=2", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			snapshot := sealedConfigs(t, cx, c.snapshot...)
			tree := treeOf(t, Options{Config: cx}, snapshot, string(bendLine(lines(c.wal...), c.bent...)))
			check := func(when string) {
				t.Helper()
				for config, want := range map[*format.Config]string{&cx: c.x, &cy: c.y} {
					if got := stamped(reopen(t, tree.root, Options{Config: *config})); got != want {
						t.Errorf("%s, under %s: %q, want %q", when, config, got, want)
					}
				}
				both := strings.TrimSpace(c.x + " " + c.y)
				if got := stamped(reopen(t, tree.root, Options{AnyConfig: true})); got != both {
					t.Errorf("%s, under any config: %q, want %q", when, got, both)
				}
			}
			check("read")
			if len(tree.Problems()) == 0 {
				t.Error("no problem is reported")
			}
			if _, err := dumpTree(tree); err != nil {
				t.Fatal(err)
			}
			check("dumped")
			if problems := reopen(t, tree.root, Options{}).Problems(); len(problems) > 0 {
				t.Errorf("after the dump: %v", problems)
			}
		})
	}
}

// stamped lists the stamps of a tree that count, in short: "a=1 b=2". All of
// these, and of single letters no others, must be found by their names.
func stamped(tree *Tree) string {
	got := map[string]*format.Stamp{}
	for e := range tree.Stamps() {
		got[e.Path] = &e.Stamp
	}
	for c := 'a'; c <= 'z'; c++ {
		if s, ok := tree.Get(string(c)); ok != (got[string(c)] != nil) {
			return fmt.Sprintf("%c is %v, %v, and listed as %v", c, s, ok, got[string(c)])
		}
	}
	return summary(got)
}

// A crash takes an open record and leaves what was written after it, which nobody
// vouches for: it could not be read. When its config comes again it can, and is
// no sign that anything is missing.
func TestVouchedForBesideALostOpen(t *testing.T) {
	cx, cy := formattest.MustConfig(t, "q: 1"), formattest.MustConfig(t, "q: 2")
	x, y := format.NewSession(disk.DefaultProgram, testID, cx), format.NewSession(disk.DefaultProgram, testID, cy)
	crashed := lines(x, entry("a", 2), "-b", vouch{}, y, entry("c", 2))
	cut := bytes.LastIndex(crashed, []byte("- open: "))
	copy(crashed[cut:], make([]byte, 30))
	tree := treeOf(t, Options{}, sealedConfigs(t, cx, entry("b", 1), entry("d", 1)), string(crashed))
	for _, c := range []struct {
		format.Config
		format.Entry
	}{{cx, entry("e", 3)}, {cy, entry("f", 3)}, {cx, entry("g", 3)}} {
		commit := reopen(t, tree.root, Options{Config: c.Config})
		if err := appendTo(commit, []format.Entry{c.Entry}); err != nil {
			t.Fatal(err)
		}
		if err := commit.Sync(); err != nil {
			t.Fatal(err)
		}
		if got := stamped(reopen(t, tree.root, Options{Config: cx})); !strings.HasPrefix(got, "a=2 d=1 e=3") {
			t.Errorf("after %s: %s", c.Path, got)
		}
	}
	if got := stamped(reopen(t, tree.root, Options{AnyConfig: true})); got != "a=2 c=2 d=1 e=3 f=3 g=3" {
		t.Errorf("in the end: %s", got)
	}
}

// A run that lasts for days vouches every second. None of these records goes to
// yaml.v3, which is given no more than so much of a WAL.
func TestVouchingForDays(t *testing.T) {
	s := format.NewSession(disk.DefaultProgram, testID, formattest.MustConfig(t, "a: "+strings.Repeat("x", 10_000)))
	parts := []any{s, entry("a", 1)}
	for range 100 {
		parts = append(parts, entry("a", 2), "-b", vouch{})
	}
	w := wal.NewReader(disk.DefaultProgram, words.Room{}, nil)
	if err := w.Read(bytes.NewReader(lines(parts...))); err != nil {
		t.Fatal(err)
	}
	if w.Bad > 0 || w.Vouched.Sets != 101 || w.Vouched.Takes != 100 || w.Hand > 2*10_000 {
		t.Errorf("%d bad lines, %v vouched for, %d bytes went to yaml.v3", w.Bad, w.Vouched, w.Hand)
	}
}

// said is one word of a history of a path.
type said struct {
	kind  format.RecordKind
	stamp format.Stamp
	under string
}

// history is a tree whose files say several things of each path.
type history struct {
	files map[string][]byte
	words map[string][]said
}

func (h *history) proc() *simProc { return &simProc{disk: newSimDisk(maps.Clone(h.files))} }

// commit records what a process says under a config, and syncs it.
func (h *history) commit(t *testing.T, c format.Config, dump bool, parts ...any) {
	t.Helper()
	proc := h.proc()
	tree, err := OpenTree(simRoot, Options{Config: c, fsys: proc})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range parts {
		word := said{under: c.Hash()}
		var path string
		switch p := p.(type) {
		case format.Entry:
			word.kind, word.stamp, path = format.RecordSet, p.Stamp, p.Path
			err = appendTo(tree, []format.Entry{p})
		case string:
			word.kind, path = format.RecordDrop, p[1:]
			if p[0] == '!' {
				word.kind = format.RecordPrune
			}
			_, err = tree.take(word.kind, []string{path}, func(string) bool { return true })
		}
		if err != nil {
			t.Fatal(err)
		}
		h.words[path] = append(h.words[path], word)
	}
	if err := tree.Sync(); err != nil {
		t.Fatal(err)
	}
	if dump {
		if _, err := dumpTree(tree); err != nil {
			t.Fatal(err)
		}
	}
	if err := tree.Close(); err != nil {
		t.Fatal(err)
	}
	h.files = proc.disk.files()
}

// uncovered returns a stamp that a tree has although something newer was said of
// its path: another thing than that it was processed again under the same config,
// which costs itself alone when it is lost.
func (h *history) uncovered(fsys disk.FS, configs ...format.Config) error {
	for i, c := range append(configs, format.Config{}) {
		tree, err := OpenTree(simRoot, Options{Config: c, AnyConfig: i == len(configs), fsys: fsys})
		if err != nil {
			return err
		}
		got := allStamps(tree)
		reader := tree.Reader()
		for p := range h.words {
			if s, ok := reader.Find(p); ok {
				s.Digest = reader.Digest(p)
				got[p] = s
			}
		}
		for e := range tree.Stamps() {
			got[e.Path] = e.Stamp
		}
		for p, s := range got {
			words := h.words[p]
			at := slices.IndexFunc(words, func(w said) bool {
				return w.kind == format.RecordSet && w.stamp.Equal(s) && (i == len(configs) || w.under == c.Hash())
			})
			if at < 0 {
				return fmt.Errorf("under %s: invented: %q has %v", c, p, s)
			}
			for _, later := range words[at+1:] {
				if later.kind != format.RecordSet || later.under != words[at].under {
					return fmt.Errorf("under %s: uncovered: %q has %v, and %v was said later", c, p, s, later)
				}
			}
		}
		if err := tree.Close(); err != nil {
			return err
		}
	}
	return nil
}

// Whatever bit flips in a WAL with drops, prunes and two configs, over a snapshot
// that has stamps of both: no stamp counts that is older than a word that was
// there. That stays so when a commit goes on and when the WAL is dumped.
func TestNoFlipUncoversAnOlderStamp(t *testing.T) {
	collectLess(t)
	x, y := formattest.MustConfig(t, "q: 1"), formattest.MustConfig(t, "q: 2")
	h := &history{files: map[string][]byte{}, words: map[string][]said{}}
	h.commit(t, x, false, entry("a", 1), entry("b", 1), entry("c", 1), entry("d", 1), entry("e", 1), entry("f", 1))
	h.commit(t, y, true, entry("g", 1), entry("h", 1), entry("i", 1), entry("f", 2))
	h.commit(t, x, false, entry("a", 2), "-b", entry("j", 2))
	h.commit(t, y, false, entry("c", 2), "-d", "!e", entry("k", 2), "-g")
	h.commit(t, x, false, entry("c", 3), entry("h", 3), "-k", entry("b", 3))
	if err := h.uncovered(h.proc(), x, y); err != nil {
		t.Fatal(err)
	}
	text := h.files[simNames.WAL]
	var fails failures
	var flips atomic.Int64
	step, goOnStep := stride(t, long.Check, 5), stride(t, long.All, 11)
	parallel(8*len(text), step, func(bit int) {
		bent := *h
		bent.files = maps.Clone(h.files)
		bent.files[simNames.WAL] = bytes.Clone(text)
		bent.files[simNames.WAL][bit/8] ^= 1 << (bit % 8)
		flips.Add(1)
		if err := bent.uncovered(bent.proc(), x, y); err != nil {
			fails.add(t, "bit %d of byte %d: %v", bit%8, bit/8, err)
		}
		if bit%goOnStep > 0 {
			return
		}
		for _, goOn := range []func(*Tree) error{
			func(tree *Tree) error { _, err := dumpTree(tree); return err },
			func(tree *Tree) error { return appendTo(tree, []format.Entry{entry("l", 4)}) },
			func(tree *Tree) error { _, err := tree.Discard(); return err },
		} {
			proc := bent.proc()
			tree, err := OpenTree(simRoot, Options{Config: x, fsys: proc})
			if err != nil {
				t.Error(err)
				return
			}
			after := bent
			after.words = maps.Clone(h.words)
			after.words["l"] = []said{{format.RecordSet, at(4), x.Hash()}}
			if goOn(tree) == nil && tree.Sync() == nil {
				if err := after.uncovered(proc, x, y); err != nil {
					fails.add(t, "bit %d of byte %d, and on: %v", bit%8, bit/8, err)
				}
			}
			tree.Close()
		}
	})
	fails.report(t)
	t.Logf("%d flips in %d bytes", flips.Load(), len(text))
}

// A WAL that cannot be trusted may have taken away any stamp of the snapshot.
func TestUnsoundWALVoidsTheTree(t *testing.T) {
	s := format.NewSession(disk.DefaultProgram, testID, format.Config{})
	text := string(lines(s, "-a", vouch{}))
	for name, wal := range map[string]string{
		"cut in its first record":             text[:40],
		"cut at its beginning":                "",
		"zeros":                               strings.Repeat("\x00", len(text)),
		"another text":                        "some: thing\n",
		"another version":                     resealed(text, "version: 1", "version: 2"),
		"another version, in its middle":      text + resealed(text, "version: 1", "version: 2"),
		"another version, by hand":            "- open: {version: 2, program: treefilter}\n- drop: {path: a}\n",
		"a line that makes no sense, by hand": "- set: {path: b, time: 2}\n- dorp: {path: a}\n",
		"treestamps":                          "config:\n  q: 1\ntreestamps_config: {}\nwal:\n- a: 1.5\n",
	} {
		t.Run(name, func(t *testing.T) {
			tree := treeOf(t, Options{}, sealed(t, disk.DefaultProgram, format.Config{}, entry("a", 1), entry("b", 1)), "x")
			if err := os.WriteFile(tree.names.WAL, []byte(wal), 0o666); err != nil {
				t.Fatal(err)
			}
			voided(t, tree)
			if got, err := os.ReadFile(tree.names.WAL); string(got) != wal || err != nil {
				t.Errorf("the WAL is now %q, %v", got, err)
			}
		})
	}
}

// resealed replaces something in the first line of a WAL.
func resealed(text, old, with string) string {
	line, _, _ := strings.Cut(text, "\n")
	body, _, _ := format.CutCRC([]byte(strings.Replace(line, old, with, 1)))
	return string(format.AppendCRC(body, format.Crc32Of(body)))
}

// voided wants a tree to have no stamp that counts, and to say so; nothing is
// written to it.
func voided(t *testing.T, tree *Tree) {
	t.Helper()
	if got := allStamps(tree); len(got) > 0 {
		t.Errorf("believed %v", got)
	}
	if s, ok := tree.Get("a"); ok {
		t.Errorf("a is stamped %v", s)
	}
	if len(tree.Problems()) == 0 {
		t.Error("no problem is reported")
	}
	if tree.Writable() == nil {
		t.Error("may be written to")
	}
	if err := appendTo(tree, []format.Entry{entry("c", 3)}); err == nil {
		t.Error("a stamp was appended")
	}
	if _, err := dumpTree(tree); err == nil {
		t.Error("dumped")
	}
	if _, err := repairTree(tree); err == nil {
		t.Error("repaired")
	}
	if _, err := tree.Discard(); err == nil {
		t.Error("discarded")
	}
	if standing, _, _, err := tree.Standing("a"); err == nil {
		t.Errorf("a is %v", standing)
	}
}
