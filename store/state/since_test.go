package state

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
	"treefilter/store/internal/format/formattest"
)

// since gives entries the epoch of a look.
func since(epoch uint64, entries ...format.Entry) []format.Entry {
	for i := range entries {
		entries[i].Since = epoch
	}
	return entries
}

func paths(entries []format.Entry) string {
	var all []string
	for _, e := range entries {
		all = append(all, e.Path)
	}
	return strings.Join(all, " ")
}

// A stamp is refused when another process has taken the file's stamp away, or
// processed it under another config, after it was looked at; whatever has become
// of the WAL since.
func TestContradictedStampsAreRefused(t *testing.T) {
	x, y := formattest.MustConfig(t, "q: 1"), formattest.MustConfig(t, "q: 2")
	yes := func(string) bool { return true }
	drop := func(p string) func(*Tree) error {
		return func(tree *Tree) error { _, err := tree.Drop([]string{p}, yes); return err }
	}
	prune := func(p string) func(*Tree) error {
		return func(tree *Tree) error { _, err := tree.Prune([]string{p}, yes); return err }
	}
	set := func(p string) func(*Tree) error {
		return func(tree *Tree) error { return appendTo(tree, []format.Entry{entry(p, 5)}) }
	}
	byHand := func(text string) func(*Tree) error {
		return func(tree *Tree) error { return os.WriteFile(tree.names.WAL, []byte(text), 0o666) }
	}
	fold := func(tree *Tree) error { _, err := dumpTree(tree); return err }
	discard := func(tree *Tree) error { _, err := tree.Discard(); return err }
	type act struct {
		under format.Config
		do    func(*Tree) error
	}
	for _, c := range []struct {
		name    string
		acts    []act // of others, in the time between
		refused string
	}{
		{"nothing", nil, ""},
		{"a drop", []act{{x, drop("a")}}, "a"},
		{"a prune", []act{{y, prune("a")}}, "a"},
		{"a set under another config", []act{{y, set("a")}}, "a"},
		{"a set under this config", []act{{x, set("a")}}, ""},
		{"a drop, and set again", []act{{x, drop("b")}, {x, set("b")}}, ""},
		{"a drop, and set again under another config", []act{{x, drop("b")}, {y, set("b")}}, "b"},
		{"set, and a drop", []act{{x, set("b")}, {x, drop("b")}}, "b"},
		{"a drop, dumped", []act{{x, drop("a")}, {x, fold}}, "a"},
		{"a drop, dumped, and more", []act{{x, drop("a")}, {x, fold}, {y, set("b")}}, "a b"},
		{"a dump", []act{{x, fold}}, ""},
		{"a dump, and a drop", []act{{x, fold}, {y, drop("b")}}, "b"},
		// Of a WAL that has come and gone in between it is not known what it said, unless
		// it held nothing but stamps of this config.
		{"two dumps, with a drop between them", []act{{x, fold}, {x, drop("a")}, {x, fold}}, "a b c"},
		{"two dumps, with a drop and a set between them", []act{{x, fold}, {x, drop("a")}, {x, set("a")}, {x, fold}}, "a b c"},
		{"two dumps, with a set of another config between them", []act{{x, fold}, {y, set("a")}, {y, fold}}, "a b c"},
		{"two dumps, with a set between them", []act{{x, fold}, {x, set("a")}, {x, fold}}, ""},
		{"two dumps, and more", []act{{x, fold}, {x, set("a")}, {x, fold}, {x, set("a")}}, ""},
		{"two dumps, with a drop by hand between them", []act{{x, fold}, {x, byHand("- drop: {path: a}\n")}, {x, fold}}, "a b c"},
		{"a dump, and a discard", []act{{x, fold}, {x, set("a")}, {x, discard}}, "a b c"},
		{"a discard", []act{{x, discard}}, "a b c"},
		{"a discard of it all", []act{{x, set("a")}, {x, discard}, {x, set("b")}}, "a b c"},
	} {
		for _, held := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/held=%v", c.name, held), func(t *testing.T) {
				first := []any{format.NewSession(disk.DefaultProgram, testID, x), entry("w", 1), vouch{}}
				tree := treeOf(t, Options{Config: x}, sealedConfigs(t, x, entry("a", 1), entry("b", 1)), string(lines(first...)))
				if err := tree.Watch(); err != nil {
					t.Fatal(err)
				}
				look := tree.Epoch()
				for _, a := range c.acts {
					other := reopen(t, tree.root, Options{Config: a.under})
					if err := errors.Join(a.do(other), other.Sync(), other.Close()); err != nil {
						t.Fatal(err)
					}
				}
				got := ""
				if held {
					// Those that others have contradicted, or all where that is not known.
					if err := tree.Hold(since(look, entry("a", 9), entry("b", 9), entry("c", 9))); err != nil {
						t.Fatal(err)
					}
					done, err := tree.Dump(DumpOptions{})
					if err != nil || len(done.Refused) != len(strings.Fields(c.refused)) {
						t.Errorf("%+v, %v", done, err)
					}
				} else {
					refused, err := tree.Append(since(look, entry("a", 9), entry("b", 9), entry("c", 9)))
					if err != nil {
						t.Fatal(err)
					}
					if got = paths(refused); got != c.refused {
						t.Errorf("refused %q, want %q", got, c.refused)
					}
				}
				again := reopen(t, tree.root, Options{AnyConfig: true})
				for _, p := range []string{"a", "b", "c"} {
					s, ok := again.Get(p)
					if made := ok && s == at(9); made == strings.Contains(c.refused, p) {
						t.Errorf("%s is stamped %v", p, s)
					}
				}
				// What is looked at from now on is another matter.
				if refused, err := tree.Append(since(tree.Epoch(), entry("a", 10), entry("b", 10), entry("c", 10))); err != nil || len(refused) > 0 {
					t.Errorf("later: refused %q, %v", paths(refused), err)
				}
			})
		}
	}
}

// The snapshot lists so many WALs; what came before them may have said anything.
func TestMoreWALsThanAreListed(t *testing.T) {
	tree := treeOf(t, Options{}, "", string(lines(format.NewSession(disk.DefaultProgram, testID, format.Config{}), entry("w", 1), vouch{})))
	if err := tree.Watch(); err != nil {
		t.Fatal(err)
	}
	look := tree.Epoch()
	for i := range format.MinFolded + 1 {
		other := reopen(t, tree.root, Options{})
		if i == 0 {
			if err := other.Forget("a"); err != nil {
				t.Fatal(err)
			}
		}
		if err := appendTo(other, []format.Entry{entry("b", int64(i))}); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			// The first of these is the one that the tree has open.
			if _, err := dumpTree(other); err != nil {
				t.Fatal(err)
			}
			if err := other.Forget("a"); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := dumpTree(other); err != nil {
			t.Fatal(err)
		}
	}
	if refused, err := tree.Append(since(look, entry("a", 9), entry("c", 9))); paths(refused) != "a c" || err != nil {
		t.Errorf("refused %q, %v", paths(refused), err)
	}
}

// A process that could not open the WAL in place of its own does not know at the next
// try what that one said, and what became of it.
func TestNewsAfterAWALThatCouldNotBeOpened(t *testing.T) {
	fsys := faultyFS{err: syscall.EMFILE, fails: func(string) bool { return false }}
	tree := treeOf(t, Options{}, "", string(lines(format.NewSession(disk.DefaultProgram, testID, format.Config{}), entry("w", 1), vouch{})))
	dir := tree.root
	full := false
	fsys.fails = func(path string) bool { return full && path == tree.names.WAL }
	tree = reopen(t, dir, Options{fsys: fsys})
	if err := tree.Watch(); err != nil {
		t.Fatal(err)
	}
	other := reopen(t, dir, Options{})
	if _, err := dumpTree(other); err != nil {
		t.Fatal(err)
	}
	if err := other.Forget("b"); err != nil {
		t.Fatal(err)
	}
	full = true
	if _, err := tree.Append([]format.Entry{entry("b", 9)}); !errors.Is(err, syscall.EMFILE) {
		t.Fatalf("appended: %v", err)
	}
	full = false
	look := tree.Epoch()
	if err := other.Forget("a"); err != nil {
		t.Fatal(err)
	}
	if _, err := dumpTree(other); err != nil {
		t.Fatal(err)
	}
	if refused, err := tree.Append(since(look, entry("a", 9))); paths(refused) != "a" || err != nil {
		t.Errorf("refused %q, %v", paths(refused), err)
	}
}

// A WAL without a record comes and goes without a trace.
func TestEmptyWALIsNoNews(t *testing.T) {
	for _, snapshot := range []string{"", sealed(t, disk.DefaultProgram, format.Config{}, entry("a", 1))} {
		tree := treeOf(t, Options{}, snapshot, "")
		other := reopen(t, tree.root, Options{})
		if _, err := other.Now(); err != nil { // makes it
			t.Fatal(err)
		}
		if err := tree.Watch(); err != nil {
			t.Fatal(err)
		}
		look := tree.Epoch()
		if err := other.Close(); err != nil { // and removes it
			t.Fatal(err)
		}
		if _, err := os.Lstat(tree.names.WAL); !os.IsNotExist(err) {
			t.Fatalf("the WAL: %v", err)
		}
		if refused, err := tree.Append(since(look, entry("a", 2))); len(refused) > 0 || err != nil {
			t.Errorf("refused %q, %v", paths(refused), err)
		}
	}
}

// Standing shows what others have written by now.
func TestStandingIsThePresent(t *testing.T) {
	x, y := formattest.MustConfig(t, "q: 1"), formattest.MustConfig(t, "q: 2")
	tree := treeOf(t, Options{Config: x}, sealedConfigs(t, x, entry("a", 1), entry("b", 1)), "")
	yes := func(string) bool { return true }
	check := func(want string) {
		t.Helper()
		for _, w := range strings.Fields(want) {
			p, want, _ := strings.Cut(w, "=")
			standing, s, _, err := tree.Standing(p)
			got := map[format.Standing]string{format.Unknown: "unknown", format.Stamped: "", format.OtherConfig: "other:", format.Dropped: "dropped"}[standing]
			if standing == format.Stamped || standing == format.OtherConfig {
				got += fmt.Sprint(s.Time.Sec)
			}
			if got != want || err != nil {
				t.Errorf("%s: %s, want %s, %v", p, got, want, err)
			}
		}
	}
	other := func(c format.Config, do func(*Tree) error) {
		t.Helper()
		tree := reopen(t, tree.root, Options{Config: c})
		if err := errors.Join(do(tree), tree.Sync(), tree.Close()); err != nil {
			t.Fatal(err)
		}
	}
	fold := func(tree *Tree) error { _, err := dumpTree(tree); return err }
	check("a=1 b=1 c=unknown")
	other(x, func(tree *Tree) error { return appendTo(tree, []format.Entry{entry("a", 2), entry("c", 2)}) })
	check("a=2 b=1 c=2")
	other(y, func(tree *Tree) error { return appendTo(tree, []format.Entry{entry("b", 3)}) })
	check("a=2 b=other:3 c=2")
	// What was read before is not what is so after a WAL that was missed.
	other(x, fold)
	other(x, func(tree *Tree) error { _, err := tree.Drop([]string{"a"}, yes); return err })
	other(x, fold)
	check("a=dropped b=other:3 c=2")
	other(x, func(tree *Tree) error { return appendTo(tree, []format.Entry{entry("c", 4)}) })
	check("a=dropped b=other:3 c=4")
	other(x, func(tree *Tree) error { _, err := tree.Discard(); return err })
	check("a=dropped b=other:3 c=dropped")
	// One that held nothing but stamps of this config was not missed, nor read.
	other(x, func(tree *Tree) error { return appendTo(tree, []format.Entry{entry("d", 5)}) })
	check("a=dropped d=5")
	other(x, fold)
	other(x, func(tree *Tree) error { return appendTo(tree, []format.Entry{entry("d", 6)}) })
	other(x, fold)
	check("a=dropped d=6")
	if err := appendTo(tree, []format.Entry{entry("a", 5)}); err != nil {
		t.Fatal(err)
	}
	if _, err := tree.Prune([]string{"b"}, yes); err != nil {
		t.Fatal(err)
	}
	check("a=5 b=unknown c=dropped")
}

// Where records were lost, a file of which nothing is known may have failed.
func TestStandingAfterALoss(t *testing.T) {
	s := format.NewSession(disk.DefaultProgram, testID, format.Config{})
	wal := lines(s, "-a", entry("b", 2), vouch{}, entry("c", 3))
	tree := treeOf(t, Options{}, sealed(t, disk.DefaultProgram, format.Config{}, entry("a", 1), entry("d", 1)), string(bendLine(wal, 2)))
	if got := standings(t, tree, "a", "b", "c", "d", "e"); got != "a dropped, b dropped, c stamped, d dropped, e dropped" {
		t.Error(got)
	}
}

// Records that are lost while a process runs are news that it has missed.
func TestLossIsNews(t *testing.T) {
	tree := treeOf(t, Options{}, "", string(lines(format.NewSession(disk.DefaultProgram, testID, format.Config{}), entry("w", 1), vouch{})))
	if err := tree.Watch(); err != nil {
		t.Fatal(err)
	}
	look := tree.Epoch()
	other := reopen(t, tree.root, Options{})
	if err := errors.Join(other.Forget("a"), other.Sync()); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(tree.names.WAL)
	if err != nil {
		t.Fatal(err)
	}
	text[strings.Index(string(text), "- drop: ")+9] ^= 1
	if err := os.WriteFile(tree.names.WAL, text, 0o666); err != nil {
		t.Fatal(err)
	}
	if refused, err := tree.Append(since(look, entry("a", 9))); len(refused) != 1 || err != nil {
		t.Errorf("refused %q, %v", paths(refused), err)
	}
}

// A WAL that has the inode, and not less than the length, of the one that the tree
// was read from is another all the same: it has an id of its own, and all in it is
// news.
func TestAnotherWALWithTheInodeOfTheFirst(t *testing.T) {
	s, next := format.NewSession(disk.DefaultProgram, testID, format.Config{}), format.NewSession(disk.DefaultProgram, "00112233aabbccdd", format.Config{})
	whole := lines(s, entry("w", 1), "-a", vouch{})
	for name, wal := range map[string][2][]byte{
		"another":               {lines(s, entry("w", 1), entry("v", 2)), lines(next, entry("w", 1), "-a", entry("b", 2), vouch{}, entry("v", 2), vouch{})},
		"its end taken back":    {lines(s, entry("w", 1), entry("v", 2)), lines(s, entry("w", 1), "-a", entry("v", 22), vouch{})},
		"its end not yet whole": {whole[:bytes.Index(whole, []byte("\"a\""))], whole},
		"its end cut":           {lines(s, entry("w", 1)), append(whole, "- set"...)},
	} {
		proc := &simProc{disk: newSimDisk(map[string][]byte{simNames.WAL: wal[0]})}
		tree, err := OpenTree(simRoot, Options{fsys: proc})
		if err != nil {
			t.Fatal(err)
		}
		tree.loaded()
		proc.disk.live[simNames.WAL].data = wal[1]
		refused, err := tree.Append(since(tree.Epoch(), entry("a", 9), entry("c", 9)))
		if err != nil || paths(refused) != "a" {
			t.Errorf("%s: refused %q, %v", name, paths(refused), err)
		}
		if err := errors.Join(tree.Sync(), tree.Close()); err != nil {
			t.Fatal(err)
		}
		got, _ := view(proc)
		want := map[string]format.Time{"w": {Sec: 1}, "c": {Sec: 9}}
		for p, at := range want {
			if got[p] != at {
				t.Errorf("%s: %s is %v, want %v", name, p, got[p], at)
			}
		}
		if _, ok := got["a"]; ok {
			t.Errorf("%s: a is stamped", name)
		}
	}
}
