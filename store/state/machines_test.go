package state

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"treefilter/scripts/long"
	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
	"treefilter/store/internal/segment"
)

// Several machines that have one directory mounted from a server. What each assumes of
// it is what FORMAT.md asks for, and no more:
//
//  1. A machine remembers names and what it has seen of files from when it was started,
//     and goes on believing that: only an open shows what is there.
//  2. It lists a directory as it is once it has changed it itself.
//  3. What it writes others see after its next sync or close. The end of a process is a
//     close; that of the machine takes along what was not synced.
//  4. It appends where it believes the end to be, over what others have written there.
//  5. A lock is always free.
//  6. mkdir, rename, and an open with O_EXCL happen at the server, in one step.
type machine struct {
	*simProc
	remembered map[string]disk.Info
	listed     map[string][]string
	changed    map[string]bool // directories that it has changed since it listed them
	open       []*remoteFile
	goesDown   bool // it ends with its process, and no other knows that
}

func newMachine(p *simProc) *machine {
	m := &machine{simProc: p, remembered: map[string]disk.Info{}, listed: map[string][]string{}, changed: map[string]bool{}}
	p.atEnd = func() {
		for _, f := range m.open {
			if !m.goesDown && !f.closed {
				f.send()
			}
		}
	}
	for name, i := range p.disk.live {
		m.remembered[name] = i.info()
		if !i.mode.IsRegular() {
			m.listed[name] = p.disk.in(name)
		}
	}
	return m
}

// number is which process it is, from 1 on.
func (m *machine) number() int { return 1 + slices.Index(m.sim.procs, m.simProc) }

func (m *machine) Process() disk.Process {
	p := disk.Process{Host: "host", Boot: "boot", PID: m.number()}
	if m.goesDown {
		p.Boot = fmt.Sprint("boot ", p.PID)
	}
	return p
}

func (m *machine) Gone(p disk.Process) bool {
	return p.Boot != "" && m.sim.procs[p.PID-1].done && !m.goesDown
}

// downMachine is one of several whose fate no other one knows.
func downMachine(p *simProc) disk.FS {
	m := newMachine(p)
	m.goesDown = true
	return m
}

func (m *machine) Volume(string) disk.Volume { return disk.Volume{Shared: true} }

// learn takes notice of what is there by now.
func (m *machine) learn(path string) {
	if i := m.disk.live[path]; i != nil {
		m.remembered[path] = i.info()
	} else {
		delete(m.remembered, path)
	}
}

// change notes that it has changed a name.
func (m *machine) change(paths ...string) {
	for _, path := range paths {
		m.learn(path)
		m.learn(filepath.Dir(path))
		m.changed[filepath.Dir(path)] = true
	}
}

func (m *machine) Open(path string, flag int, perm fs.FileMode) (disk.File, error) {
	there := m.disk.live[path] != nil
	f, err := m.simProc.Open(path, flag, perm)
	if flag&os.O_CREATE != 0 && err == nil && !there {
		m.change(path)
	}
	m.learn(path)
	if err != nil {
		return nil, err
	}
	remote := &remoteFile{simFile: f.(*simFile), data: bytes.Clone(f.(*simFile).inode.data)}
	m.open = append(m.open, remote)
	return remote, nil
}

func (m *machine) Lstat(path string) (disk.Info, error) {
	if info, err := m.simProc.Lstat(path); !disk.IsStateName(filepath.Base(path)) {
		return info, err
	}
	info, ok := m.remembered[path]
	if !ok {
		return info, &fs.PathError{Op: "lstat", Path: path, Err: syscall.ENOENT}
	}
	return info, nil
}

func (m *machine) List(path string) ([]string, error) {
	names, err := m.simProc.List(path)
	if old, ok := m.listed[path]; ok && !m.changed[path] {
		return old, nil
	}
	m.learn(path)
	if delete(m.changed, path); err == nil {
		m.listed[path] = names
	}
	return names, err
}

func (m *machine) Mkdir(path string) error {
	err := m.simProc.Mkdir(path)
	if err == nil {
		m.change(path)
	}
	m.learn(path)
	return err
}

func (m *machine) Rename(from, to string) error {
	err := m.simProc.Rename(from, to)
	if err == nil {
		m.change(from, to)
	}
	return err
}

func (m *machine) Remove(path string) error {
	err := m.simProc.Remove(path)
	if err == nil {
		m.change(path)
	}
	return err
}

// remoteFile is a file of the server, as a machine sees it that has opened it.
type remoteFile struct {
	*simFile
	data    []byte   // as this machine sees it
	pending [][]byte // written, and not sent
	at      int64
	sent    int64 // where the next of these goes; 0 where nothing was written yet
}

func (f *remoteFile) Write(b []byte) (int, error) {
	if err := f.proc.step("write", f.path, nil); err != nil {
		return 0, err
	}
	if len(f.pending) == 0 {
		f.sent = int64(len(f.data))
	}
	f.pending = append(f.pending, bytes.Clone(b))
	f.data = append(f.data, b...)
	return len(b), nil
}

// send brings what was written to the server.
func (f *remoteFile) send() {
	for _, b := range f.pending {
		i := f.inode
		data := slices.Clip(i.data)
		if at := int64(len(data)); at > f.sent {
			data = bytes.Clone(data)
			copy(data[f.sent:], b)
			data = append(data[:min(at, f.sent+int64(len(b)))], b[min(int64(len(b)), max(0, at-f.sent)):]...)
			if at > f.sent+int64(len(b)) {
				data = append(data, i.data[f.sent+int64(len(b)):]...)
			}
		} else {
			data = append(data, b...)
		}
		i.data = data
		f.changed(dataOp{f.sent, b})
		f.sent += int64(len(b))
	}
	f.pending = nil
}

func (f *remoteFile) Truncate(size int64) error {
	if err := f.simFile.Truncate(size); err != nil {
		return err
	}
	f.data = f.data[:size]
	return nil
}

func (f *remoteFile) Sync() error {
	f.send()
	return f.simFile.Sync()
}

func (f *remoteFile) Close() error {
	if !f.closed {
		f.send()
	}
	return f.simFile.Close()
}

func (f *remoteFile) Stat() (disk.Info, error) {
	info, err := f.simFile.Stat()
	info.Size = int64(len(f.data))
	return info, err
}

func (f *remoteFile) Seek(offset int64, whence int) (int64, error) {
	at, err := f.simFile.Seek(offset, whence)
	f.at = at
	return at, err
}

func (f *remoteFile) Read(b []byte) (int, error) {
	n, err := f.ReadAt(b, f.at)
	f.at += int64(n)
	if n > 0 {
		err = nil
	}
	return n, err
}

func (f *remoteFile) ReadAt(b []byte, at int64) (int, error) {
	if err := f.proc.step("read", f.path, nil); err != nil {
		return 0, err
	}
	return bytes.NewReader(f.data).ReadAt(b, at)
}

func (f *remoteFile) TryLock() (bool, error) { return true, f.proc.step("lock", f.path, nil) }
func (f *remoteFile) Unlock() error          { return f.proc.step("unlock", f.path, nil) }

// The programs of the machines.

// remoteTree is a tree on the server.
func remoteTree(fsys disk.FS) (*Tree, error) {
	return OpenTree(simRoot, Options{fsys: fsys, AnyConfig: true, LockWait: time.Hour})
}

// remoteCommitter is committer, but that others see stamps once they are synced.
func remoteCommitter(batches ...[]string) program {
	return func(s *simulation, fsys disk.FS) error {
		tree, err := remoteTree(fsys)
		if err == nil {
			err = tree.Watch()
		}
		if err != nil {
			return err
		}
		for _, paths := range batches {
			entries := s.ledger.write(paths...)
			if err := appendTo(tree, entries); err != nil {
				return err
			}
			if err := tree.Sync(); err != nil {
				return err
			}
			s.ledger.append(entries)
			s.ledger.ack(times(entries))
		}
		return tree.Close()
	}
}

// remoteRetrier works on a file that fails, succeeds and fails again, in a run each.
func remoteRetrier(path string) program {
	return func(s *simulation, fsys disk.FS) error {
		fail := func() error {
			s.ledger.retract(path)
			tree, err := remoteTree(fsys)
			if err == nil {
				_, err = tree.Drop([]string{path}, func(string) bool { return true })
			}
			if err == nil {
				err = tree.Sync()
			}
			if err != nil {
				return err
			}
			s.ledger.take(path)
			s.ledger.takeForGood(map[string]format.Time{path: s.ledger.taken[path]})
			return tree.Close()
		}
		if err := fail(); err != nil {
			return err
		}
		if err := remoteCommitter([]string{path})(s, fsys); err != nil {
			return err
		}
		return fail()
	}
}

// remoteDumper dumps, unless another does.
func remoteDumper(repair bool) program {
	return func(s *simulation, fsys disk.FS) error {
		tree, err := remoteTree(fsys)
		if err != nil {
			return err
		}
		_, err = tree.Dump(DumpOptions{Repair: repair})
		if dumping := (*segment.DumpingError)(nil); err != nil && !errors.As(err, &dumping) {
			return err
		}
		return tree.Close()
	}
}

// remoteReader must see what was synced when it began.
func remoteReader(s *simulation, fsys disk.FS) error {
	// It opens the directory of segments anew.
	if m, ok := fsys.(interface{ forget() }); ok {
		m.forget()
	}
	return filterer(s, fsys)
}

func (m *machine) forget() { clear(m.listed) }

// remoteStart is a tree with segments, and with a WAL from when it was a local one.
func remoteStart(t *testing.T, withSegments bool) (map[string][]byte, *ledger) {
	t.Helper()
	files, l := start{"both", true, true}.make(t)
	if !withSegments {
		return files, l
	}
	s := newSimulation(t, files, l)
	s.mutate = func(p *simProc) disk.FS { return newMachine(p) }
	s.run(nil, remoteCommitter([]string{"seg1.jpg", "old2.jpg"}, []string{"seg2.jpg"}))
	for _, err := range s.errs {
		t.Fatal(err)
	}
	return s.disk.files(), l
}

type remoteScenario struct {
	name     string
	programs []program
	several  bool // machines at once
}

var remoteScenarios = []remoteScenario{
	{"commit", []program{remoteCommitter([]string{"a", "changed.jpg"}, []string{"b"})}, false},
	{"dump", []program{remoteDumper(false)}, false},
	{"fail_succeed_fail", []program{remoteRetrier("changed.jpg")}, false},
	{"two_commits", []program{remoteCommitter([]string{"a"}, []string{"b"}), remoteCommitter([]string{"c", "changed.jpg"})}, true},
	{"commit_and_dump", []program{remoteCommitter([]string{"a", "changed.jpg"}, []string{"b"}), remoteDumper(false)}, true},
	{"dump_and_commit", []program{remoteDumper(false), remoteCommitter([]string{"a", "changed.jpg"}, []string{"b"})}, true},
	{"fail_and_dump", []program{remoteRetrier("changed.jpg"), remoteDumper(false)}, true},
	{"dump_and_fail", []program{remoteDumper(false), remoteRetrier("old2.jpg")}, true},
	{"two_dumps", []program{remoteDumper(false), remoteDumper(false)}, true},
	{"dump_and_filter", []program{remoteDumper(false), remoteReader}, true},
	{"two_commits_dump_and_filter", []program{remoteReader, remoteCommitter([]string{"a"}, []string{"b"}),
		remoteRetrier("changed.jpg"), remoteDumper(false)}, true},
}

// No interleaving of machines that do not see each other's locks, and remember what has
// changed, loses a stamp that was acknowledged, brings back one that was taken away, or
// makes one up; nor does a crash of the server in between.
func TestMachines(t *testing.T) {
	collectLess(t)
	for _, sc := range remoteScenarios {
		t.Run(sc.name, func(t *testing.T) {
			t.Parallel()
			c := &crashChecker{}
			runs := 0
			bound := 0
			switch {
			case !sc.several:
			case long.Asked(t, long.All, "two switches between machines"):
				bound = 2
			case long.Asked(t, long.Check, "a switch between machines"):
				bound = 1
			}
			for _, withSegments := range []bool{false, true} {
				files, before := remoteStart(t, withSegments)
				explore(bound, func(switches []int) int {
					runs++
					s := newSimulation(t, files, before.clone())
					s.mutate = func(p *simProc) disk.FS { return newMachine(p) }
					c.watch(s, lastOf(switches), fmt.Sprintf("segments %v, switched at %v", withSegments, switches))
					steps := s.run(switches, sc.programs...)
					for _, err := range s.errs {
						t.Errorf("segments %v, switched at %v: %v", withSegments, switches, err)
					}
					return steps
				})
			}
			c.report(t, runs)
		})
	}
}

// A process that is killed at any operation, or whose machine goes down, leaves what it
// has acknowledged. A dump on the same machine folds its segment, another one only as a
// repair; but not where it was killed in a dump, whose directory keeps all others out.
func TestKilledMachine(t *testing.T) {
	collectLess(t)
	for name, mutate := range map[string]func(*simProc) disk.FS{
		"process": func(p *simProc) disk.FS { return newMachine(p) }, "machine": downMachine,
	} {
		for _, sc := range remoteScenarios[:3] {
			t.Run(name+"/"+sc.name, func(t *testing.T) {
				t.Parallel()
				c := &crashChecker{}
				runs := 0
				files, before := remoteStart(t, true)
				stride := 23
				switch {
				case long.Asked(t, long.All, "3 of 4 steps to be killed at"):
					stride = 1
				case long.Asked(t, long.Check, "5 of 23 steps to be killed at"):
					stride = 4
				}
				for kill, steps := 1, 2; kill < steps; kill += stride {
					s := newSimulation(t, files, before.clone())
					s.mutate, s.kill = mutate, kill
					c.watch(s, kill-1, fmt.Sprintf("killed at step %d", kill))
					steps = s.run(nil, sc.programs[0], remoteCommitter([]string{"k", "again.jpg"}), remoteDumper(name == "machine"))
					for _, err := range s.errs {
						t.Errorf("killed at step %d: %v", kill, err)
					}
					left := slices.Sorted(maps.Keys(s.disk.files()))
					if len(left) > 1 && s.disk.live[simNames.DumpDir()] == nil {
						t.Errorf("killed at step %d: left: %q", kill, left)
					}
					runs++
				}
				c.report(t, runs)
			})
		}
	}
}
