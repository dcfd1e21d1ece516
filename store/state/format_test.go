package state

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

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
	"treefilter/store/internal/format/formattest"
	"treefilter/store/internal/memtable"
	"treefilter/store/internal/segment"
	"treefilter/store/internal/snapshot"
	"treefilter/store/internal/wal"
	"treefilter/store/internal/words"
)

// formatExample is what an example of FORMAT.md is about.
type formatExample struct {
	name   string
	config string
	want   map[string]format.Stamp // the stamps that count under the config
	others int                     // how many do not
	// written is what our writer makes of them, "" for what others wrote.
	written func(t *testing.T, c format.Config) string
	// dumped names the example that a dump makes of this one.
	dumped string
}

var (
	smallStamps = map[string]format.Stamp{
		"img001.jpg":    {Time: format.Time{Sec: 1700000000, Nsec: 123000000}},
		"odd: name.jpg": {Time: format.Time{Sec: 1700000001, Nsec: 456000001}},
	}
	foxDigest   = &format.Digest{Size: 44, SHA256: sha256.Sum256([]byte("The quick brown fox jumps over the lazy dog\n"))}
	formsStamps = map[string]format.Stamp{
		"img001.jpg":            {Time: format.Time{Sec: 1700000000, Nsec: 123000000}},
		"2024.jpg":              {Time: format.Time{Sec: 1700000000, Nsec: 0}},
		".hidden":               {Time: format.Time{Sec: 1700000000, Nsec: 0}},
		"no":                    {Time: format.Time{Sec: 1700000000, Nsec: 0}},
		"naïve.png":             {Time: format.Time{Sec: 1700000000, Nsec: 0}},
		"line\nfeed \x1b[31m":   {Time: format.Time{Sec: 1700000000, Nsec: 0}},
		`say "hi"\`:             {Time: format.Time{Sec: 1700000000, Nsec: 0}},
		"latin1-\xe9.txt":       {Time: format.Time{Sec: 1700000000, Nsec: 0}},
		"old/1901.txt":          {Time: format.Time{Sec: -2177452801, Nsec: 750000000}},
		"old/1969.txt":          {Time: format.Time{Sec: -1, Nsec: 500000000}},
		"old-fox.txt":           {Time: format.Time{Sec: 1700000000, Nsec: 5}, Digest: foxDigest},
		"old/2024/01/2446.txt":  {Time: format.Time{Sec: 15032385535, Nsec: 999999999}},
		"old-/after-old/slash.": {Time: format.Time{Sec: 1700000000, Nsec: 0}},
		"ahead.jpg":             {Time: format.Time{Sec: 4102444800, Nsec: 0}, Exact: true},
		"link.jpg":              {Time: format.Time{Sec: 1700000005, Nsec: 0}, Target: format.Time{Sec: 1700000004, Nsec: 0}},
	}
	otherStamps    = map[string]format.Stamp{"img002.jpg": {Time: format.Time{Sec: 1600000000, Nsec: 0}}, "old/0001.txt": {Time: format.Time{Sec: 1600000001, Nsec: 0}, Digest: foxDigest}}
	formatExamples = []formatExample{
		{"snapshot-small", "{quality: 90}", smallStamps, 0, snapshotOf(smallStamps), "snapshot-small"},
		{"snapshot-forms", formsConfig, formsStamps, 2, writeForms, "snapshot-forms"},
		{"snapshot-forms", "{quality: 80}", otherStamps, len(formsStamps), nil, "snapshot-forms"},
		{"snapshot-empty", "{}", nil, 0, snapshotOf(nil), "snapshot-empty"},
		{"snapshot-by-hand", "{quality: 90}", smallStamps, 0, nil, "snapshot-small"},
		{
			"wal-small", "{quality: 90}",
			map[string]format.Stamp{"img003.jpg": {Time: format.Time{Sec: 1700000002, Nsec: 789000000}}, "img004.jpg": {Time: format.Time{Sec: 1700000003, Nsec: 0}, Digest: foxDigest}}, 0,
			writeSmallWAL, "",
		},
		{
			"wal-forms", "{}",
			map[string]format.Stamp{
				"ahead.jpg": {Time: format.Time{Sec: 4102444800, Nsec: 0}, Exact: true},
				"link.jpg":  {Time: format.Time{Sec: 1700000005, Nsec: 0}, Target: format.Time{Sec: 1700000004, Nsec: 0}},
				"l\xf8.txt": {Time: format.Time{Sec: 4102444800, Nsec: 0}, Exact: true, Target: format.Time{Sec: 1700000004, Nsec: 0}, Digest: foxDigest},
				"{a}":       {Time: format.Time{Sec: -1, Nsec: 500000000}},
			}, 0,
			func(t *testing.T, c format.Config) string {
				s := format.NewSession("treefilter", testID, c)
				sets := lines(s,
					format.Entry{Path: "ahead.jpg", Stamp: format.Stamp{Time: format.Time{Sec: 4102444800, Nsec: 0}, Exact: true}},
					format.Entry{Path: "link.jpg", Stamp: format.Stamp{Time: format.Time{Sec: 1700000005, Nsec: 0}, Target: format.Time{Sec: 1700000004, Nsec: 0}}},
					format.Entry{Path: "l\xf8.txt", Stamp: format.Stamp{Time: format.Time{Sec: 4102444800, Nsec: 0}, Exact: true, Target: format.Time{Sec: 1700000004, Nsec: 0}, Digest: foxDigest}},
					format.Entry{Path: "{a}", Stamp: format.Stamp{Time: format.Time{Sec: -1, Nsec: 500000000}}})
				file := format.Stamp{Time: format.Time{Sec: 1700000002, Nsec: 789000000}}
				once := s.AppendFailure(sets, "failed.jpg", &format.Failure{Runs: 1, At: at(1700000008).Time, File: file})
				file.Target, file.Digest = format.Time{Sec: 1700000001}, foxDigest
				return string(s.AppendFailure(once, "failed.jpg", &format.Failure{Runs: 2, At: format.Time{Sec: 1700000009, Nsec: 500000000}, File: file}))
			}, "",
		},
		{"wal-sessions", "{quality: 80}", map[string]format.Stamp{"c.jpg": at(1700000003)}, 1, writeSessions, ""},
		{"wal-sessions", "{quality: 90}", map[string]format.Stamp{"a.jpg": at(1700000004)}, 1, nil, ""},
		{
			"wal-by-hand", "{quality: 90}",
			map[string]format.Stamp{"a.jpg": {Time: format.Time{Sec: 1700000000, Nsec: 500000000}}, "odd: name.jpg": at(1700000001), "c.jpg": at(1700000003)}, 0,
			nil, "",
		},
	}
)

const formsConfig = "{steps: [resize, {sharpen: 0.5}], png: {level: 9, strip: all}, \"on\": true}"

// testVolume is the file system of the examples.
const testVolume = "ext-0123456789abcdef"

func snapshotOf(stamps map[string]format.Stamp) func(*testing.T, format.Config) string {
	return func(t *testing.T, c format.Config) string {
		var entries []format.Entry
		for p, s := range stamps {
			entries = append(entries, format.Entry{Path: p, Stamp: s})
		}
		return sealed(t, "treefilter", c, entries...)
	}
}

// writeForms writes a snapshot with all that there can be in one.
func writeForms(t *testing.T, c format.Config) string {
	under, other, over := format.TermsOf(c), format.TermsOf(formattest.MustConfig(t, "{quality: 80}")), memtable.New()
	for p, s := range formsStamps {
		over.Set([]byte(p), s, under)
	}
	for p, s := range otherStamps {
		over.Set([]byte(p), s, other)
	}
	over.Take([]byte("failed.jpg"), memtable.WordDrop)
	over.Fail([]byte("failed-twice.jpg"), &format.Failure{Runs: 2, At: format.Time{Sec: 1700000009, Nsec: 500000000}, File: format.Stamp{Time: format.Time{Sec: 1700000002, Nsec: 789000000}, Digest: foxDigest}, Under: c.Hash()})
	over.Finish()
	m := newMerge("treefilter", &state{Snapshot: &snapshot.Snapshot{}}, words.NewLayers(words.Of(over)), under)
	m.folded = segment.Folded{{ID: testID, Records: 1}}
	m.volume = testVolume
	m.listings = formsListings()
	var out bytes.Buffer
	if _, err := m.write(format.NewSnapshotWriter(&out)); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// formsListings are listings of two directories, as if they had just been read.
func formsListings() *relisting {
	sound := format.Listing{
		DirStat: format.DirStat{Ino: 262145, Ctime: format.Time{Sec: 1700000000, Nsec: 250000001}, Mtime: format.Time{Sec: 1700000000, Nsec: 250000001}},
		Subs:    []string{"2024"},
		Others:  []string{"1901.txt", "1969.txt", "latin1-\xe9.txt", "new one.txt"},
	}
	empty := format.Listing{
		DirStat: format.DirStat{Ino: 262147, Ctime: format.Time{Sec: 1700000000, Nsec: 123000000}, Mtime: format.Time{Sec: 1600000000}},
		Subs:    []string{"01"},
	}
	r := &relisting{volume: disk.Volume{Boot: "6f1c2b0e-9f5d-4b1a-8a8e-2d1b7c3e4f50"}, made: snapshot.NewScratch(disk.OS{})}
	for _, line := range [][]byte{format.AppendListing(nil, "old", &sound), format.AppendListing(nil, "old/2024", &empty)} {
		r.add(line)
	}
	return r
}

// writeSmallWAL returns what two commits and a prune make of an empty WAL, with
// the id and the file system of the examples in place of its own.
func writeSmallWAL(t *testing.T, c format.Config) string {
	stamps := []format.Entry{
		{Path: "img003.jpg", Stamp: format.Stamp{Time: format.Time{Sec: 1700000002, Nsec: 789000000}}},
		{Path: "img004.jpg", Stamp: format.Stamp{Time: format.Time{Sec: 1700000003, Nsec: 0}, Digest: foxDigest}},
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
		s := format.NewSession("treefilter", id, c)
		s.Volume = volume
		return string(lines(s, "-failed.jpg", "!gone.jpg", stamps[0], stamps[1], vouch{}))
	}
	if want := with(tree.app.Session.ID, tree.app.Session.Volume); string(got) != want {
		t.Errorf("a commit appends:\n%s\nwant:\n%s", got, want)
	}
	return with(testID, testVolume)
}

func writeSessions(t *testing.T, c format.Config) string {
	x, y := format.NewSession("treefilter", testID, c), format.NewSession("treefilter", testID, formattest.MustConfig(t, "{quality: 90}"))
	return string(lines(x, entry("a.jpg", 1700000001), entry("b.jpg", 1700000002), entry("c.jpg", 1700000003), vouch{},
		y, entry("a.jpg", 1700000004), "-b.jpg", vouch{}))
}

func readFormat(t *testing.T) string {
	t.Helper()
	doc, err := os.ReadFile("../FORMAT.md")
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
			text, c := found[e.name], formattest.MustConfig(t, e.config)
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
			gone := slices.DeleteFunc([]string{"gone.jpg", "failed.jpg", "failed-twice.jpg", "a.jpg", "b.jpg", "img002.jpg"}, func(path string) bool { _, ok := e.want[path]; return ok })
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
	c := formattest.MustConfig(t, m[1])
	if c.String() != m[1] {
		t.Errorf("%s is not canonical, but %s", m[1], c)
	}
	if sum := fmt.Sprintf("%x", sha256.Sum256([]byte(m[1]))); sum != m[2] || c.Hash() != m[2] {
		t.Errorf("FORMAT.md has %s, sha256sum prints %s, Hash is %s", m[2], sum, c.Hash())
	}
	if given := formattest.MustConfig(t, found["config-given"]); given.String()+"\n" != found["config-canonical"] {
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
		if got := string(disk.AppendFolder(nil, row[1])); got != row[2] {
			t.Errorf("%s: FORMAT.md has %s, the code %s", row[1], row[2], got)
		}
	}
}

// The limits that FORMAT.md names are those of the code.
func TestFormatLimits(t *testing.T) {
	doc := readFormat(t)
	for what, n := range map[string]int64{
		"a path":                                  format.MaxPath,
		"bad lines in a WAL":                      wal.MaxBad,
		"a WAL line":                              format.MaxRecord,
		"a WAL":                                   wal.MaxWAL,
		"WAL records written by hand":             format.MaxHandWAL,
		"a snapshot's content":                    format.MaxSnapshot,
		"a snapshot without a trailer":            format.MaxHandSnapshot,
		"a snapshot's header":                     format.MaxHeader,
		"records after one open record":           wal.ReopenAfter,
		"configs that a snapshot keeps stamps of": maxConfigs,
		"a listing":                               format.MaxListing,
		"what one CRC of the trailer covers":      format.BlockSize,
		"a key before its colon (characters)":     format.MaxImplicitKey,
		"a key in a config (bytes)":               format.MaxConfigKey,
		"a config in canonical form (bytes)":      format.MaxConfig,
		"levels of a config":                      format.MaxConfigDepth,
	} {
		if row := fmt.Sprintf("| %s | %s |", what, inUnits(n)); !strings.Contains(doc, "\n"+row) {
			t.Errorf("FORMAT.md lacks the row %s", row)
		}
	}
	for _, name := range []string{disk.SnapshotSuffix, disk.WalSuffix, disk.TempSuffix, disk.BrokenSuffix, format.SumsHead, wal.DefaultLockWait.String()} {
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
		if n >= u.size && n%u.size == 0 && n != format.MaxImplicitKey {
			return fmt.Sprintf("%d %s", n/u.size, u.name)
		}
	}
	return fmt.Sprint(n)
}
