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
	"strings"
	"syscall"
	"testing"
	"time"

	"treefilter/scripts/long"
	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
	"treefilter/store/internal/wal"
)

// faults are what the kernel may answer. EINTR reaches us from close only, as
// the os package and our own calls try everything else again; it is injected
// everywhere nevertheless.
var faults = []error{
	syscall.EIO, syscall.ENOSPC, syscall.EDQUOT, syscall.EINTR, syscall.ESTALE, syscall.EROFS,
	shortWrite{syscall.ENOSPC}, shortWrite{syscall.EIO},
}

// chosenFaults leaves out, in shorter forms, those that are handled alike.
func chosenFaults(t *testing.T) []error {
	if long.Asked(t, long.All, "all faults but EIO and a short write") {
		return faults
	}
	return []error{syscall.EIO, shortWrite{syscall.ENOSPC}}
}

// faultCommand is something that meets a fault.
type faultCommand struct {
	name string
	// run returns the error that the user sees.
	run func(t *testing.T, root string, fsys disk.FS, l *ledger) error
}

var faultCommands = []faultCommand{
	{"append_and_sync", func(t *testing.T, root string, fsys disk.FS, l *ledger) error {
		return withTree(t, root, fsys, func(tree *Tree) error { return appendTwice(tree, l) })
	}},
	{"append_dump_append", func(t *testing.T, root string, fsys disk.FS, l *ledger) error {
		return withTree(t, root, fsys, func(tree *Tree) error {
			if err := appendTwice(tree, l); err != nil {
				return err
			}
			if _, err := dumpTree(tree); err != nil {
				return err
			}
			return appendTwice(tree, l)
		})
	}},
	{"dump", func(t *testing.T, root string, fsys disk.FS, l *ledger) error {
		return withTree(t, root, fsys, func(tree *Tree) error {
			_, err := dumpTree(tree)
			return err
		})
	}},
	{"hold_and_dump", func(t *testing.T, root string, fsys disk.FS, l *ledger) error {
		return withTree(t, root, fsys, func(tree *Tree) error {
			held := l.write("held.jpg", "changed.jpg")
			if err := tree.Hold(held); err != nil {
				return err
			}
			if _, err := dumpTree(tree); err != nil {
				return err
			}
			l.ack(times(held))
			return nil
		})
	}},
	{"set", func(t *testing.T, root string, fsys disk.FS, l *ledger) error {
		return withTree(t, root, fsys, func(tree *Tree) error {
			l.set("real.jpg", realTime)
			if err := tree.Set("real.jpg"); err != nil {
				return err
			}
			if err := tree.Sync(); err != nil {
				return err
			}
			l.append([]format.Entry{{Path: "real.jpg", Stamp: format.Stamp{Time: realTime}}})
			l.ack(map[string]format.Time{"real.jpg": realTime})
			return nil
		})
	}},
	{"now", func(t *testing.T, root string, fsys disk.FS, l *ledger) error {
		return withTree(t, root, fsys, func(tree *Tree) error {
			now, err := tree.Now()
			if err == nil && now.Sec < time.Now().Unix()-60 {
				t.Errorf("now is %v", now)
			}
			return err
		})
	}},
	{"load", func(t *testing.T, root string, fsys disk.FS, l *ledger) error {
		tree, err := OpenTree(root, Options{fsys: fsys})
		if err != nil {
			t.Fatal(err)
		}
		got := allTimes(tree)
		err = errors.Join(tree.Problems()...)
		must := l.acked
		if err != nil {
			must = nil // what is said to be missing may be missing
		}
		if err := l.check(got, must); err != nil {
			t.Errorf("load: %v", err)
		}
		return errors.Join(err, tree.Close())
	}},
}

var realTime = format.Time{Sec: 1_234_567_891}

func withTree(t *testing.T, root string, fsys disk.FS, use func(*Tree) error) error {
	tree, err := OpenTree(root, Options{fsys: fsys, LockWait: time.Nanosecond})
	if err != nil {
		t.Fatal(err)
	}
	err = use(tree)
	return errors.Join(err, tree.Close())
}

// appendTwice appends two batches and syncs whatever came of them, as commit
// does: what Sync then answers is a promise for all that Append took.
func appendTwice(tree *Tree, l *ledger) error {
	var errs []error
	took := map[string]format.Time{}
	for _, paths := range [][]string{{"new1.jpg", "changed.jpg"}, longBatch("more")} {
		entries := l.write(paths...)
		err := appendTo(tree, entries)
		if errs = append(errs, err); err == nil {
			l.append(entries)
			maps.Copy(took, times(entries))
		}
	}
	err := tree.Sync()
	if err == nil || tree.app.Failed == nil { // perhaps they are only not vouched for
		l.ack(took)
	} else if tree.Sync() == nil || appendTo(tree, l.write("after.jpg")) == nil {
		err = errors.Join(err, errNotFinal)
	}
	return errors.Join(append(errs, err)...)
}

var errNotFinal = errors.New("a failed sync was not final")

func times(entries []format.Entry) map[string]format.Time {
	m := map[string]format.Time{}
	for _, e := range entries {
		m[e.Path] = e.Time
	}
	return m
}

// set is a write with a time that the ledger does not choose.
func (l *ledger) set(path string, t format.Time) {
	l.first[path] = format.Time{Sec: t.Sec - 1}
	l.written[path] = t
}

// moveTo puts the files of a simulated root under another.
func moveTo(files map[string][]byte, root string) map[string][]byte {
	moved := map[string][]byte{}
	for path, content := range files {
		moved[filepath.Join(root, filepath.Base(path))] = content
	}
	return moved
}

// Whatever operation fails, once or from then on: the user sees an error, nothing
// acknowledged is lost, also not when the machine stops right after, and once
// the fault is gone work goes on without repair.
func TestFaultAtEveryOperation(t *testing.T) {
	collectLess(t)
	// Set asks the real file system for the file's mtime.
	root := t.TempDir()
	real := filepath.Join(root, "real.jpg")
	if err := os.WriteFile(real, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(real, time.Time{}, time.Unix(realTime.Sec, 0)); err != nil {
		t.Fatal(err)
	}
	for _, cmd := range faultCommands {
		t.Run(cmd.name, func(t *testing.T) {
			t.Parallel()
			runs := 0
			for _, st := range chosenStarts(t) {
				files, before := st.make(t)
				files = moveTo(files, root)
				for _, fault := range chosenFaults(t) {
					for _, forever := range []bool{false, true} {
						for k, more := 1, true; more; k++ {
							f := faultRun{t: t, root: root, cmd: cmd, k: k, fault: fault, forever: forever}
							f.what = fmt.Sprintf("from %s, %v (%T) at operation %d, for ever %v", st.name, fault, fault, k, forever)
							more = f.run(files, before.clone())
							runs++
						}
					}
				}
			}
			t.Logf("%d runs", runs)
		})
	}
}

type faultRun struct {
	t       *testing.T
	root    string
	cmd     faultCommand
	k       int
	fault   error
	forever bool
	what    string
}

// run reports whether there was a k-th operation.
func (f *faultRun) run(files map[string][]byte, l *ledger) bool {
	proc := &simProc{disk: newSimDisk(files)}
	n, hit := 0, ""
	removeFails := false
	proc.fault = func(op, path string) error {
		n++
		if n < f.k || n > f.k && !f.forever {
			return nil
		}
		if errors.As(f.fault, &shortWrite{}) && op != "write" && op != "vouch" {
			return nil
		}
		if hit == "" {
			hit = op + " " + strings.TrimPrefix(filepath.Base(path), "."+disk.DefaultProgram+"_treestamps.")
		}
		removeFails = removeFails || op == "remove"
		return f.fault
	}
	acked := maps.Clone(l.acked)
	err := f.cmd.run(f.t, f.root, proc, l)
	if hit == "" {
		if err != nil && n < f.k {
			f.t.Errorf("%s: without a fault: %v", f.what, err)
		}
		return n >= f.k
	}
	f.what += " (" + hit + ")"
	if errors.Is(err, errNotFinal) {
		f.t.Errorf("%s: %v", f.what, err)
	}
	// Records are safe without what vouches for them.
	op, _, _ := strings.Cut(hit, " ")
	if err == nil && slices.Contains([]string{"write", "sync", "syncdir", "rename", "truncate", "like", "touch"}, op) {
		f.t.Errorf("%s: no error", f.what)
	}
	if err != nil && !errors.Is(err, f.fault) && !errors.Is(err, errors.Unwrap(f.fault)) {
		f.t.Errorf("%s: another error: %v", f.what, err)
	}
	if f.cmd.name == "load" && n > 0 && !maps.EqualFunc(proc.disk.files(), files, bytes.Equal) {
		f.t.Errorf("%s: reading changed something", f.what)
	}
	for name, i := range proc.disk.live {
		// Another process may be about to make its WAL of an empty one.
		if isTemp(name) && !removeFails && (!strings.Contains(name, disk.WalSuffix) || len(i.data) > 0) {
			f.t.Errorf("%s: left %s", f.what, name)
		}
	}
	if len(proc.files) > 0 && op != "close" {
		f.t.Errorf("%s: %d files are still open", f.what, len(proc.files))
	}
	proc.kill()
	f.check("lost to the machine's end", l, acked, proc.disk)
	f.goOn(proc.disk, l)
	return true
}

// check looks at all crash states, and at what other processes see.
func (f *faultRun) check(what string, l *ledger, acked map[string]format.Time, d *simDisk) {
	look := func(files map[string][]byte, must map[string]format.Time) {
		tree, err := OpenTree(f.root, Options{fsys: &simProc{disk: newSimDisk(files)}})
		if err != nil {
			f.t.Fatal(err)
		}
		defer tree.Close()
		if err := l.check(allTimes(tree), must); err != nil {
			f.t.Errorf("%s: %s: %v", f.what, what, err)
		}
	}
	look(d.files(), l.appended)
	d.crashStates(func(files map[string][]byte) { look(files, l.acked) })
}

// goOn works on without a fault.
func (f *faultRun) goOn(d *simDisk, l *ledger) {
	proc := &simProc{disk: d}
	for _, cmd := range []int{0, 2, 0} {
		if err := faultCommands[cmd].run(f.t, f.root, proc, l); err != nil {
			f.t.Errorf("%s: afterwards: %s: %v", f.what, faultCommands[cmd].name, err)
		}
	}
	for name := range d.live {
		if isTemp(name) {
			f.t.Errorf("%s: afterwards: left %s", f.what, name)
		}
	}
	tree, err := OpenTree(f.root, Options{fsys: proc})
	if err != nil {
		f.t.Fatal(err)
	}
	defer tree.Close()
	if err := l.check(allTimes(tree), l.appended); err != nil {
		f.t.Errorf("%s: afterwards: %v", f.what, err)
	}
}

// A write or a dump that fails leaves both files as they were, to the byte.
func TestFailedWriteChangesNothing(t *testing.T) {
	for _, st := range starts {
		files, before := st.make(t)
		for _, fault := range faults {
			for _, dump := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%v/%T/dump=%v", st.name, fault, fault, dump), func(t *testing.T) {
					proc := &simProc{disk: newSimDisk(files)}
					proc.fault = func(op, path string) error {
						if op == "write" || !dump && op == "sync" || op == "rename" {
							return fault
						}
						return nil
					}
					l := before.clone()
					err := withTree(t, simRoot, proc, func(tree *Tree) error {
						if dump {
							if err := tree.Hold(l.write("held.jpg")); err != nil {
								return err
							}
							_, err := dumpTree(tree)
							return err
						}
						return appendTo(tree, l.write("new1.jpg", "new2.jpg"))
					})
					if !errors.Is(err, fault) {
						t.Errorf("error %v", err)
					}
					if got := proc.disk.files(); !maps.EqualFunc(got, files, bytes.Equal) {
						t.Errorf("before %q\nafter %q", files, got)
					}
				})
			}
		}
	}
}

// A WAL whose lock cannot be had does not make Sync forget what was appended
// before.
func TestSyncAfterLostLock(t *testing.T) {
	disk := newSimDisk(nil)
	proc := &simProc{disk: disk}
	l := newLedger()
	tree, err := OpenTree(simRoot, Options{fsys: proc, LockWait: time.Nanosecond})
	if err != nil {
		t.Fatal(err)
	}
	first := l.write("a")
	if err := appendTo(tree, first); err != nil {
		t.Fatal(err)
	}
	other := &simProc{disk: disk}
	f, err := other.Open(simNames.WAL, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := f.TryLock(); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if err := appendTo(tree, l.write("b")); !errors.Is(err, wal.ErrLocked) {
		t.Errorf("append under another's lock: %v", err)
	}
	if err := tree.Sync(); err != nil {
		t.Fatal(err)
	}
	l.ack(times(first))
	disk.crashStates(func(files map[string][]byte) {
		got, _ := viewFiles(files)
		if err := l.check(got, l.acked); err != nil {
			t.Error(err)
		}
	})
	other.kill()
	if err := appendTo(tree, l.write("c")); err != nil {
		t.Error(err)
	}
}

// A directory that cannot be written to is a plain error for writers, and none
// for readers.
func TestReadOnlyDirectory(t *testing.T) {
	for _, st := range starts {
		files, before := st.make(t)
		t.Run(st.name, func(t *testing.T) {
			proc := &readOnlyProc{simProc{disk: newSimDisk(files)}}
			tree, err := OpenTree(simRoot, Options{fsys: proc})
			if err != nil {
				t.Fatal(err)
			}
			defer tree.Close()
			if err := before.check(allTimes(tree), before.acked); err != nil {
				t.Error(err)
			}
			if problems := tree.Problems(); len(problems) > 0 {
				t.Errorf("problems: %v", problems)
			}
			for name, write := range map[string]func() error{
				"append": func() error { return appendTo(tree, newLedger().write("x")) },
				"dump":   func() error { _, err := dumpTree(tree); return err },
				"now":    func() error { _, err := tree.Now(); return err },
			} {
				if err := write(); !errors.Is(err, syscall.EROFS) {
					t.Errorf("%s: %v", name, err)
				}
			}
			if !maps.EqualFunc(proc.disk.files(), files, bytes.Equal) {
				t.Error("something has changed")
			}
		})
	}
}

type readOnlyProc struct{ simProc }

func (p *readOnlyProc) Open(path string, flag int, perm fs.FileMode) (disk.File, error) {
	if flag&(os.O_WRONLY|os.O_RDWR) != 0 {
		return nil, &fs.PathError{Op: "open", Path: path, Err: syscall.EROFS}
	}
	return p.simProc.Open(path, flag, perm)
}

// A stamp whose write failed does not stand: exec, which asks before each command,
// would pass its file over.
func TestFailedAppendDoesNotStand(t *testing.T) {
	proc := &simProc{disk: newSimDisk(nil)}
	tree, err := OpenTree(simRoot, Options{fsys: proc})
	if err != nil {
		t.Fatal(err)
	}
	if err := appendTo(tree, []format.Entry{{Path: "before"}}); err != nil {
		t.Fatal(err)
	}
	standing := func() Standing {
		t.Helper()
		s, _, _, err := tree.Standing("a")
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	if got := standing(); got != Unknown {
		t.Errorf("before: %v", got)
	}
	proc.fault = func(op, path string) error {
		if op == "write" {
			return syscall.ENOSPC
		}
		return nil
	}
	if err := appendTo(tree, []format.Entry{{Path: "a"}}); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("error %v", err)
	}
	proc.fault = nil
	if got := standing(); got != Unknown {
		t.Errorf("after a failed write: %v", got)
	}
}
