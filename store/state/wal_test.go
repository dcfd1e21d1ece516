package state

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
	"treefilter/store/internal/format/formattest"
	"treefilter/store/internal/memtable"
	"treefilter/store/internal/wal"
	"treefilter/store/internal/words"
)

const testID = "9f86d081884c7d65"

// vouch stands for an open record that counts the records before it.
type vouch struct{}

// lines writes a WAL: an open record for every session given, and under the
// session before them entries, drops ("-path") and prunes ("!path").
func lines(parts ...any) []byte {
	var b []byte
	var s *format.Session
	w := wal.NewReader(disk.DefaultProgram, words.Room{}, nil)
	for _, p := range parts {
		switch p := p.(type) {
		case *format.Session:
			s = p
			w.Opened[s] = true
			b = s.AppendOpen(b)
		case vouch:
			sealing, counted := *s, w.Tally
			sealing.After = &counted
			b = sealing.AppendOpen(b)
		case format.Entry:
			b = s.AppendSet(b, p)
			w.Count(format.Record{Kind: format.RecordSet}, s)
		case string:
			kind := format.RecordDrop
			if p[0] == '!' {
				kind = format.RecordPrune
			}
			b = s.AppendTake(b, kind, p[1:])
			w.Count(format.Record{Kind: kind}, s)
		}
	}
	return b
}

func entry(path string, sec int64) format.Entry { return format.Entry{Path: path, Stamp: at(sec)} }

// walOf reads a WAL and lists what it says of each path: a stamp that was made
// under a config of that hash, or under any where it is "", or else nil.
func walOf(t testing.TB, text []byte, hash string) (*wal.Log, map[string]*format.Stamp) {
	t.Helper()
	return walOfProgram(t, text, disk.DefaultProgram, hash)
}

func walOfProgram(t testing.TB, text []byte, program, hash string) (*wal.Log, map[string]*format.Stamp) {
	t.Helper()
	w, err := wal.Read(bytes.NewReader(text), program, words.Room{Bytes: defaultRoom, FS: disk.OS{}})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]*format.Stamp{}
	for p, it := range wordsOf(w.Said) {
		got[p] = nil
		if it.Kind == memtable.WordSet && (hash == "" || it.Under.Hash == hash) {
			s := it.Stamp()
			got[p] = &s
		}
	}
	return w, got
}

// wordsOf lists what is said of each path.
func wordsOf(o *words.Words) map[string]*memtable.Word {
	all, last := map[string]*memtable.Word{}, ""
	for dir, it := range o.All() {
		p, it := format.JoinPath(dir, it.Name), *it
		if last != "" && format.ComparePaths(last, p) >= 0 {
			panic(p + " is not in order")
		}
		all[p], last = &it, p
	}
	return all
}

// summary is what a WAL says, in short: "a=1 b=2 -c".
func summary(got map[string]*format.Stamp) string {
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
	x := format.NewSession("treefilter", testID, formattest.MustConfig(t, "q: 1"))
	y := format.NewSession("treefilter", testID, formattest.MustConfig(t, "q: 2"))
	other := format.NewSession("other", testID, formattest.MustConfig(t, "q: 1"))
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
		last          *format.Session
	}{
		// Drops count under every config, and a stamp hides those made before it
		// under another.
		{"treefilter", x.Hash, "-a b=22 -c -d -e", 2, y},
		{"treefilter", y.Hash, "a=11 -b -c -d e=45", 1, y},
		{"treefilter", format.Config{}.Hash(), "-a -b -c -d -e", 3, y},
		{"treefilter", "", "a=11 b=22 -c -d e=45", 0, y},
		{"other", x.Hash, "-c -d f=36", 0, other},
	} {
		w, got := walOfProgram(t, text, c.program, c.hash)
		void := 0
		for _, it := range wordsOf(w.Said) {
			if c.hash != "" && it.Kind == memtable.WordSet && it.Under.Hash != c.hash {
				void++
			}
		}
		if s := summary(got); s != c.want || void != c.void || w.Tally != (format.Tally{Sets: 9, Takes: 2, Under: ""}) || w.Bad != 0 || w.Torn || w.Foreign {
			t.Errorf("%s %s: got %s, %d void, %v\nwant %s, %d", c.program, c.hash, s, void, w.Tally, c.want, c.void)
		}
		if w.Last.Hash != c.last.Hash || w.ID != testID {
			t.Errorf("%s: newest config %s, id %s", c.program, w.Last.Config, w.ID)
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
	x := format.NewSession("treefilter", testID, formattest.MustConfig(t, "q: 1"))
	y := format.NewSession("treefilter", testID, formattest.MustConfig(t, "q: 2"))
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
		if s := summary(got); s != c.want || w.Bad == 0 {
			t.Errorf("got %s, %d bad, want %s", s, w.Bad, c.want)
		}
	}
}

// The same for an open record further on.
func TestWALLaterOpenDamaged(t *testing.T) {
	x := format.NewSession("treefilter", testID, formattest.MustConfig(t, "q: 1"))
	y := format.NewSession("treefilter", testID, formattest.MustConfig(t, "q: 2"))
	text := lines(x, entry("a", 1), y, entry("b", 2), y, entry("c", 3))
	if _, got := walOf(t, bend(text, 1), ""); summary(got) != "a=1 b=2 c=3" {
		t.Errorf("got %s", summary(got))
	}
}

// Blocks of an older WAL that come back after a crash are not believed, with
// or without an open record of their own.
func TestWALStaleBlocks(t *testing.T) {
	c := formattest.MustConfig(t, "q: 1")
	now, old := format.NewSession("treefilter", testID, c), format.NewSession("treefilter", "00112233aabbccdd", c)
	stale := lines(old, entry("a", 99), entry("z", 99), "-b")
	for name, part := range map[string][]byte{
		"with its open record": stale,
		"without":              stale[bytes.IndexByte(stale, '\n')+1:],
		"from mid-line on":     stale[200:],
	} {
		text := append(lines(now, entry("a", 1), entry("b", 2)), part...)
		text = append(text, lines(now, entry("c", 3))...)
		w, got := walOf(t, text, "")
		if s := summary(got); s != "a=1 b=2 c=3" || w.Bad != bytes.Count(part, []byte{'\n'}) || w.ID != testID {
			t.Errorf("%s: got %s, %d bad, id %s", name, s, w.Bad, w.ID)
		}
	}
}

func TestWALBadLines(t *testing.T) {
	s := format.NewSession("treefilter", testID, format.Config{})
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
		good[:20] + strings.Repeat(" ", format.MaxRecord) + good[20:len(good)-1],
		strings.Repeat("x", 3*format.MaxRecord),
		"- set: {path: x, time: 9, config: *a}",
		"- open: {version: 1, program: treefilter, config: [}",
	} {
		text := lines(s, entry("a", 1))
		text = append(text, bad...)
		text = append(text, '\n')
		text = append(text, lines(s, entry("b", 2))...)
		w, got := walOf(t, text, "")
		if summary(got) != "a=1 b=2" || w.Bad != 1 || w.BadLine < 3 || w.Torn || w.Foreign {
			t.Errorf("%.60q: got %s, %d bad, the first in line %d", bad, summary(got), w.Bad, w.BadLine)
		}
	}
}

// Cut anywhere, a WAL gives the records of its whole lines; and what is
// appended then is read.
func TestWALCut(t *testing.T) {
	s := format.NewSession("treefilter", testID, format.Config{})
	var want []string
	text := s.AppendOpen(nil)
	ends := []int{len(text)}
	for i, name := range formattest.HardNames {
		if format.CheckPath(name) != nil {
			continue
		}
		text = s.AppendSet(text, format.Entry{Path: name, Stamp: format.Stamp{Time: format.Time{Sec: int64(1700000000 + i), Nsec: int32(i)}}})
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
		if len(got) != len(names) || w.Torn != (n > 0 && text[n-1] != '\n') {
			t.Fatalf("cut at %d: %d stamps, want %d, torn %v", n, len(got), len(names), w.Torn)
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
			if i < 0 || s.Time != (format.Time{Sec: s.Time.Sec, Nsec: int32(s.Time.Sec - 1700000000)}) {
				t.Fatalf("cut at %d, and appended to: %q has %v", n, name, s)
			}
		}
	}
}

func TestWALByHand(t *testing.T) {
	s := format.NewSession("treefilter", testID, formattest.MustConfig(t, "q: 1"))
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
		w, got := walOf(t, []byte(c.text), formattest.MustConfig(t, c.config).Hash())
		if summary(got) != c.want || w.Bad > 0 || w.Torn || w.Foreign {
			t.Errorf("%s: got %s, want %s; %d bad, %v", c.name, summary(got), c.want, w.Bad, w.BadErr)
		}
	}
	// A record with a CRC ends in it.
	w, got := walOf(t, []byte(strings.ReplaceAll(sealed, "\n", "\r\n")), "")
	if len(got) > 0 || w.Bad != 2 {
		t.Errorf("sealed and CRLF: got %s, %d bad", summary(got), w.Bad)
	}
	// A block whose last line is cut lacks that line.
	w, got = walOf(t, []byte("- set:\n    path: a\n    time: 17"), "")
	if len(got) > 0 || !w.Torn || w.Bad != 0 {
		t.Errorf("a torn block: got %s, %d bad", summary(got), w.Bad)
	}
}

func TestWALForeign(t *testing.T) {
	for text, want := range map[string]bool{
		"config:\n  quality: 90\n":          true, // a WAL of treestamps begins so
		"some: thing\n- else: 1\n":          true,
		"a: b\n- set: {path: a, time: 1}\n": false,
		"a: b\n" + string(lines(format.NewSession("treefilter", testID, format.Config{}))): false,
		"nonsense\n": false,
		"- a: b\n":   false,
		"":           false,
	} {
		if w, _ := walOf(t, []byte(text), ""); w.Foreign != want {
			t.Errorf("%q: foreign %v", text, w.Foreign)
		}
	}
}

// No bit of a WAL that flips alters a stamp, or makes one.
func TestWALFlips(t *testing.T) {
	s := format.NewSession("treefilter", testID, format.Config{})
	text := lines(s, entry("img1.jpg", 1700000001), format.Entry{Path: "odd: name*", Stamp: format.Stamp{Time: formattest.Time, Digest: formattest.Digest}}, "-gone", s, entry("bad\xff", 1700000003), entry("J", 1700000004))
	checkFlips(t, text, 0)
}

// A name that holds what a flip makes a line feed of.
func TestWALFlipToLineFeed(t *testing.T) {
	for _, name := range []string{"x:J y", "x:* y", "x: J y", "- set:J path: x"} {
		checkFlips(t, lines(format.NewSession("treefilter", testID, format.Config{}), entry(name, 1700000001)), 0)
	}
}

// A flip in the CRC's last digit, which makes the line look like the beginning
// of a block, does not take the CRC out of force for a second flip.
func TestWALTwoFlips(t *testing.T) {
	s := format.NewSession("treefilter", testID, format.Config{})
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
	if err := appendTo(tree, []format.Entry{entry("b", 2)}); err != nil {
		t.Fatal(err)
	}
	wantStamps(t, reopen(t, tree.root, Options{}), []string{"a.jp"}, map[string]format.Stamp{"b": at(2), "c": at(3)})
}

// Nor does a record that lacks nothing but its line end become one.
func TestAppendAfterALineWithoutItsEnd(t *testing.T) {
	s := format.NewSession(disk.DefaultProgram, testID, format.Config{})
	for _, last := range []any{entry("a", 2), "-c"} {
		text := lines(s, entry("c", 1), vouch{}, last)
		tree := treeOf(t, Options{}, "", string(text[:len(text)-1]))
		for _, p := range []string{"b", "d"} {
			if got := stamped(reopen(t, tree.root, Options{})); !strings.Contains(got, "c=1") || strings.Contains(got, "a=") {
				t.Errorf("%v: before %s: %s", last, p, got)
			}
			commit := reopen(t, tree.root, Options{})
			if err := appendTo(commit, []format.Entry{entry(p, 3)}); err != nil {
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
	for _, text := range []string{"a: \"" + strings.Repeat("x", format.MaxRecord) + "\"", deep} {
		c, err := format.ParseConfig([]byte(text))
		if err != nil {
			continue // refused: as good
		}
		tree := treeOf(t, Options{Config: c}, "", "")
		if err := appendTo(tree, []format.Entry{entry("a", 1)}); err != nil {
			continue
		}
		wantStamps(t, reopen(t, tree.root, Options{Config: c}), nil, map[string]format.Stamp{"a": at(1)})
		if _, err := dumpTree(tree); err == nil {
			again := reopen(t, tree.root, Options{Config: c})
			wantStamps(t, again, nil, map[string]format.Stamp{"a": at(1)})
			if problems := again.Problems(); len(problems) > 0 {
				t.Errorf("problems: %.200v", problems)
			}
		}
	}
}

// At most 64 KiB of records, and a batch, follow one open record.
func TestAppendRepeatsTheOpenRecord(t *testing.T) {
	tree := treeOf(t, Options{}, "", "")
	batch := []format.Entry{entry(strings.Repeat("n", 10<<10), 1)}
	for range 20 {
		if err := appendTo(tree, batch); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(tree.names.WAL)
	if err != nil {
		t.Fatal(err)
	}
	stretches := bytes.Split(text, []byte("- open: "))
	for i, s := range stretches[1:] {
		if len(s) > wal.ReopenAfter+len(batch[0].Path)+1024 {
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
	disk.OS
	dirSyncs int
}

type sameInode struct{ disk.File }

func (f sameInode) Stat() (disk.Info, error) {
	info, err := f.File.Stat()
	info.Ino = 1
	return info, err
}

func (f *sameInodes) Lstat(path string) (disk.Info, error) {
	info, err := f.OS.Lstat(path)
	info.Ino = 1
	return info, err
}

func (f *sameInodes) Open(path string, flag int, perm fs.FileMode) (disk.File, error) {
	opened, err := f.OS.Open(path, flag, perm)
	if err != nil {
		return nil, err
	}
	return sameInode{opened}, nil
}

func (f *sameInodes) SyncDir(path string) error {
	f.dirSyncs++
	return f.OS.SyncDir(path)
}

// A WAL that took the place of a dumped one is a new file, also when it has
// the inode of the old: its name is not durable yet, and its id is another.
func TestAppendToANewWALWithTheOldInode(t *testing.T) {
	fsys := &sameInodes{}
	tree := treeOf(t, Options{fsys: fsys}, "", "")
	if err := appendTo(tree, []format.Entry{entry("a", 1)}); err != nil {
		t.Fatal(err)
	}
	if err := tree.Sync(); err != nil {
		t.Fatal(err)
	}
	old := tree.app.Session.ID
	if _, err := dumpTree(reopen(t, tree.root, Options{})); err != nil {
		t.Fatal(err)
	}
	if err := appendTo(tree, []format.Entry{entry("b", 2)}); err != nil {
		t.Fatal(err)
	}
	fsys.dirSyncs = 0
	if err := tree.Sync(); err != nil {
		t.Fatal(err)
	}
	if fsys.dirSyncs == 0 {
		t.Error("the new name was not made durable")
	}
	if tree.app.Session.ID == old {
		t.Error("the new WAL has the id of the old")
	}
}

// FuzzWAL: no input makes the reader panic, and every stamp that it returns
// stands in the bytes, with its exact path and time.
func FuzzWAL(f *testing.F) {
	s := format.NewSession("treefilter", testID, formattest.MustConfig(f, "q: 1"))
	f.Add(lines(s, entry("a", 1), "-b", format.Entry{Path: "c\n", Stamp: format.Stamp{Time: formattest.Time, Digest: formattest.Digest}}))
	f.Add(bend(lines(s, entry("a", 1), s, entry("b", 2)), 0))
	f.Add([]byte("- set:\n    path: a\n    time: 1\n- drop: {path: b}\n# c\n- set: {path: d, time: 1}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		_, got := walOf(t, text, "")
		if len(got) == 0 {
			return
		}
		written := recordsIn(text)
		for p, s := range got {
			if !slices.ContainsFunc(written[p], func(r format.Record) bool {
				return s == nil && r.Kind != format.RecordSet || s != nil && r.Kind == format.RecordSet && string(r.Path) == p && r.Stamp.Equal(*s)
			}) {
				t.Fatalf("%q has %v, which stands nowhere", p, s)
			}
		}
	})
}

// recordsIn lists what could be a record in a WAL, by path, as yaml.v3 reads
// it: a line, or one such as "- set:" with the indented lines below it.
func recordsIn(text []byte) map[string][]format.Record {
	found := map[string][]format.Record{}
	all := bytes.Split(text, []byte{'\n'})
	for i, line := range all {
		body, _, _ := format.CutCRC(line)
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
		if r, err := format.ParseHandRecord(body); err == nil {
			found[string(r.Path)] = append(found[string(r.Path)], r)
		}
	}
	return found
}
