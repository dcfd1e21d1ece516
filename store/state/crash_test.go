package state

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"treefilter/scripts/long"
	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
)

// What the long forms of the tests of crashes, faults and damage found is in
// FORMAT.md.
//
// Of what a WAL says only two or three words are kept in memory, so that all tests are
// also of those in temporary files.
func TestMain(m *testing.M) {
	defaultRoom = 300
	os.Exit(long.Tests{M: m}.Run())
}

// collectLess makes short-lived trees by the thousand cheap, as long as there are not
// too many of them.
func collectLess(t *testing.T) {
	before, limit := debug.SetGCPercent(2000), debug.SetMemoryLimit(700<<20)
	t.Cleanup(func() { debug.SetGCPercent(before); debug.SetMemoryLimit(limit) })
}

// crashChecker looks at every crash state of a simulation.
type crashChecker struct {
	states int // enumerated
	checks int // of these, those that differ
	fails  []error
	// found collects the states, to crash again from.
	found map[string]crashState
	// views holds what a tree says of state files that were met before: most runs
	// of a scenario come to the same ones, and reading them is what takes time.
	views map[[sha256.Size]byte]map[string]Time
}

type crashState struct {
	files  map[string][]byte
	ledger *ledger
}

// watch makes the checker look at a simulation between any two operations, at
// what a crash would leave and at what other processes see. Up to a step, where
// it is the same as one that was watched before, it need not.
func (c *crashChecker) watch(s *simulation, after int, what string) {
	checked := map[string]bool{}
	lastDisk, lastLedger := -1, -1
	s.observe = func(step int) {
		if step <= after || s.disk.version == lastDisk && s.ledger.version == lastLedger {
			return
		}
		lastDisk, lastLedger = s.disk.version, s.ledger.version
		live := s.disk.files()
		c.check(checked, live, s.ledger, s.ledger.appended, s.ledger.taken, "%s: step %d, as others see it", what, step)
		s.disk.crashStates(func(files map[string][]byte) {
			c.states++
			c.check(checked, files, s.ledger, s.ledger.acked, s.ledger.takenForGood, "%s: crash before step %d", what, step)
			if c.found != nil {
				after := s.ledger.clone()
				after.appended, after.taken = maps.Clone(after.acked), maps.Clone(after.takenForGood)
				key := fmt.Sprint(after.version) + stateKey(slices.Sorted(maps.Keys(files)), files)
				c.found[key] = crashState{files, after}
			}
		})
	}
}

func (c *crashChecker) check(checked map[string]bool, files map[string][]byte, l *ledger, must, taken map[string]format.Time, what string, args ...any) {
	key := fmt.Sprintf("%d %d %d ", l.version, len(must), len(taken)) + stateKey(namesRead(files), files)
	if checked[key] {
		return
	}
	checked[key] = true
	got := c.view(files)
	c.checks++
	if err := errors.Join(l.check(got, must), l.checkTaken(got, taken)); err != nil {
		c.fails = append(c.fails, fmt.Errorf(what+": %w", append(args, err)...))
	}
}

// namesRead are those of the files that a reader looks at.
func namesRead(files map[string][]byte) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(files)), isTemp)
}

func (c *crashChecker) view(files map[string][]byte) map[string]Time {
	key := sha256.Sum256([]byte(stateKey(namesRead(files), files)))
	got, known := c.views[key]
	if !known {
		got, _ = viewFiles(files)
		// A log that is made anew has another id, so most of these are not met again.
		if len(c.views) == 2000 {
			clear(c.views)
		}
		if c.views == nil {
			c.views = map[[sha256.Size]byte]map[string]Time{}
		}
		c.views[key] = got
	}
	return got
}

// start is the state that the scenarios begin in.
type start struct {
	name          string
	snapshot, wal bool
}

var starts = []start{{"empty", false, false}, {"snapshot", true, false}, {"WAL", false, true}, {"both", true, true}}

// chosenStarts leaves out, in the short form, those with only one of the files.
func chosenStarts(t *testing.T) []start {
	if long.Asked(t, long.Check, "a tree with only a snapshot or only a WAL") {
		return starts
	}
	return []start{starts[0], starts[3]}
}

func (st start) make(t *testing.T) (map[string][]byte, *ledger) {
	t.Helper()
	l := newLedger()
	disk := newSimDisk(nil)
	fsys := &simProc{disk: disk}
	put := func(dump bool, paths ...string) {
		tree, err := OpenTree(simRoot, Options{fsys: fsys})
		if err != nil {
			t.Fatal(err)
		}
		entries := l.write(paths...)
		if err := appendTo(tree, entries); err != nil {
			t.Fatal(err)
		}
		if dump {
			if _, err := dumpTree(tree); err != nil {
				t.Fatal(err)
			}
		}
		l.append(entries)
		if err := tree.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if st.snapshot {
		put(true, "old1.jpg", "old2.jpg", "sub/old3.jpg", "changed.jpg")
	}
	if st.wal {
		put(false, "wal1.jpg", "sub/wal2.jpg", "changed.jpg")
	}
	l.ack(maps.Clone(l.appended))
	return disk.files(), l
}

// longBatch is a batch of some sectors.
func longBatch(prefix string) []string {
	var paths []string
	for i := range 6 {
		paths = append(paths, fmt.Sprintf("%s/%s%d", prefix, strings.Repeat("n", 90), i))
	}
	return paths
}

var crashScenarios = []struct {
	name     string
	programs []program
	bound    int // switches in the short form
}{
	{"commit", []program{committer([]string{"a"}, longBatch("x"), []string{"b"}, []string{"changed.jpg", "a"})}, 0},
	{"dump", []program{dumper(false)}, 0},
	{"commit_dump_commit", []program{both([]string{"a", "b"}, []string{"a", "c"})}, 0},
	{"prune", []program{taker(format.RecordPrune, "changed.jpg", "sub/old3.jpg", "wal1.jpg", "nowhere")}, 0},
	{"drop", []program{taker(format.RecordDrop, "changed.jpg", "sub/old3.jpg", "wal1.jpg", "nowhere")}, 0},
	{"fail_succeed_fail", []program{retrier("changed.jpg")}, 0},
	{"one_config_after_the_other", []program{committerUnder(quality90.Config, []string{"a", "changed.jpg"}, []string{"b"})}, 0},
	{"two_commits", []program{committer([]string{"a"}, []string{"b"}), committer([]string{"c", "changed.jpg"}, []string{"d"})}, 1},
	{"commit_and_dump", []program{committer([]string{"a", "changed.jpg"}, []string{"b"}), dumper(false)}, 1},
	{"dump_and_commit", []program{dumper(false), committer([]string{"a", "changed.jpg"}, []string{"b"})}, 1},
	{"two_dumps", []program{dumper(false), dumper(false)}, 1},
	{"commit_dump_and_filter", []program{filterer, committer([]string{"a", "changed.jpg"}), dumper(false)}, 1},
	{"empty_commit_and_commit", []program{committer(), committer([]string{"c"})}, 1},
	{"prune_come_back_and_dump", []program{again("changed.jpg"), dumper(false)}, 1},
	{"prune_and_commit", []program{taker(format.RecordPrune, "changed.jpg", "wal1.jpg"), committer([]string{"a"}, []string{"b"})}, 1},
	{"prune_and_dump", []program{taker(format.RecordPrune, "changed.jpg", "old1.jpg"), dumper(false)}, 1},
	{"prune_and_filter", []program{taker(format.RecordPrune, "changed.jpg", "old1.jpg"), filterer}, 1},
	{"fail_and_dump", []program{retrier("changed.jpg"), dumper(false)}, 1},
	{"drop_and_filter", []program{taker(format.RecordDrop, "changed.jpg", "old1.jpg", "wal1.jpg"), filterer}, 1},
	{"two_configs", []program{committerUnder(quality90.Config, []string{"a"}, []string{"b"}), committer([]string{"c", "changed.jpg"}, []string{"d"})}, 1},
	{"drop_and_two_configs", []program{taker(format.RecordDrop, "changed.jpg"), committerUnder(quality90.Config, []string{"a"}), committer([]string{"c"})}, 1},
	{"dump_filter_and_commit", []program{dumper(false), filterer, committer([]string{"a", "changed.jpg"})}, 1},
}

// No crash loses a stamp that was acknowledged, or makes one up: not in any
// order of the operations of several processes, and whatever of the unsynced
// operations has reached the disk.
func TestCrashStates(t *testing.T) {
	collectLess(t)
	for _, sc := range crashScenarios {
		t.Run(sc.name, func(t *testing.T) {
			t.Parallel()
			c := &crashChecker{}
			runs := 0
			bound := sc.bound
			if bound > 0 && long.Asked(t, long.All, "one more switch between the processes") {
				bound++
			}
			for _, st := range chosenStarts(t) {
				files, before := st.make(t)
				explore(bound, func(switches []int) int {
					runs++
					s := newSimulation(t, files, before.clone())
					c.watch(s, lastOf(switches), fmt.Sprintf("from %s, switched at %v", st.name, switches))
					steps := s.run(switches, sc.programs...)
					for _, err := range s.errs {
						t.Errorf("from %s, switched at %v: %v", st.name, switches, err)
					}
					return steps
				})
			}
			c.report(t, runs)
		})
	}
}

func (c *crashChecker) report(t *testing.T, runs int) {
	t.Helper()
	t.Logf("%d runs, %d crash states, %d different", runs, c.states, c.checks)
	for i, err := range c.fails {
		if i == 3 {
			t.Errorf("and %d more", len(c.fails)-i)
			break
		}
		t.Error(err)
	}
}

// After a crash, the next commit or dump works without repair, and may crash
// as well.
func TestCrashDuringRecovery(t *testing.T) {
	collectLess(t)
	for _, sc := range crashScenarios[:3] {
		for _, st := range starts {
			t.Run(sc.name+"/"+st.name, func(t *testing.T) {
				t.Parallel()
				files, before := st.make(t)
				first := &crashChecker{found: map[string]crashState{}}
				s := newSimulation(t, files, before)
				first.watch(s, -1, "first")
				s.run(nil, sc.programs...)

				c := &crashChecker{}
				n := 0
				for _, from := range first.found {
					if n++; n > 60 && !long.Asked(t, long.All, "all but 60 crashes to recover from") {
						break
					}
					for _, recovery := range []program{dumper(false), committer([]string{"a", "r"}, []string{"s"})} {
						s := newSimulation(t, from.files, from.ledger.clone())
						c.watch(s, -1, "recovery")
						s.run(nil, recovery)
						for _, err := range s.errs {
							t.Errorf("recovery: %v", err)
						}
					}
				}
				c.report(t, n)
			})
		}
	}
}

// A process that is killed between any two operations leaves everything that
// it appended, and nothing that stands in the way of the next.
func TestKilledProcess(t *testing.T) {
	collectLess(t)
	for _, sc := range crashScenarios[:4] {
		t.Run(sc.name, func(t *testing.T) {
			t.Parallel()
			c := &crashChecker{}
			runs := 0
			for _, st := range chosenStarts(t) {
				files, before := st.make(t)
				for _, next := range []program{dumper(false), committer([]string{"k", "l"}, []string{"m"})} {
					for kill, steps := 1, 2; kill < steps; kill++ {
						s := newSimulation(t, files, before.clone())
						s.kill = kill
						c.watch(s, kill-1, fmt.Sprintf("from %s, killed at step %d", st.name, kill))
						steps = s.run(nil, sc.programs[0], next)
						for _, err := range s.errs {
							t.Errorf("from %s, killed at step %d: %v", st.name, kill, err)
						}
						runs++
					}
				}
			}
			c.report(t, runs)
		})
	}
}

// What another process appends between our sync and our vouching is made durable
// before it is vouched for as well.
func TestVouchingForAnother(t *testing.T) {
	files, l := start{"both", true, true}.make(t)
	disk := newSimDisk(files)
	ours, theirs := &simProc{disk: disk}, &simProc{disk: disk}
	tree, err := OpenTree(simRoot, Options{fsys: ours})
	if err != nil {
		t.Fatal(err)
	}
	other, err := OpenTree(simRoot, Options{Config: quality90.Config, fsys: theirs})
	if err != nil {
		t.Fatal(err)
	}
	if err := appendTo(tree, l.write("a")); err != nil {
		t.Fatal(err)
	}
	synced := false
	ours.fault = func(op, path string) error {
		if op == "lock" && synced {
			synced = false
			if err := appendTo(other, l.write(longBatch("x")...)); err != nil {
				t.Error(err)
			}
		}
		synced = synced || op == "sync"
		disk.crashStates(func(files map[string][]byte) {
			got, _ := viewFiles(files)
			if err := l.check(got, l.acked); err != nil {
				t.Errorf("a crash at %s: %v", op, err)
			}
		})
		return nil
	}
	if err := tree.Sync(); err != nil {
		t.Fatal(err)
	}
	text := string(disk.files()[simNames.WAL])
	if last := text[strings.LastIndex(text, "- open"):]; !strings.Contains(last, "after: {sets: 10, takes: 0}") {
		t.Errorf("in the end: %s", last)
	}
}

// The checks above are worth something only if they find a protocol that is
// broken. Each mutant leaves out or swaps one step of it.
func TestCrashMutants(t *testing.T) {
	collectLess(t)
	tests := []struct {
		name     string
		mutate   func(*simProc) disk.FS
		programs []program
		bound    int
	}{
		{"no_sync_of_the_temporary_file", func(p *simProc) disk.FS { return &mutant{simProc: p, noSync: isSnapshotTemp} },
			[]program{dumper(false)}, 0},
		{"no_sync_of_the_directory_after_the_rename", func(p *simProc) disk.FS { return &mutant{simProc: p, noDirSync: true} },
			[]program{dumper(false)}, 0},
		{"WAL_removed_before_the_rename", func(p *simProc) disk.FS { return &mutant{simProc: p, removeFirst: true} },
			[]program{dumper(false)}, 0},
		{"no_look_at_the_name_after_the_lock", func(p *simProc) disk.FS { return &mutant{simProc: p, noLook: true} },
			[]program{committer([]string{"a"}), dumper(false)}, 2},
		{"no_sync_of_the_WAL", func(p *simProc) disk.FS {
			return &mutant{simProc: p, noSync: func(path string) bool { return path == simNames.WAL }}
		}, []program{committer([]string{"a"})}, 0},
		{"no_sync_of_a_drop", func(p *simProc) disk.FS {
			return &mutant{simProc: p, noSync: func(path string) bool { return path == simNames.WAL }}
		}, []program{taker(format.RecordDrop, "changed.jpg")}, 0},
		{"no_sync_of_the_first_record", func(p *simProc) disk.FS {
			return &mutant{simProc: p, noSync: func(path string) bool { return path == simNames.WAL+disk.TempSuffix }}
		}, []program{committer([]string{"a"})}, 0},
		{"no_sync_of_the_directory_of_a_new_WAL", func(p *simProc) disk.FS { return &mutant{simProc: p, noDirSync: true} },
			[]program{committer([]string{"a"})}, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := &crashChecker{}
			for _, st := range starts {
				files, before := st.make(t)
				explore(test.bound, func(switches []int) int {
					if len(c.fails) > 0 {
						return 0
					}
					s := newSimulation(t, files, before.clone())
					s.mutate = test.mutate
					c.watch(s, lastOf(switches), "from "+st.name)
					return s.run(switches, test.programs...)
				})
			}
			lost := 0
			for _, err := range c.fails {
				if strings.Contains(err.Error(), "lost: ") || strings.Contains(err.Error(), "come back: ") {
					lost++
				}
			}
			t.Logf("%d crash states, %d different, %d losses", c.states, c.checks, lost)
			if lost == 0 {
				t.Error("the checker did not notice")
			}
		})
	}
}

// mutant is a process with a broken file system.
type mutant struct {
	*simProc
	noSync      func(path string) bool
	noDirSync   bool
	removeFirst bool
	noLook      bool
	opened      *simFile // the WAL
}

func (m *mutant) Open(path string, flag int, perm fs.FileMode) (disk.File, error) {
	f, err := m.simProc.Open(path, flag, perm)
	if err != nil {
		return nil, err
	}
	if path == simNames.WAL && flag&os.O_RDWR != 0 {
		m.opened = f.(*simFile)
	}
	return mutantFile{f.(*simFile), m}, nil
}

func (m *mutant) Lstat(path string) (disk.Info, error) {
	info, err := m.simProc.Lstat(path)
	if m.noLook && path == simNames.WAL && m.opened != nil {
		return m.opened.inode.info(), nil
	}
	return info, err
}

func (m *mutant) SyncDir(path string) error {
	if m.noDirSync {
		return nil
	}
	return m.simProc.SyncDir(path)
}

func (m *mutant) Rename(from, to string) error {
	if m.removeFirst {
		if err := m.simProc.Remove(simNames.WAL); err != nil {
			return err
		}
	}
	return m.simProc.Rename(from, to)
}

func (m *mutant) Remove(path string) error {
	if m.removeFirst && path == simNames.WAL {
		return nil
	}
	return m.simProc.Remove(path)
}

type mutantFile struct {
	*simFile
	m *mutant
}

func (f mutantFile) Sync() error {
	if f.m.noSync != nil && f.m.noSync(f.path) {
		return nil
	}
	return f.simFile.Sync()
}

func (f mutantFile) Stat() (disk.Info, error) {
	info, err := f.simFile.Stat()
	if f.m.noLook {
		info.Links = 1
	}
	return info, err
}

// A repair that crashes must not lose the sound part of the snapshot that it
// moves aside.
func TestCrashDuringRepair(t *testing.T) {
	collectLess(t)
	before := newLedger()
	var paths []string
	for i := range 300 {
		paths = append(paths, fmt.Sprintf("dir/file%03d.jpg", i))
	}
	text := makeSnapshot(t, before.write(paths...), format.Config{}).text
	text[2*format.BlockSize] ^= 1
	files := map[string][]byte{simNames.Snapshot: text}
	sound, problems := viewFiles(files)
	if len(problems) == 0 || len(sound) < 100 {
		t.Fatalf("%d sound stamps, %v", len(sound), problems)
	}
	before.append(nil)
	maps.Copy(before.appended, sound)
	before.ack(sound)
	c := &crashChecker{}
	s := newSimulation(t, files, before)
	c.watch(s, -1, "repair")
	s.run(nil, dumper(true))
	for _, err := range s.errs {
		t.Error(err)
	}
	c.report(t, 1)
}
