package store

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// formatExample is what an example of FORMAT.md is about.
type formatExample struct {
	name   string
	config string
	want   map[string]Stamp // the stamps that count under the config
	others int              // how many do not
	// written is what our writer makes of them, "" for what others wrote.
	written func(t *testing.T, c Config) string
	// dumped names the example that a dump makes of this one.
	dumped string
}

var (
	smallStamps = map[string]Stamp{
		"img001.jpg":    {Time: Time{1700000000, 123000000}},
		"odd: name.jpg": {Time: Time{1700000001, 456000001}},
	}
	foxDigest   = &Digest{Size: 44, SHA256: sha256.Sum256([]byte("The quick brown fox jumps over the lazy dog\n"))}
	formsStamps = map[string]Stamp{
		"img001.jpg":            {Time: Time{1700000000, 123000000}},
		"2024.jpg":              {Time: Time{1700000000, 0}},
		".hidden":               {Time: Time{1700000000, 0}},
		"no":                    {Time: Time{1700000000, 0}},
		"naïve.png":             {Time: Time{1700000000, 0}},
		"line\nfeed \x1b[31m":   {Time: Time{1700000000, 0}},
		`say "hi"\`:             {Time: Time{1700000000, 0}},
		"latin1-\xe9.txt":       {Time: Time{1700000000, 0}},
		"old/1901.txt":          {Time: Time{-2177452801, 750000000}},
		"old/1969.txt":          {Time: Time{-1, 500000000}},
		"old-fox.txt":           {Time: Time{1700000000, 5}, Digest: foxDigest},
		"old/2024/01/2446.txt":  {Time: Time{15032385535, 999999999}},
		"old-/after-old/slash.": {Time: Time{1700000000, 0}},
		"ahead.jpg":             {Time: Time{4102444800, 0}, Exact: true},
		"link.jpg":              {Time: Time{1700000005, 0}, Target: Time{1700000004, 0}},
	}
	otherStamps    = map[string]Stamp{"img002.jpg": {Time: Time{1600000000, 0}}, "old/0001.txt": {Time: Time{1600000001, 0}, Digest: foxDigest}}
	formatExamples = []formatExample{
		{"snapshot-small", "{quality: 90}", smallStamps, 0, snapshotOf(smallStamps), "snapshot-small"},
		{"snapshot-forms", formsConfig, formsStamps, 2, writeForms, "snapshot-forms"},
		{"snapshot-forms", "{quality: 80}", otherStamps, len(formsStamps), nil, "snapshot-forms"},
		{"snapshot-empty", "{}", nil, 0, snapshotOf(nil), "snapshot-empty"},
		{"snapshot-by-hand", "{quality: 90}", smallStamps, 0, nil, "snapshot-small"},
		{
			"wal-small", "{quality: 90}",
			map[string]Stamp{"img003.jpg": {Time: Time{1700000002, 789000000}}, "img004.jpg": {Time: Time{1700000003, 0}, Digest: foxDigest}}, 0,
			writeSmallWAL, "",
		},
		{
			"wal-forms", "{}",
			map[string]Stamp{
				"ahead.jpg": {Time: Time{4102444800, 0}, Exact: true},
				"link.jpg":  {Time: Time{1700000005, 0}, Target: Time{1700000004, 0}},
				"l\xf8.txt": {Time: Time{4102444800, 0}, Exact: true, Target: Time{1700000004, 0}, Digest: foxDigest},
				"{a}":       {Time: Time{-1, 500000000}},
			}, 0,
			func(t *testing.T, c Config) string {
				return string(lines(newSession("treefilter", testID, c),
					Entry{Path: "ahead.jpg", Stamp: Stamp{Time: Time{4102444800, 0}, Exact: true}},
					Entry{Path: "link.jpg", Stamp: Stamp{Time: Time{1700000005, 0}, Target: Time{1700000004, 0}}},
					Entry{Path: "l\xf8.txt", Stamp: Stamp{Time: Time{4102444800, 0}, Exact: true, Target: Time{1700000004, 0}, Digest: foxDigest}},
					Entry{Path: "{a}", Stamp: Stamp{Time: Time{-1, 500000000}}}))
			}, "",
		},
		{"wal-sessions", "{quality: 80}", map[string]Stamp{"c.jpg": at(1700000003)}, 1, writeSessions, ""},
		{"wal-sessions", "{quality: 90}", map[string]Stamp{"a.jpg": at(1700000004)}, 1, nil, ""},
		{
			"wal-by-hand", "{quality: 90}",
			map[string]Stamp{"a.jpg": {Time: Time{1700000000, 500000000}}, "odd: name.jpg": at(1700000001), "c.jpg": at(1700000003)}, 0,
			nil, "",
		},
	}
)

const formsConfig = "{steps: [resize, {sharpen: 0.5}], png: {level: 9, strip: all}, \"on\": true}"

// testVolume is the file system of the examples.
const testVolume = "ext-0123456789abcdef"

func snapshotOf(stamps map[string]Stamp) func(*testing.T, Config) string {
	return func(t *testing.T, c Config) string {
		var entries []Entry
		for p, s := range stamps {
			entries = append(entries, Entry{Path: p, Stamp: s})
		}
		return sealed(t, "treefilter", c, entries...)
	}
}

// writeForms writes a snapshot with all that there can be in one.
func writeForms(t *testing.T, c Config) string {
	under, other, over := termsOf(c), termsOf(mustConfig(t, "{quality: 80}")), newOverlay()
	for p, s := range formsStamps {
		over.set([]byte(p), s, under)
	}
	for p, s := range otherStamps {
		over.set([]byte(p), s, other)
	}
	over.take([]byte("failed.jpg"), wordDrop)
	over.finish()
	m := newMerge("treefilter", &state{wal: &wal{id: testID, said: newOverlay(), records: 1}}, over, under)
	m.volume = testVolume
	var out bytes.Buffer
	if _, err := m.write(newSnapshotWriter(&out)); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// writeSmallWAL returns what two commits and a prune make of an empty WAL, with
// the id and the file system of the examples in place of its own.
func writeSmallWAL(t *testing.T, c Config) string {
	stamps := []Entry{
		{Path: "img003.jpg", Stamp: Stamp{Time: Time{1700000002, 789000000}}},
		{Path: "img004.jpg", Stamp: Stamp{Time: Time{1700000003, 0}, Digest: foxDigest}},
	}
	tree := treeOf(t, Options{Config: c}, "", "")
	yes := func(string) bool { return true }
	_, dropErr := tree.Drop([]string{"failed.jpg"}, yes)
	_, pruneErr := tree.Prune([]string{"gone.jpg"}, yes)
	if err := errors.Join(dropErr, pruneErr, appendTo(tree, stamps), tree.Sync()); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(tree.root, walName))
	if err != nil {
		t.Fatal(err)
	}
	with := func(id, volume string) string {
		s := newSession("treefilter", id, c)
		s.volume = volume
		return string(lines(s, "-failed.jpg", "!gone.jpg", stamps[0], stamps[1], vouch{}))
	}
	if want := with(tree.app.session.id, tree.app.session.volume); string(got) != want {
		t.Errorf("a commit appends:\n%s\nwant:\n%s", got, want)
	}
	return with(testID, testVolume)
}

func writeSessions(t *testing.T, c Config) string {
	x, y := newSession("treefilter", testID, c), newSession("treefilter", testID, mustConfig(t, "{quality: 90}"))
	return string(lines(x, entry("a.jpg", 1700000001), entry("b.jpg", 1700000002), entry("c.jpg", 1700000003), vouch{},
		y, entry("a.jpg", 1700000004), "-b.jpg", vouch{}))
}

func readFormat(t *testing.T) string {
	t.Helper()
	doc, err := os.ReadFile("FORMAT.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(doc)
}

// examplesIn returns the fenced blocks of the document that are marked as
// examples, by name.
func examplesIn(t *testing.T, doc string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, m := range regexp.MustCompile("(?ms)^```[a-z]+ example=([a-z-]+)\n(.*?)^```$").FindAllStringSubmatch(doc, -1) {
		if _, twice := found[m[1]]; twice {
			t.Fatalf("two examples are called %s", m[1])
		}
		found[m[1]] = m[2]
	}
	return found
}

// Every example of FORMAT.md is read as the stamps named here, and is, byte
// for byte, what our writer makes of them.
func TestFormatExamples(t *testing.T) {
	found := examplesIn(t, readFormat(t))
	for _, name := range []string{"config-hash", "config-given", "config-canonical"} {
		if found[name] == "" {
			t.Errorf("no example %s", name)
		}
	}
	known := []string{"config-hash", "config-given", "config-canonical"}
	for _, e := range formatExamples {
		known = append(known, e.name)
		t.Run(e.name, func(t *testing.T) {
			text, c := found[e.name], mustConfig(t, e.config)
			if text == "" {
				t.Fatal("not in FORMAT.md")
			}
			if e.written != nil {
				if want := e.written(t, c); text != want {
					t.Errorf("FORMAT.md has:\n%s\nthe writer writes:\n%s", text, want)
				}
			}
			files := [2]string{text, ""}
			if strings.HasPrefix(e.name, "wal") {
				files = [2]string{"", text}
			}
			tree := treeOf(t, Options{Config: c}, files[0], files[1])
			gone := slices.DeleteFunc([]string{"gone.jpg", "failed.jpg", "a.jpg", "b.jpg", "img002.jpg"}, func(path string) bool { _, ok := e.want[path]; return ok })
			wantStamps(t, tree, gone, e.want)
			if problems := tree.Problems(); len(problems) > 0 {
				t.Errorf("problems: %v", problems)
			}
			if n := tree.OtherConfigs(); n != int64(e.others) {
				t.Errorf("%d stamps of other configs, want %d", n, e.others)
			}
			if n, err := dumpTree(tree); err != nil || n != int64(len(e.want)+e.others) {
				t.Errorf("a dump finds %d stamps, %v", n, err)
			}
			if e.dumped == "" {
				return
			}
			if got, err := os.ReadFile(filepath.Join(tree.root, snapshotName)); string(got) != found[e.dumped] {
				t.Errorf("a dump makes of it:\n%s\n%v", got, err)
			}
		})
	}
	slices.Sort(known)
	known = slices.Compact(known)
	if names := slices.Sorted(maps.Keys(found)); !slices.Equal(names, known) {
		t.Errorf("examples %v, known here %v", names, known)
	}
}

// The hash that FORMAT.md quotes is what the shell prints, and what we write.
func TestFormatConfigHash(t *testing.T) {
	found := examplesIn(t, readFormat(t))
	m := regexp.MustCompile(`^\$ printf '(.*)' \| sha256sum\n([0-9a-f]{64})  -\n$`).FindStringSubmatch(found["config-hash"])
	if m == nil {
		t.Fatalf("no hash in %q", found["config-hash"])
	}
	c := mustConfig(t, m[1])
	if c.String() != m[1] {
		t.Errorf("%s is not canonical, but %s", m[1], c)
	}
	if sum := fmt.Sprintf("%x", sha256.Sum256([]byte(m[1]))); sum != m[2] || c.Hash() != m[2] {
		t.Errorf("FORMAT.md has %s, sha256sum prints %s, Hash is %s", m[2], sum, c.Hash())
	}
	if given := mustConfig(t, found["config-given"]); given.String()+"\n" != found["config-canonical"] {
		t.Errorf("the canonical form is %s", given)
	}
}

// The folders that FORMAT.md names are those of the code.
func TestFormatFolders(t *testing.T) {
	rows := regexp.MustCompile("(?m)^\\| `(/.*)` \\| `(.+)` \\|$").FindAllStringSubmatch(readFormat(t), -1)
	if len(rows) < 4 {
		t.Errorf("only %d roots", len(rows))
	}
	for _, row := range rows {
		if got := string(appendFolder(nil, row[1])); got != row[2] {
			t.Errorf("%s: FORMAT.md has %s, the code %s", row[1], row[2], got)
		}
	}
}

// The limits that FORMAT.md names are those of the code.
func TestFormatLimits(t *testing.T) {
	doc := readFormat(t)
	for what, n := range map[string]int64{
		"a path":                                  maxPath,
		"bad lines in a WAL":                      maxBad,
		"a WAL line":                              maxRecord,
		"a WAL":                                   maxWAL,
		"WAL records written by hand":             maxHandWAL,
		"a snapshot's content":                    maxSnapshot,
		"a snapshot without a trailer":            maxHandSnapshot,
		"a snapshot's header":                     maxHeader,
		"records after one open record":           reopenAfter,
		"configs that a snapshot keeps stamps of": maxConfigs,
		"what one CRC of the trailer covers":      blockSize,
		"a key before its colon (characters)":     maxImplicitKey,
		"a key in a config (bytes)":               maxConfigKey,
		"a config in canonical form (bytes)":      maxConfig,
		"levels of a config":                      maxConfigDepth,
	} {
		if row := fmt.Sprintf("| %s | %s |", what, inUnits(n)); !strings.Contains(doc, "\n"+row) {
			t.Errorf("FORMAT.md lacks the row %s", row)
		}
	}
	for _, name := range []string{snapshotSuffix, walSuffix, tempSuffix, brokenSuffix, sumsHead, defaultLockWait.String()} {
		if !strings.Contains(doc, strings.TrimSpace(name)) {
			t.Errorf("FORMAT.md does not name %s", name)
		}
	}
}

func inUnits(n int64) string {
	for _, u := range []struct {
		name string
		size int64
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if n >= u.size && n%u.size == 0 && n != maxImplicitKey {
			return fmt.Sprintf("%d %s", n/u.size, u.name)
		}
	}
	return fmt.Sprint(n)
}
