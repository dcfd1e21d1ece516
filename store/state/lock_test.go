package state

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
	"treefilter/store/internal/wal"
)

// A WAL has its first record before it has its name. What one that was killed has
// left of it is used by the next, and does not count.
func TestMakingAWAL(t *testing.T) {
	for name, left := range map[string]string{
		"nothing": "", "an open": string(lines(format.NewSession(disk.DefaultProgram, testID, format.Config{}))), "half of one": "- open: {vers",
		"records": string(lines(format.NewSession(disk.DefaultProgram, testID, format.Config{}), entry("b", 1))),
	} {
		tree := treeOf(t, Options{}, "", "")
		temp := tree.names.WAL + disk.TempSuffix
		if left != "" {
			if err := os.WriteFile(temp, []byte(left), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		if got := allStamps(tree); len(got) > 0 || !tree.New() {
			t.Errorf("%s: believed %v", name, got)
		}
		if err := appendTo(tree, []format.Entry{entry("a", 1)}); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(tree.names.WAL)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Count(string(text), "- open: ") != 1 || strings.Contains(string(text), testID) {
			t.Errorf("%s: %s", name, text)
		}
		if got := stamped(reopen(t, tree.root, Options{})); got != "a=1" {
			t.Errorf("%s: %s", name, got)
		}
		if _, err := os.Lstat(temp); !os.IsNotExist(err) {
			t.Errorf("%s: the temporary file: %v", name, err)
		}
	}
}

// Two processes that make a WAL at the same time make one: the second appends to
// the first's.
func TestMakingAWALAtOnce(t *testing.T) {
	collectLess(t)
	explore(2, func(switches []int) int {
		l := newLedger()
		s := newSimulation(t, nil, l)
		steps := s.run(switches, committer([]string{"a"}), committer([]string{"b"}))
		for _, err := range s.errs {
			t.Errorf("switched at %v: %v", switches, err)
		}
		got, problems := viewFiles(s.disk.files())
		if err := errors.Join(l.check(got, l.appended), errors.Join(problems...)); err != nil {
			t.Errorf("switched at %v: %v", switches, err)
		}
		if len(s.disk.live) != 1 {
			t.Errorf("switched at %v: left %d files", switches, len(s.disk.live))
		}
		return steps
	})
}

// A process that did nothing leaves nothing.
func TestNothingIsLeft(t *testing.T) {
	for name, do := range map[string]func(*Tree) error{
		"now":     func(tree *Tree) error { _, err := tree.Now(); return err },
		"watch":   (*Tree).Watch,
		"claim":   func(tree *Tree) error { _, err := tree.Claim("a"); return err },
		"sync":    (*Tree).Sync,
		"dump":    func(tree *Tree) error { _, err := dumpTree(tree); return err },
		"discard": func(tree *Tree) error { _, err := tree.Discard(); return err },
	} {
		for _, state := range []string{"", filepath.Join(t.TempDir(), "state")} {
			dir := t.TempDir()
			tree, err := OpenTree(dir, Options{StateDir: state})
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(do(tree), tree.Close()); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			for _, d := range []string{dir, state} {
				if list, _ := os.ReadDir(d); len(list) > 0 {
					t.Errorf("%s left %v in %s", name, list, d)
				}
			}
		}
	}
}

// While Unlocked runs, this process holds no lock.
func TestUnlocked(t *testing.T) {
	wal.Holding = sync.RWMutex{} // which the killed processes of other tests never gave up
	dir := t.TempDir()
	tree := reopen(t, dir, Options{})
	if err := appendTo(tree, []format.Entry{entry("b", 1)}); err != nil {
		t.Fatal(err)
	}
	running, stop, done := make(chan bool), make(chan bool), make(chan error)
	go wal.Unlocked(func() {
		close(running)
		<-stop
	})
	<-running
	go func() { done <- appendTo(tree, []format.Entry{entry("a", 1)}) }()
	f, err := disk.OS{}.Open(tree.names.WAL, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if free, err := f.TryLock(); !free || err != nil {
		t.Errorf("the lock is free: %v, %v", free, err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-done:
		t.Errorf("appended all the same: %v", err)
	default:
	}
	close(stop)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// What root makes belongs to whom the directory belongs to; what was there already
// is not given away, since it may be a file of root's.
func TestRootGivesStateToTheOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("not root")
	}
	const uid, gid = 12345, 12346
	dir := t.TempDir()
	if err := os.Chown(dir, uid, gid); err != nil {
		t.Fatal(err)
	}
	owner := func(path string, want int) {
		t.Helper()
		info, err := disk.OS{}.Lstat(path)
		if err != nil || info.Uid != want {
			t.Errorf("%s belongs to %d, want %d: %v", filepath.Base(path), info.Uid, want, err)
		}
	}
	tree := reopen(t, dir, Options{})
	if err := appendTo(tree, []format.Entry{entry("a", 1)}); err != nil {
		t.Fatal(err)
	}
	owner(tree.names.WAL, uid)
	if _, err := dumpTree(tree); err != nil {
		t.Fatal(err)
	}
	owner(tree.names.Snapshot, uid)
	for _, path := range []string{tree.names.WAL, tree.names.Snapshot} {
		if err := errors.Join(appendTo(tree, []format.Entry{entry("b", 2)}), os.Chown(path, 0, 0)); err != nil {
			t.Fatal(err)
		}
	}
	other := reopen(t, dir, Options{})
	if err := appendTo(other, []format.Entry{entry("c", 3)}); err != nil {
		t.Fatal(err)
	}
	owner(other.names.WAL, 0)
	if _, err := dumpTree(other); err != nil {
		t.Fatal(err)
	}
	owner(other.names.Snapshot, uid) // a new file
	// And so are the folders of a state directory.
	base := filepath.Join(dir, "var", "state")
	tree = reopen(t, t.TempDir(), Options{StateDir: base})
	if err := appendTo(tree, []format.Entry{entry("a", 1)}); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{filepath.Dir(base), base, tree.names.Dir, tree.names.WAL} {
		owner(path, uid)
	}
}

// A repair makes the copy of a broken snapshot durable before it replaces that:
// else a crash could leave neither.
func TestRepairKeepsTheBrokenSnapshot(t *testing.T) {
	text, _ := damageable(t)
	broken := text[:9000] + "!" + text[9001:]
	for _, kind := range []string{"copied", "renamed"} {
		sim := newSimDisk(map[string][]byte{simNames.Snapshot: []byte(broken)})
		proc := &simProc{disk: sim}
		tree, err := OpenTree(simRoot, Options{fsys: proc})
		if err != nil {
			t.Fatal(err)
		}
		tree.loaded()
		var ops []string
		copying := false
		seen := -1
		proc.fault = func(op, path string) error {
			if op == "open" && path == simNames.Snapshot+disk.BrokenSuffix {
				copying = kind == "renamed"
			}
			ops = append(ops, op+" "+strings.TrimPrefix(path, simNames.Snapshot))
			if copying && op == "read" {
				return errors.New("unreadable")
			}
			if sim.version == seen {
				return nil
			}
			seen = sim.version
			sim.crashStates(func(files map[string][]byte) {
				if string(files[simNames.Snapshot]) != broken && string(files[simNames.Snapshot+disk.BrokenSuffix]) != broken {
					t.Errorf("%s: a crash at %s %s leaves neither", kind, op, path)
				}
			})
			return nil
		}
		if _, err := repairTree(tree); err != nil {
			t.Fatal(err)
		}
		replaced := slices.Index(ops, "rename ")
		if before := ops[:max(replaced, 0)]; len(before) == 0 || before[len(before)-1] != "syncdir "+simRoot {
			t.Errorf("%s: before the snapshot was replaced: %q", kind, before)
		}
	}
}
