//go:build linux

package state

import (
	"bytes"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
	"treefilter/store/internal/wal"
	"treefilter/store/internal/words"

	"golang.org/x/sys/unix"
)

// State files that are made to hang us, to lead us elsewhere, or to fill our
// memory. A reader takes each for missing and says so; a writer refuses, and
// changes nothing. Both come back.

// comesBack fails a test whose subject hangs.
func comesBack(t *testing.T, do func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		do()
	}()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		t.Fatal("hangs")
	}
}

// notFiles puts something that is no file of ours at a path.
var notFiles = []struct {
	name string
	make func(path, outside string) error
}{
	{"fifo", func(path, _ string) error { return unix.Mkfifo(path, 0o666) }},
	{"device", func(path, _ string) error { return unix.Mknod(path, unix.S_IFCHR|0o666, int(unix.Mkdev(1, 5))) }},
	{"full_device", func(path, _ string) error { return unix.Mknod(path, unix.S_IFCHR|0o666, int(unix.Mkdev(1, 7))) }},
	{"socket", func(path, _ string) error {
		l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
		if err != nil {
			return err
		}
		l.SetUnlinkOnClose(false)
		return l.Close()
	}},
	{"directory", func(path, _ string) error { return os.Mkdir(path, 0o777) }},
	{"directory_with_files", func(path, _ string) error { return os.MkdirAll(filepath.Join(path, "x"), 0o777) }},
	{"symlink", func(path, outside string) error { return os.Symlink(outside, path) }},
	{"symlink_to_nothing", func(path, outside string) error { return os.Symlink(outside+".new", path) }},
	{"symlink_to_itself", func(path, _ string) error { return os.Symlink(path, path) }},
	{"hard_link", func(path, outside string) error { return os.Link(outside, path) }},
	{"sparse_terabyte", func(path, _ string) error {
		if err := os.WriteFile(path, nil, 0o666); err != nil {
			return err
		}
		return os.Truncate(path, 1<<40)
	}},
}

func TestNotAStateFile(t *testing.T) {
	// What a link leads to is a WAL and, in turn, a snapshot that would count.
	donor := t.TempDir()
	tree, err := OpenTree(donor, Options{})
	if err != nil {
		t.Fatal(err)
	}
	stolen := format.Entry{Path: "stolen.jpg", Stamp: format.Stamp{Time: format.Time{Sec: 1 << 33}}}
	if err := appendTo(tree, []format.Entry{stolen}); err != nil {
		t.Fatal(err)
	}
	outsideWAL, err := os.ReadFile(tree.names.WAL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dumpTree(tree); err != nil {
		t.Fatal(err)
	}
	outsideSnapshot, err := os.ReadFile(tree.names.Snapshot)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range notFiles {
		for _, at := range []string{"wal", "snapshot"} {
			t.Run(kind.name+"/"+at, func(t *testing.T) {
				dir := t.TempDir()
				n := disk.NamesOf(dir, disk.DefaultProgram)
				path, content, other := n.WAL, outsideWAL, n.Snapshot
				if at == "snapshot" {
					path, content, other = n.Snapshot, outsideSnapshot, n.WAL
				}
				outside := filepath.Join(t.TempDir(), "outside")
				if err := os.WriteFile(outside, content, 0o666); err != nil {
					t.Fatal(err)
				}
				if at == "wal" { // it may have taken away what a sound snapshot says
					if err := os.WriteFile(other, outsideSnapshot, 0o666); err != nil {
						t.Fatal(err)
					}
				}
				if err := kind.make(path, outside); err != nil {
					if os.Getuid() != 0 {
						t.Skip(err)
					}
					t.Fatal(err)
				}
				before, err := os.Lstat(path)
				if err != nil {
					t.Fatal(err)
				}
				comesBack(t, func() {
					refuses(t, dir, fmt.Sprintf("%s as %s", kind.name, at), kind.name == "sparse_terabyte" && at == "snapshot")
				})
				after, err := os.Lstat(path)
				if err != nil || !os.SameFile(before, after) || after.Mode() != before.Mode() || after.Size() != before.Size() {
					t.Errorf("was %v, is %v, %v", before, after, err)
				}
				if got, err := os.ReadFile(outside); err != nil || !bytes.Equal(got, content) {
					t.Errorf("what lies outside has changed: %q, %v", got, err)
				}
				if _, err := os.Lstat(outside + ".new"); err == nil {
					t.Error("a file was made outside")
				}
				// A WAL may be made beside a snapshot that commit can do without.
				if at == "wal" {
					if got, err := os.ReadFile(other); err != nil || !bytes.Equal(got, outsideSnapshot) {
						t.Errorf("the snapshot has changed: %q, %v", got, err)
					}
				} else if _, err := os.Lstat(other); err == nil && kind.name != "sparse_terabyte" {
					t.Error("a WAL was made")
				}
				temps, _ := filepath.Glob(filepath.Join(dir, ".*"+disk.TempSuffix))
				if len(temps) > 0 {
					t.Errorf("left %q", temps)
				}
			})
		}
	}
}

// refuses checks that a reader believes nothing and says so, and that writers
// refuse. A snapshot that is merely unreadable does not keep commit from the
// WAL.
func refuses(t *testing.T, dir, what string, appends bool) {
	tree, err := OpenTree(dir, Options{LockWait: time.Second})
	if err != nil {
		t.Error(err)
		return
	}
	defer tree.Close()
	if got := allStamps(tree); len(got) > 0 {
		t.Errorf("%s: believed %v", what, got)
	}
	if len(tree.Problems()) == 0 {
		t.Errorf("%s: no problem was reported", what)
	}
	entry := format.Entry{Path: "x", Stamp: format.Stamp{Time: format.Time{Sec: 1}}}
	for name, write := range map[string]func() error{
		"append": func() error { return appendTo(tree, []format.Entry{entry}) },
		"dump":   func() error { _, err := dumpTree(tree); return err },
		"now":    func() error { _, err := tree.Now(); return err },
	} {
		err := write()
		if may := appends && name != "dump"; (err == nil) != may {
			t.Errorf("%s: %s: %v", what, name, err)
		}
	}
}

// A temporary file that stands in the way of a dump is replaced or
// refused, never written through.
func TestTemporaryFileInTheWay(t *testing.T) {
	for _, kind := range notFiles {
		t.Run(kind.name, func(t *testing.T) {
			dir, outside := t.TempDir(), filepath.Join(t.TempDir(), "outside")
			if err := os.WriteFile(outside, []byte("untouched"), 0o666); err != nil {
				t.Fatal(err)
			}
			n := disk.NamesOf(dir, disk.DefaultProgram)
			if err := kind.make(n.Snapshot+disk.TempSuffix, outside); err != nil {
				t.Skip(err)
			}
			comesBack(t, func() {
				tree, err := OpenTree(dir, Options{})
				if err != nil {
					t.Error(err)
					return
				}
				defer tree.Close()
				if err := appendTo(tree, []format.Entry{{Path: "x", Stamp: format.Stamp{Time: format.Time{Sec: 1}}}}); err != nil {
					t.Error(err)
				}
				_, err = dumpTree(tree)
				if mayFail := kind.name == "directory_with_files"; (err != nil) != mayFail {
					t.Error(err)
				}
				again, err := OpenTree(dir, Options{})
				if err != nil {
					t.Error(err)
					return
				}
				defer again.Close()
				if _, ok := again.Get("x"); !ok {
					t.Error("lost")
				}
			})
			if got, err := os.ReadFile(outside); err != nil || string(got) != "untouched" {
				t.Errorf("outside: %q, %v", got, err)
			}
		})
	}
}

// Content made by a stranger: what is not a path below the tree with an exact
// time in it is not believed, however it is written.
func TestHostileContent(t *testing.T) {
	head := "version: 1\nprogram: treefilter\nconfig: {}\n"
	var bomb strings.Builder
	bomb.WriteString("a: &a [x, x, x, x, x, x, x, x, x]\n")
	for c := 'b'; c < 'k'; c++ {
		fmt.Fprintf(&bomb, "%c: &%c [%s]\n", c, c, strings.TrimSuffix(strings.Repeat("*"+string(c-1)+", ", 9), ", "))
	}
	snapshots := map[string]string{
		"bomb":               head + bomb.String() + "timestamps:\n    x: 1\n",
		"bomb_in_config":     "version: 1\nprogram: treefilter\nconfig:\n    " + strings.ReplaceAll(bomb.String(), "\n", "\n    ") + "\ntimestamps:\n    x: 1\n",
		"bomb_as_times":      head + "timestamps:\n    " + strings.ReplaceAll(bomb.String(), "\n", "\n    ") + "\n",
		"alias_loop":         "version: 1\nprogram: treefilter\nconfig: &a {x: *a}\ntimestamps:\n    x: 1\n",
		"times_are_an_alias": "version: 1\nprogram: treefilter\nconfig: &a {x: 1}\ntimestamps: *a\n",
		"merge_key":          head + "timestamps:\n    <<: {x: 1}\n",
		"deep_lists":         head + "timestamps: " + strings.Repeat("[", 200_000) + "\n",
		"deep_maps":          head + "timestamps:\n    x: " + strings.Repeat("{a: ", 200_000) + "\n",
		"deep_key":           head + "timestamps:\n    ? " + strings.Repeat("? ", 100_000) + "\n",
		"outside":            head + "timestamps:\n    ../x: 1\n    /etc/x: 1\n    a/../x: 1\n    ./x: 1\n    a//x: 1\n    \"\": 1\n    \"x\\0\": 1\n    x/: 1\n    .: 1\n    ..: 1\n",
		"no_times":           head + "timestamps:\n    a: .inf\n    b: -.inf\n    c: .nan\n    d: 1e12\n    e: 0x7fffffff\n    f: 0o7\n    g: 9223372036854775808\n    h: \"1\"\n    i: !!int 1\n    j: 2025-01-01\n    k: null\n    l: [1]\n    m: 1_000\n    n: +1\n    o: 1.\n    p: .5\n    q: true\n",
		"tags":               head + "timestamps:\n    !!python/object:os.system x: 1\n",
		"two_documents":      head + "timestamps: {}\n---\n" + head + "timestamps:\n    x: 1\n",
		"not_a_mapping":      "- 1\n",
		"empty":              "",
		"zeros":              strings.Repeat("\x00", 10_000),
		"trailer_of_nothing": head + "timestamps:\n" + format.SumsHead + format.EndHead + "stamps 9223372036854775807 at 0-0, digests 0 at 0-0, bytes 9223372036854775807, config " + strings.Repeat("0", 64) + " crc32c 00000000\n",
		"trailer_below_zero": head + "timestamps:\n" + format.SumsHead + format.EndHead + "stamps 1 at -5-9, digests -1 at 9-9, bytes -4096, config " + strings.Repeat("0", 64) + " crc32c 00000000\n",
	}
	for name, text := range snapshots {
		t.Run("snapshot/"+name, func(t *testing.T) {
			believesNothing(t, text, "")
		})
	}
	wals := map[string]string{
		"no_records": "- set: {path: ../x, time: 1}\n- set: {path: /x, time: 1}\n- set: {path: \"x\\0\", time: 1}\n" +
			"- set: {path: x, time: .inf}\n- set: {path: x, time: 1e9}\n- set: {path: x, time: \"1\"}\n- set: {path: x}\n- set: {time: 1}\n- set: [x, 1]\n- set: x\n- x\n- {}\n- []\n",
		"bomb":        "- set: {path: &a [x,x,x], time: [*a,*a,*a]}\n- set:\n" + "    " + strings.ReplaceAll(bomb.String(), "\n", "\n    ") + "\n",
		"alias":       "- set: {path: &a x, time: *a}\n",
		"deep":        "- set: " + strings.Repeat("{a: ", 50_000) + "}\n",
		"long_line":   "- set: {path: \"" + strings.Repeat("x", 3<<20) + "\", time: 1}\n",
		"long_block":  "- set:\n" + strings.Repeat("    # x\n", 200_000) + "    path: ../x\n    time: 1\n",
		"many_blocks": strings.Repeat("- set:\n    path: /x\n    time: 1\n", 50_000),
		"no_line_end": "- set: {path: x, time: 1}",
		"zeros":       strings.Repeat("\x00", 1<<20),
	}
	for name, text := range wals {
		t.Run("wal/"+name, func(t *testing.T) {
			believesNothing(t, "", text)
		})
	}
}

// Many short lines take long, not many bytes: a file of 60 MB kept every command
// busy for minutes.
func TestShortLinesByHand(t *testing.T) {
	w := wal.NewReader(disk.DefaultProgram, words.Room{}, nil)
	w.Hand = format.MaxHandWAL - 10*format.YamlCall
	for range 20 {
		w.Begin([]byte("- }"))
		w.EndBlock()
	}
	w.Begin([]byte("- set: {path: x, time: 1}"))
	w.EndBlock()
	if w.Bad != 21 || w.Records != 0 {
		t.Errorf("%d bad lines, %d stamps", w.Bad, w.Records)
	}
}

func believesNothing(t *testing.T, snapshot, wal string) {
	dir := t.TempDir()
	n := disk.NamesOf(dir, disk.DefaultProgram)
	for path, text := range map[string]string{n.Snapshot: snapshot, n.WAL: wal} {
		if text == "" && (snapshot != "" || wal != "") {
			continue
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	comesBack(t, func() {
		tree, err := OpenTree(dir, Options{})
		if err != nil {
			t.Error(err)
			return
		}
		defer tree.Close()
		if got := allStamps(tree); len(got) > 0 {
			t.Errorf("believed %v", got)
		}
		for _, p := range []string{"x", "a", "../x", "/x", "", "/etc/x", "a/../x"} {
			if s, ok := tree.Get(p); ok {
				t.Errorf("%q is stamped %v", p, s)
			}
		}
		// Whatever a writer says of it, nothing appears outside, and what was
		// refused is left as it is.
		_, err = dumpTree(tree)
		if got, readErr := os.ReadFile(n.Snapshot); err != nil && snapshot != "" && (readErr != nil || string(got) != snapshot) {
			t.Errorf("a refused dump changed the snapshot: %v", readErr)
		}
		if _, err := os.Lstat(filepath.Join(filepath.Dir(dir), "x")); err == nil {
			t.Error("something was written outside")
		}
	})
}

// Dates that programs trip over are times like any other.
func TestFarDates(t *testing.T) {
	// 1901 and 2446 are where ext4's times end, of 32 and of 34 bits.
	far := map[string]format.Time{"1901": {Sec: -2_147_483_648, Nsec: 5}, "2446": {Sec: 15_032_385_535, Nsec: 999_999_999}, "1969": {Sec: -1, Nsec: 999_999_999}, "1970": {Sec: 0, Nsec: 0}, "2038": {Sec: 1 << 31, Nsec: 1}}
	dir := t.TempDir()
	var entries []format.Entry
	for p, at := range far {
		entries = append(entries, format.Entry{Path: p, Stamp: format.Stamp{Time: at}})
	}
	for round := range 2 {
		tree, err := OpenTree(dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if round == 0 {
			if err := appendTo(tree, entries); err != nil {
				t.Fatal(err)
			}
		} else if _, err := dumpTree(tree); err != nil {
			t.Fatal(err)
		}
		tree.Close()
		if tree, err = OpenTree(dir, Options{}); err != nil {
			t.Fatal(err)
		}
		for p, at := range far {
			if got, ok := tree.Get(p); !ok || got.Time != at {
				t.Errorf("round %d: %s: %v, want %v", round, p, got.Time, at)
			}
		}
		tree.Close()
	}
}

// A snapshot of 100,000 stamps written by hand is read in seconds: yaml.v3 can
// take a minute for it.
func TestLargeSnapshotByHand(t *testing.T) {
	dir := t.TempDir()
	text := []byte("version: 1\nprogram: treefilter\nconfig: {}\ntimestamps:\n")
	const n = 100_000
	for i := range n {
		text = fmt.Appendf(text, "    dir%d/img%d.jpg: %d.5\n", i/100, i, i)
	}
	if err := os.WriteFile(disk.NamesOf(dir, disk.DefaultProgram).Snapshot, text, fs.FileMode(0o666)); err != nil {
		t.Fatal(err)
	}
	comesBack(t, func() {
		tree, err := OpenTree(dir, Options{})
		if err != nil {
			t.Error(err)
			return
		}
		defer tree.Close()
		if got := allStamps(tree); len(got) != n || got["dir7/img777.jpg"].Time != (format.Time{Sec: 777, Nsec: 500_000_000}) {
			t.Errorf("%d stamps of %d", len(got), n)
		}
		if stamps, err := dumpTree(tree); stamps != n || err != nil {
			t.Errorf("dump: %d, %v", stamps, err)
		}
	})
}
