package store

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

const testID = "9f86d081884c7d65"

// vouch stands for an open record that counts the records before it.
type vouch struct{}

// lines writes a WAL: an open record for every session given, and under the
// session before them entries, drops ("-path") and prunes ("!path").
func lines(parts ...any) []byte {
	var b []byte
	var s *session
	w := newWALReader(DefaultProgram, nil)
	for _, p := range parts {
		switch p := p.(type) {
		case *session:
			s = p
			w.opened[s] = true
			b = s.appendOpen(b)
		case vouch:
			sealing, tally := *s, w.tally
			sealing.after = &tally
			b = sealing.appendOpen(b)
		case Entry:
			b = s.appendSet(b, p)
			w.count(record{kind: recordSet}, s)
		case string:
			kind := recordDrop
			if p[0] == '!' {
				kind = recordPrune
			}
			b = s.appendTake(b, kind, p[1:])
			w.count(record{kind: kind}, s)
		}
	}
	return b
}

func entry(path string, sec int64) Entry { return Entry{Path: path, Stamp: at(sec)} }

// walOf reads a WAL and lists what it says of each path: a stamp that was made
// under a config of that hash, or under any where it is "", or else nil.
func walOf(t testing.TB, text []byte, hash string) (*wal, map[string]*Stamp) {
	t.Helper()
	return walOfProgram(t, text, DefaultProgram, hash)
}

func walOfProgram(t testing.TB, text []byte, program, hash string) (*wal, map[string]*Stamp) {
	t.Helper()
	w, err := readWAL(bytes.NewReader(text), program)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]*Stamp{}
	for p, it := range wordsOf(w.said) {
		got[p] = nil
		if it.kind == wordSet && (hash == "" || it.under.hash == hash) {
			s := it.stamp()
			got[p] = &s
		}
	}
	return w, got
}

// wordsOf lists what an overlay says of each path.
func wordsOf(o *overlay) map[string]*item {
	words := map[string]*item{}
	for dir, r := range o.dirs {
		for i := range r.items {
			p := joinPath(dir, r.items[i].name)
			if words[p] != nil {
				panic(p + " stands twice")
			}
			words[p] = &r.items[i]
		}
	}
	return words
}

// summary is what a WAL says, in short: "a=1 b=2 -c".
func summary(got map[string]*Stamp) string {
	var parts []string
	for _, p := range slices.Sorted(maps.Keys(got)) {
		if s := got[p]; s == nil {
			parts = append(parts, "-"+p)
		} else {
			parts = append(parts, fmt.Sprintf("%s=%s", p, strings.TrimSuffix(s.Time.String(), ".000000000")))
		}
	}
	return strings.Join(parts, " ")
}

func TestWALSessions(t *testing.T) {
	x := newSession("treefilter", testID, mustConfig(t, "q: 1"))
	y := newSession("treefilter", testID, mustConfig(t, "q: 2"))
	other := newSession("other", testID, mustConfig(t, "q: 1"))
	text := lines(
		x, entry("a", 1), entry("b", 2), entry("c", 3),
		y, entry("a", 11), "-c", entry("d", 14),
		x, entry("b", 22), entry("e", 25),
		other, entry("f", 36),
		y, entry("e", 45), "-d",
	)
	for _, c := range []struct {
		program, hash string
		want          string
		void          int
		last          *session
	}{
		// Drops count under every config, and a stamp hides those made before it
		// under another.
		{"treefilter", x.hash, "-a b=22 -c -d -e", 2, y},
		{"treefilter", y.hash, "a=11 -b -c -d e=45", 1, y},
		{"treefilter", Config{}.Hash(), "-a -b -c -d -e", 3, y},
		{"treefilter", "", "a=11 b=22 -c -d e=45", 0, y},
		{"other", x.hash, "-c -d f=36", 0, other},
	} {
		w, got := walOfProgram(t, text, c.program, c.hash)
		void := 0
		for _, it := range wordsOf(w.said) {
			if c.hash != "" && it.kind == wordSet && it.under.hash != c.hash {
				void++
			}
		}
		if s := summary(got); s != c.want || void != c.void || w.tally != (tally{9, 2, ""}) || w.bad != 0 || w.torn || w.foreign {
			t.Errorf("%s %s: got %s, %d void, %v\nwant %s, %d", c.program, c.hash, s, void, w.tally, c.want, c.void)
		}
		if w.last.hash != c.last.hash || w.id != testID {
			t.Errorf("%s: newest config %s, id %s", c.program, w.last.config, w.id)
		}
	}
}

// bend damages the open record that stands n-th in a WAL.
func bend(text []byte, n int) []byte {
	text = bytes.Clone(text)
	at := 0
	for range n + 1 {
		at += bytes.Index(text[at:], []byte("- open: ")) + 8
	}
	text[at+3] ^= 1
	return text
}

// A later open record has the id, and so what stands before it counts.
func TestWALFirstOpenDamaged(t *testing.T) {
	x := newSession("treefilter", testID, mustConfig(t, "q: 1"))
	y := newSession("treefilter", testID, mustConfig(t, "q: 2"))
	for _, c := range []struct {
		text []byte
		want string
	}{
		{lines(x, entry("a", 1), x, entry("b", 2)), "a=1 b=2"},
		{lines(x, entry("a", 1), y, entry("b", 2), x, entry("c", 3)), "a=1 b=2 c=3"},
		// The config of a is not known: it was in the open record.
		{lines(x, entry("a", 1), y, entry("b", 2)), "b=2"},
		{lines(x, entry("a", 1)), ""},
		// Unless the records were vouched for, as they are once they are durable.
		{lines(x, entry("a", 1), vouch{}), "a=1"},
	} {
		w, got := walOf(t, bend(c.text, 0), "")
		if s := summary(got); s != c.want || w.bad == 0 {
			t.Errorf("got %s, %d bad, want %s", s, w.bad, c.want)
		}
	}
}

// The same for an open record further on.
func TestWALLaterOpenDamaged(t *testing.T) {
	x := newSession("treefilter", testID, mustConfig(t, "q: 1"))
	y := newSession("treefilter", testID, mustConfig(t, "q: 2"))
	text := lines(x, entry("a", 1), y, entry("b", 2), y, entry("c", 3))
	if _, got := walOf(t, bend(text, 1), ""); summary(got) != "a=1 b=2 c=3" {
		t.Errorf("got %s", summary(got))
	}
}

// Blocks of an older WAL that come back after a crash are not believed, with
// or without an open record of their own.
func TestWALStaleBlocks(t *testing.T) {
	c := mustConfig(t, "q: 1")
	now, old := newSession("treefilter", testID, c), newSession("treefilter", "00112233aabbccdd", c)
	stale := lines(old, entry("a", 99), entry("z", 99), "-b")
	for name, part := range map[string][]byte{
		"with its open record": stale,
		"without":              stale[bytes.IndexByte(stale, '\n')+1:],
		"from mid-line on":     stale[200:],
	} {
		text := append(lines(now, entry("a", 1), entry("b", 2)), part...)
		text = append(text, lines(now, entry("c", 3))...)
		w, got := walOf(t, text, "")
		if s := summary(got); s != "a=1 b=2 c=3" || w.bad != bytes.Count(part, []byte{'\n'}) || w.id != testID {
			t.Errorf("%s: got %s, %d bad, id %s", name, s, w.bad, w.id)
		}
	}
}

func TestWALBadLines(t *testing.T) {
	s := newSession("treefilter", testID, Config{})
	good := string(lines(s, entry("x", 9)))
	good = good[strings.IndexByte(good, '\n')+1:]
	for _, bad := range []string{
		"nonsense",
		"-",
		"---",
		"- set: {path: \"x\", time: 9",
		"- set: {path: \"x\", time: 9}#",
		"- set: {path: \"x\", time: 9} # a comment",
		"- set: {path: \"x\", time: 9} # 0123456",
		"- set: {path: \"x\", time: 9} # 01234567",
		"- set: {path: \"x\", time: 9} # 0123456G",
		"- set: {path: \"../x\", time: 9}",
		"- set: {path: x, time: '9'}",
		"- set: {path: x}",
		"- put: {path: x, time: 9}",
		"- set:",
		"- set:\n    path: x",
		"- set:\n    path: x\n    time: [",
		"set: {path: x, time: 9}",
		" - set: {path: x, time: 9}",
		"\t",
		"\x00\x00\x00\x00",
		strings.Repeat("\x00", 4096) + good[10:len(good)-1],
		good[:20] + good[21:len(good)-1],
		good[:len(good)-2] + "g",
		good[:20] + strings.Repeat(" ", maxRecord) + good[20:len(good)-1],
		strings.Repeat("x", 3*maxRecord),
		"- set: {path: x, time: 9, config: *a}",
		"- open: {version: 1, program: treefilter, config: [}",
	} {
		text := lines(s, entry("a", 1))
		text = append(text, bad...)
		text = append(text, '\n')
		text = append(text, lines(s, entry("b", 2))...)
		w, got := walOf(t, text, "")
		if summary(got) != "a=1 b=2" || w.bad != 1 || w.badLine < 3 || w.torn || w.foreign {
			t.Errorf("%.60q: got %s, %d bad, the first in line %d", bad, summary(got), w.bad, w.badLine)
		}
	}
}

// Cut anywhere, a WAL gives the records of its whole lines; and what is
// appended then is read.
func TestWALCut(t *testing.T) {
	s := newSession("treefilter", testID, Config{})
	var want []string
	text := s.appendOpen(nil)
	ends := []int{len(text)}
	for i, name := range hardNames {
		if checkPath(name) != nil {
			continue
		}
		text = s.appendSet(text, Entry{Path: name, Stamp: Stamp{Time: Time{int64(1700000000 + i), int32(i)}}})
		ends = append(ends, len(text))
		want = append(want, name)
	}
	more := lines(s, entry("appended", 1))
	for n := range len(text) {
		whole := 0
		for whole < len(ends) && ends[whole] <= n {
			whole++
		}
		w, got := walOf(t, text[:n], "")
		names := want[:max(whole-1, 0)]
		if len(got) != len(names) || w.torn != (n > 0 && text[n-1] != '\n') {
			t.Fatalf("cut at %d: %d stamps, want %d, torn %v", n, len(got), len(names), w.torn)
		}
		for _, name := range names {
			if got[name] == nil {
				t.Fatalf("cut at %d: %q is lost", n, name)
			}
		}
		if n%7 > 0 {
			continue
		}
		_, got = walOf(t, append(append(bytes.Clone(text[:n]), '\n'), more...), "")
		delete(got, "appended")
		for name, s := range got {
			// A line that lacked no more than its CRC is whole.
			i := slices.Index(want, name)
			if i < 0 || s.Time != (Time{s.Time.Sec, int32(s.Time.Sec - 1700000000)}) {
				t.Fatalf("cut at %d, and appended to: %q has %v", n, name, s)
			}
		}
	}
}

func TestWALByHand(t *testing.T) {
	s := newSession("treefilter", testID, mustConfig(t, "q: 1"))
	sealed := string(lines(s, entry("s", 7)))
	for _, c := range []struct{ name, text, config, want string }{
		{"empty", "", "", ""},
		{"blank", "\n\n  \n", "", ""},
		{"comments", "# one\n# two\n", "", ""},
		{"records", "- set: {path: a, time: 1.0}\n- drop: {path: b}\n", "", "a=1 -b"},
		{"CRLF", "- set: {path: a, time: 1}\r\n\r\n- set:\r\n    path: b\r\n    time: 2\r\n", "", "a=1 b=2"},
		{"spaces at the end", "- set: {path: a, time: 1}   \n", "", "a=1"},
		{"blocks", "- set:\n    path: a\n    time: 1\n- set:\n    time: 2\n    path: b\n# end\n- drop:\n    path: c\n", "", "a=1 b=2 -c"},
		{"the last one counts", "- set: {path: a, time: 1}\n- set: {path: a, time: 2}\n- drop: {path: b}\n- set: {path: b, time: 3}\n", "", "a=2 b=3"},
		{"before an open record", "- set: {path: a, time: 1}\n" + sealed, "q: 1", "-a s=7"},
		{"before an open record, without a config", "- set: {path: a, time: 1}\n" + sealed, "", "a=1 -s"},
		{"after an open record", sealed + "- set: {path: a, time: 1}\n", "q: 1", "a=1 s=7"},
		{"an open record", "- open: {version: 1, program: treefilter, config: {q: 2}}\n- set: {path: a, time: 1}\n", "q: 2", "a=1"},
		{"an open record over lines", "- open:\n    version: 1\n    program: treefilter\n    config:\n        q: 2\n- set: {path: a, time: 1}\n", "q: 2", "a=1"},
		{"an open record without a program", "- open: {version: 1, config: {q: 2}}\n- set: {path: a, time: 1}\n", "q: 2", ""},
		{"an open record, and then one of ours", "- open: {version: 1, program: treefilter, config: {q: 2}}\n- set: {path: a, time: 1}\n" + sealed, "q: 1", "-a s=7"},
	} {
		w, got := walOf(t, []byte(c.text), mustConfig(t, c.config).Hash())
		if summary(got) != c.want || w.bad > 0 || w.torn || w.foreign {
			t.Errorf("%s: got %s, want %s; %d bad, %v", c.name, summary(got), c.want, w.bad, w.badErr)
		}
	}
	// A record with a CRC ends in it.
	w, got := walOf(t, []byte(strings.ReplaceAll(sealed, "\n", "\r\n")), "")
	if len(got) > 0 || w.bad != 2 {
		t.Errorf("sealed and CRLF: got %s, %d bad", summary(got), w.bad)
	}
	// A block whose last line is cut lacks that line.
	w, got = walOf(t, []byte("- set:\n    path: a\n    time: 17"), "")
	if len(got) > 0 || !w.torn || w.bad != 0 {
		t.Errorf("a torn block: got %s, %d bad", summary(got), w.bad)
	}
}

func TestWALForeign(t *testing.T) {
	for text, want := range map[string]bool{
		"config:\n  quality: 90\n":                                           true, // a WAL of treestamps begins so
		"some: thing\n- else: 1\n":                                           true,
		"a: b\n- set: {path: a, time: 1}\n":                                  false,
		"a: b\n" + string(lines(newSession("treefilter", testID, Config{}))): false,
		"nonsense\n": false,
		"- a: b\n":   false,
		"":           false,
	} {
		if w, _ := walOf(t, []byte(text), ""); w.foreign != want {
			t.Errorf("%q: foreign %v", text, w.foreign)
		}
	}
}

// No bit of a WAL that flips alters a stamp, or makes one.
func TestWALFlips(t *testing.T) {
	s := newSession("treefilter", testID, Config{})
	text := lines(s, entry("img1.jpg", 1700000001), Entry{Path: "odd: name*", Stamp: Stamp{Time: testTime, Digest: testDigest}}, "-gone", s, entry("bad\xff", 1700000003), entry("J", 1700000004))
	checkFlips(t, text, 0)
}

// A name that holds what a flip makes a line feed of.
func TestWALFlipToLineFeed(t *testing.T) {
	for _, name := range []string{"x:J y", "x:* y", "x: J y", "- set:J path: x"} {
		checkFlips(t, lines(newSession("treefilter", testID, Config{}), entry(name, 1700000001)), 0)
	}
}

// A flip in the CRC's last digit, which makes the line look like the beginning
// of a block, does not take the CRC out of force for a second flip.
func TestWALTwoFlips(t *testing.T) {
	s := newSession("treefilter", testID, Config{})
	for i := int64(0); ; i++ {
		text := lines(s, entry("ab", 1700000000+i))
		last := len(text) - 2
		flipped := bytes.Clone(text)
		if flipped[last] ^= '8' ^ ':'; flipped[last] != ':' {
			continue
		}
		checkFlipsOf(t, text, flipped, bytes.IndexByte(text, '\n')+1)
		return
	}
}

func checkFlips(t *testing.T, text []byte, from int) { checkFlipsOf(t, text, text, from) }

// checkFlipsOf flips every bit of text, from a byte on, and wants no stamp that
// is not in the original.
func checkFlipsOf(t *testing.T, original, text []byte, from int) {
	t.Helper()
	_, want := walOf(t, original, "")
	for flipped := range flips(string(text), from) {
		_, got := walOf(t, []byte(flipped), "")
		for p, s := range got {
			w := want[p]
			if s != nil && (w == nil || s.Time != w.Time || s.Digest != nil && *s.Digest != *w.Digest) {
				t.Fatalf("%q has %v in %q", p, s, flipped)
			}
		}
	}
}

// What a cut left of a record written by hand stays none when a commit ends
// its line.
func TestAppendAfterATornBlock(t *testing.T) {
	tree := treeOf(t, Options{}, "", "- set: {path: c, time: 3}\n- set:\n    time: 1700000000\n    path: a.jp")
	if err := appendTo(tree, []Entry{entry("b", 2)}); err != nil {
		t.Fatal(err)
	}
	wantStamps(t, reopen(t, tree.root, Options{}), []string{"a.jp"}, map[string]Stamp{"b": at(2), "c": at(3)})
}

// Nor does a record that lacks nothing but its line end become one.
func TestAppendAfterALineWithoutItsEnd(t *testing.T) {
	s := newSession(DefaultProgram, testID, Config{})
	for _, last := range []any{entry("a", 2), "-c"} {
		text := lines(s, entry("c", 1), vouch{}, last)
		tree := treeOf(t, Options{}, "", string(text[:len(text)-1]))
		for _, p := range []string{"b", "d"} {
			if got := stamped(reopen(t, tree.root, Options{})); !strings.Contains(got, "c=1") || strings.Contains(got, "a=") {
				t.Errorf("%v: before %s: %s", last, p, got)
			}
			commit := reopen(t, tree.root, Options{})
			if err := appendTo(commit, []Entry{entry(p, 3)}); err != nil {
				t.Fatal(err)
			}
			if err := commit.Sync(); err != nil {
				t.Fatal(err)
			}
		}
		if got := stamped(reopen(t, tree.root, Options{})); got != "b=3 c=1 d=3" {
			t.Errorf("%v: in the end: %s", last, got)
		}
	}
}

// Whatever the config, what was appended is found again.
func TestAppendUnderALargeConfig(t *testing.T) {

	deep := strings.Repeat("{a: ", 500) + "1" + strings.Repeat("}", 500)
	for _, text := range []string{"a: \"" + strings.Repeat("x", maxRecord) + "\"", deep} {
		c, err := ParseConfig([]byte(text))
		if err != nil {
			continue // refused: as good
		}
		tree := treeOf(t, Options{Config: c}, "", "")
		if err := appendTo(tree, []Entry{entry("a", 1)}); err != nil {
			continue
		}
		wantStamps(t, reopen(t, tree.root, Options{Config: c}), nil, map[string]Stamp{"a": at(1)})
		if _, err := dumpTree(tree); err == nil {
			again := reopen(t, tree.root, Options{Config: c})
			wantStamps(t, again, nil, map[string]Stamp{"a": at(1)})
			if problems := again.Problems(); len(problems) > 0 {
				t.Errorf("problems: %.200v", problems)
			}
		}
	}
}

// At most 64 KiB of records, and a batch, follow one open record.
func TestAppendRepeatsTheOpenRecord(t *testing.T) {
	tree := treeOf(t, Options{}, "", "")
	batch := []Entry{entry(strings.Repeat("n", 10<<10), 1)}
	for range 20 {
		if err := appendTo(tree, batch); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(tree.names.wal)
	if err != nil {
		t.Fatal(err)
	}
	stretches := bytes.Split(text, []byte("- open: "))
	for i, s := range stretches[1:] {
		if len(s) > reopenAfter+len(batch[0].Path)+1024 {
			t.Errorf("%d bytes follow open record %d", len(s), i)
		}
	}
	if len(stretches) > 8 {
		t.Errorf("%d open records in %d bytes", len(stretches)-1, len(text))
	}
}

// sameInodes is a file system that gives every file the same inode, as others
// do with one that was just freed.
type sameInodes struct {
	osFS
	dirSyncs int
}

type sameInode struct{ file }

func (f sameInode) stat() (fileInfo, error) {
	info, err := f.file.stat()
	info.ino = 1
	return info, err
}

func (f *sameInodes) lstat(path string) (fileInfo, error) {
	info, err := f.osFS.lstat(path)
	info.ino = 1
	return info, err
}

func (f *sameInodes) open(path string, flag int, perm fs.FileMode) (file, error) {
	opened, err := f.osFS.open(path, flag, perm)
	if err != nil {
		return nil, err
	}
	return sameInode{opened}, nil
}

func (f *sameInodes) syncDir(path string) error {
	f.dirSyncs++
	return f.osFS.syncDir(path)
}

// A WAL that took the place of a dumped one is a new file, also when it has
// the inode of the old: its name is not durable yet, and its id is another.
func TestAppendToANewWALWithTheOldInode(t *testing.T) {
	fsys := &sameInodes{}
	tree := treeOf(t, Options{fsys: fsys}, "", "")
	if err := appendTo(tree, []Entry{entry("a", 1)}); err != nil {
		t.Fatal(err)
	}
	if err := tree.Sync(); err != nil {
		t.Fatal(err)
	}
	old := tree.app.session.id
	if _, err := dumpTree(reopen(t, tree.root, Options{})); err != nil {
		t.Fatal(err)
	}
	if err := appendTo(tree, []Entry{entry("b", 2)}); err != nil {
		t.Fatal(err)
	}
	fsys.dirSyncs = 0
	if err := tree.Sync(); err != nil {
		t.Fatal(err)
	}
	if fsys.dirSyncs == 0 {
		t.Error("the new name was not made durable")
	}
	if tree.app.session.id == old {
		t.Error("the new WAL has the id of the old")
	}
}

// FuzzWAL: no input makes the reader panic, and every stamp that it returns
// stands in the bytes, with its exact path and time.
func FuzzWAL(f *testing.F) {
	s := newSession("treefilter", testID, mustConfig(f, "q: 1"))
	f.Add(lines(s, entry("a", 1), "-b", Entry{Path: "c\n", Stamp: Stamp{Time: testTime, Digest: testDigest}}))
	f.Add(bend(lines(s, entry("a", 1), s, entry("b", 2)), 0))
	f.Add([]byte("- set:\n    path: a\n    time: 1\n- drop: {path: b}\n# c\n- set: {path: d, time: 1}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		_, got := walOf(t, text, "")
		if len(got) == 0 {
			return
		}
		written := recordsIn(text)
		for p, s := range got {
			if !slices.ContainsFunc(written[p], func(r record) bool {
				return s == nil && r.kind != recordSet || s != nil && r.kind == recordSet && r.equal(record{kind: recordSet, path: []byte(p), stamp: *s})
			}) {
				t.Fatalf("%q has %v, which stands nowhere", p, s)
			}
		}
	})
}

// recordsIn lists what could be a record in a WAL, by path, as yaml.v3 reads
// it: a line, or one such as "- set:" with the indented lines below it.
func recordsIn(text []byte) map[string][]record {
	found := map[string][]record{}
	all := bytes.Split(text, []byte{'\n'})
	for i, line := range all {
		body, _, _ := cutCRC(line)
		block := bytes.TrimRight(line, " \r")
		if bytes.HasSuffix(block, []byte{':'}) && !bytes.ContainsAny(block, "\"{#") {
			for _, next := range all[i+1:] {
				if !bytes.HasPrefix(next, []byte{' '}) {
					break
				}
				block = append(append(bytes.Clone(block), '\n'), next...)
				body = block
			}
		}
		if r, err := parseHandRecord(body); err == nil {
			found[string(r.path)] = append(found[string(r.path)], r)
		}
	}
	return found
}
