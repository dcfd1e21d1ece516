package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
)

// measureSync measures what it costs that the work is on the disk before its
// stamps are, on a disk that has nothing else to do.
func (b *bench) measureSync(t tree) error {
	return b.measureSyncs("sync", t, syncAll)
}

// measureSyncBusy does so while others write to the disk.
func (b *bench) measureSyncBusy(t tree) (err error) {
	w := b.startWriters(2)
	defer func() { err = errors.Join(err, w.stop()) }()
	return b.measureSyncs("sync-busy", t, func() error { return nil })
}

func (b *bench) measureSyncs(row string, t tree, ready func() error) error {
	s := b.own(t, scratch)
	syncs := command{name: "sync -f", args: []string{"sync", "-f", t.root}}
	commit, run := s.commit(t.list()), s.command("exec", "--dump", "never", "-j2", t.root, "--", "true")
	commit.name, run.name = "commit of 1,000", "exec -j2 of 1,000 true"
	var cs []contender
	for _, c := range []command{syncs, commit, run, withNoSync(commit), withNoSync(run)} {
		cs = append(cs, contender{command: c, before: func() error { return errors.Join(forget(t, scratch), ready()) }})
	}
	return errors.Join(b.measure(row, t, cs), forget(t, scratch))
}

func withNoSync(c command) command {
	c.name += ", --no-sync"
	c.args = slices.Insert(slices.Clone(c.args), 2, "--no-sync")
	return c
}

// writers keep the disk busy: each writes burst bytes and syncs them, again and
// again. Without the sync they would only fill memory, as fast as they can.
type writers struct {
	stopped atomic.Bool
	running sync.WaitGroup
	files   []string
	errs    []error
}

const burst = 64 << 20

func (b *bench) startWriters(n int) *writers {
	w := &writers{errs: make([]error, n)}
	for i := range n {
		file := filepath.Join(b.Work, "busy"+strconv.Itoa(i))
		w.files = append(w.files, file)
		w.running.Go(func() { w.errs[i] = w.write(file) })
	}
	return w
}

func (w *writers) write(file string) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	block := make([]byte, 1<<20)
	for !w.stopped.Load() {
		for at := int64(0); at < burst && !w.stopped.Load(); at += int64(len(block)) {
			if _, err := f.WriteAt(block, at); err != nil {
				return err
			}
		}
		if err := f.Sync(); err != nil {
			return err
		}
	}
	return nil
}

func (w *writers) stop() error {
	w.stopped.Store(true)
	w.running.Wait()
	err := errors.Join(w.errs...)
	for _, file := range w.files {
		err = errors.Join(err, os.Remove(file))
	}
	return err
}
