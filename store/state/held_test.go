package state

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"treefilter/store/internal/disk"
	"treefilter/store/internal/format"
)

// holder holds stamps in memory, and dumps them.
func holder(c format.Config, paths ...string) program {
	return func(s *simulation, fsys disk.FS) error {
		tree, err := OpenTree(simRoot, Options{Config: c, fsys: fsys, LockWait: time.Hour})
		if err != nil {
			return err
		}
		entries := s.ledger.write(paths...)
		if err := tree.Hold(entries); err != nil {
			return err
		}
		if _, err := tree.Dump(DumpOptions{}); err != nil {
			return err
		}
		s.ledger.append(entries)
		s.ledger.ack(times(entries))
		return tree.Close()
	}
}

// A dump of stamps that were held ends between its rename and the removal of a WAL
// with older words on the same files, or the machine does. The WAL must not stand
// for newer than the snapshot: not under the same config, where a stamp would be
// lost, and not under another, where a file that was processed since would be
// skipped.
func TestHeldStampsBesideAnOlderWAL(t *testing.T) {
	collectLess(t)
	for name, config := range map[string]format.Config{"same config": {}, "another config": quality90.Config} {
		t.Run(name, func(t *testing.T) {
			files, before := start{"both", true, true}.make(t)
			hold := holder(config, "wal1.jpg", "sub/wal2.jpg", "changed.jpg", "old1.jpg", "new.jpg")
			c := &crashChecker{}
			agree := func(what string, files map[string][]byte) {
				t.Helper()
				alone := maps.Clone(files)
				delete(alone, simNames.WAL)
				all := c.view(files)
				newest := c.view(alone)
				for p, at := range newest {
					if at.Compare(all[p]) > 0 {
						t.Errorf("%s: %q is stamped %v in the snapshot, and %v beside the WAL", what, p, at, all[p])
					}
				}
			}
			for kill, steps := 1, 2; kill < steps; kill++ {
				s := newSimulation(t, files, before.clone())
				s.kill = kill
				s.observe = func(step int) {
					what := fmt.Sprintf("killed at step %d, step %d", kill, step)
					agree(what, s.disk.files())
					if kill == 1 || step == kill {
						s.disk.crashStates(func(files map[string][]byte) { agree(what+", a crash", files) })
					}
				}
				steps = s.run(nil, hold, dumper(false))
				for _, err := range s.errs {
					t.Errorf("killed at step %d: %v", kill, err)
				}
			}
		})
	}
}

// What others have stamped meanwhile stands, where it is not known what else they said.
func TestHeldStampsAfterAGap(t *testing.T) {
	tree := treeOf(t, Options{}, sealedConfigs(t, format.Config{}, entry("a", 1)), "")
	if err := tree.Watch(); err != nil {
		t.Fatal(err)
	}
	if err := tree.Hold(since(tree.Epoch(), entry("a", 5), entry("b", 5), entry("c", 5))); err != nil {
		t.Fatal(err)
	}
	other := func(c format.Config, entries ...format.Entry) {
		t.Helper()
		o := reopen(t, tree.root, Options{Config: c})
		if err := appendTo(o, entries); err != nil {
			t.Fatal(err)
		}
		if _, err := dumpTree(o); err != nil {
			t.Fatal(err)
		}
		if err := o.Close(); err != nil {
			t.Fatal(err)
		}
	}
	other(format.Config{}, entry("e", 1))
	other(quality90.Config, entry("d", 1)) // this WAL comes and goes unread
	other(format.Config{}, entry("a", 5), entry("b", 6))
	if done, err := tree.Dump(DumpOptions{}); err != nil || len(done.Refused) != 2 {
		t.Errorf("%+v, %v", done, err)
	}
	again := reopen(t, tree.root, Options{})
	for path, want := range map[string]format.Stamp{"a": at(5), "b": at(6)} {
		if s, ok := again.Get(path); !ok || s != want {
			t.Errorf("%s: %v, %v, want %v", path, s, ok, want)
		}
	}
	if got := standings(t, again, "c"); got != "c dropped" {
		t.Error(got)
	}
}
