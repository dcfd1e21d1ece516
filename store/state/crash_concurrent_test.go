package state

import (
	"errors"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"treefilter/scripts/long"
	"treefilter/store/internal/format"
	"treefilter/store/internal/wal"
)

// Eight commits, two dumpers and two readers at once in one tree of the real
// file system. A lock belongs to an open file, so trees in one process keep
// each other out as processes do. Whatever was appended before a reader began
// must be in what it sees; at the end, every stamp is there.
func TestManyAtOnce(t *testing.T) {
	const appenders, batch = 8, 50
	records := 20_000
	if long.Asked(t, long.All, "1,000,000 records instead of 20,000") {
		records = 1_000_000
	}
	dir := t.TempDir()
	open := func() *Tree {
		tree, err := OpenTree(dir, Options{LockWait: 5 * time.Minute})
		if err != nil {
			t.Error(err)
		}
		return tree
	}
	name := func(who, i int) string { return fmt.Sprintf("dir%d/who%d-%d.jpg", i/100, who, i) }
	stamp := func(who, i int) format.Time { return format.Time{Sec: int64(1_000_000*who + i), Nsec: int32(i)} }

	// done[who] is how many records of an appender are in the WAL.
	var done [appenders]atomic.Int64
	var dumps, reads atomic.Int64
	var writers, others sync.WaitGroup
	stop := make(chan struct{})
	for who := range appenders {
		writers.Go(func() {
			var tree *Tree
			for i := 0; i < records/appenders; i += batch {
				// A commit seldom lives long.
				if tree == nil || i/batch%20 == 0 {
					if tree != nil && tree.Close() != nil {
						t.Error("close")
					}
					tree = open()
				}
				var entries []format.Entry
				for k := i; k < min(i+batch, records/appenders); k++ {
					entries = append(entries, format.Entry{Path: name(who, k), Stamp: format.Stamp{Time: stamp(who, k)}})
				}
				if err := appendTo(tree, entries); err != nil {
					t.Error(err)
					return
				}
				done[who].Store(int64(i + len(entries)))
			}
			if err := tree.Sync(); err != nil {
				t.Error(err)
			}
			tree.Close()
		})
	}
	untilStopped := func(do func()) {
		others.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					do()
				}
			}
		})
	}
	for range 2 {
		untilStopped(func() {
			tree := open()
			defer tree.Close()
			if _, err := dumpTree(tree); err != nil {
				t.Errorf("dump: %v", err)
			}
			dumps.Add(1)
		})
		untilStopped(func() {
			var must [appenders]int64
			for who := range must {
				must[who] = done[who].Load()
			}
			tree := open()
			defer tree.Close()
			reader := tree.Reader()
			// All of a small tree, every so many of a large one.
			step := int64(1 + records/50_000)
			for who := range must {
				for i := must[who] - 1; i >= 0; i -= step {
					dirOf, base := format.SplitPath(name(who, int(i)))
					reader.Enter(dirOf)
					if got, ok := reader.Find(base); !ok || got.Time != stamp(who, int(i)) {
						t.Errorf("a reader sees %v %v for %s", got, ok, name(who, int(i)))
						return
					}
				}
			}
			if problems := tree.Problems(); len(problems) > 0 {
				t.Errorf("a reader: %v", problems)
			}
			reads.Add(1)
		})
	}
	writers.Wait()
	close(stop)
	others.Wait()

	want := map[string]format.Time{}
	for who := range appenders {
		for i := range records / appenders {
			want[name(who, i)] = stamp(who, i)
		}
	}
	for _, last := range []bool{false, true} {
		tree := open()
		if last {
			if n, err := dumpTree(tree); n != int64(len(want)) || err != nil {
				t.Errorf("last dump: %d stamps of %d, %v", n, len(want), err)
			}
			tree.Close()
			tree = open()
		}
		if got := allTimes(tree); !maps.Equal(got, want) {
			t.Errorf("%d stamps of %d", len(got), len(want))
		}
		tree.Close()
	}
	t.Logf("%d records, %d dumps, %d reads", records, dumps.Load(), reads.Load())
}

// Waiting for another's lock ends, with an error that says why.
func TestLockWaitIsBounded(t *testing.T) {
	dir := t.TempDir()
	holder, err := OpenTree(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Close()
	if _, err := holder.app.Lock(); err != nil {
		t.Fatal(err)
	}
	waiter, err := OpenTree(dir, Options{LockWait: 30 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer waiter.Close()
	entry := []format.Entry{{Path: "x", Stamp: format.Stamp{Time: format.Time{Sec: 1}}}}
	comesBackSoon := time.Now().Add(20 * time.Second)
	for name, write := range map[string]func() error{
		"append":  func() error { return appendTo(waiter, entry) },
		"dump":    func() error { _, err := dumpTree(waiter); return err },
		"discard": func() error { _, err := waiter.Discard(); return err },
	} {
		if err := write(); !errors.Is(err, wal.ErrLocked) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if time.Now().After(comesBackSoon) {
		t.Error("waited too long")
	}
	if err := holder.app.Unlock(); err != nil {
		t.Fatal(err)
	}
	if err := appendTo(waiter, entry); err != nil {
		t.Error(err)
	}
}
